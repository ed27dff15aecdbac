"""Under which addresses a studio without a password answers."""

import pytest

from lorakit.ui.door.hosts import is_own

LOOPBACK, LAN, CONTAINER = ("127.0.0.1", 7860), ("192.168.1.5", 7860), ("172.17.0.2", 7860)


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:7860", "127.0.0.1:7860", "127.8.9.1", "[::1]:7860", "[::1]",
     "[::ffff:127.0.0.1]:80", "studio.localhost:7860"],
)  # fmt: skip
def test_local_hosts_are_the_studios_own(host):
    assert is_own(host.lower(), {"server": LOOPBACK})


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:7860", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1@x",
     "2130706433", "0x7f.1", "192.168.1.5", "203.0.113.9:7860", "", "[::1", "localhost:7860@evil.example"],
)  # fmt: skip
def test_any_other_host_is_not(host):
    assert not is_own(host, {"server": LOOPBACK})


def test_a_studio_on_the_network_answers_at_its_numbers(monkeypatch):
    assert is_own("192.168.1.5:7860", {"server": LAN})
    assert is_own("192.168.1.20:7860", {"server": CONTAINER}), "of the machine around a container"
    monkeypatch.setenv("LORAKIT_HOST", "studio-pc")
    assert is_own("studio-pc:7860", {"server": LAN})
    assert not is_own("203.0.113.9:7860", {"server": LAN})
    assert not is_own("studio.example.com:7860", {"server": LAN})


def test_configured_hosts_and_a_spaces_own(monkeypatch):
    monkeypatch.setenv("LORAKIT_HOSTS", "studio.example.com, https://other.example/,third.example:8443")
    monkeypatch.setenv("SPACE_HOST", "owner-studio.hf.space,brand.example")
    for host in ("studio.example.com", "studio.example.com:7860", "other.example", "third.example:8443",
                 "owner-studio.hf.space", "brand.example"):  # fmt: skip
        assert is_own(host, {"server": LOOPBACK}), host
    for host in ("third.example", "evil-studio.hf.space", "x.studio.example.com"):
        assert not is_own(host, {"server": LOOPBACK}), host


@pytest.mark.battery(94, "foreign Host and Origin on a studio without a password")
def test_a_name_that_was_pointed_at_the_studio_gets_nothing(unguarded, record_property):
    foreign = {"Host": "evil.example:7860", "Origin": "http://evil.example:7860"}
    for method, path in (("GET", "/"), ("GET", "/config"), ("POST", "/gradio_api/queue/join"), ("GET", "/x")):
        for headers in (foreign, {"Host": "evil.example"}, {"X_Forwarded_Host": "evil.example"}):
            answer = unguarded(method, path, b"{}" if method == "POST" else None, **headers)
            assert answer.status == 403 and "LORAKIT_HOSTS=evil.example" in answer.text
    record_property("told", answer.text)
    odd = unguarded("GET", "/", Host="<script>.example")
    assert odd.status == 403 and "<" not in odd.text and "LORAKIT_HOSTS" in odd.text


def test_its_own_names_are_served(unguarded, monkeypatch):
    port = unguarded.address.rsplit(":")[-1]
    for host in ("localhost", "127.0.0.1", "[::1]"):
        own = f"{host}:{port}"
        assert unguarded("GET", "/config", Host=own, Origin=f"http://{own}").status == 200
    assert unguarded("GET", "/health").text == "ok"
    monkeypatch.setenv("LORAKIT_HOSTS", "studio.example.com")
    named = {"Host": "studio.example.com", "Origin": "https://studio.example.com"}
    assert unguarded("GET", "/config", **named).status == 200
