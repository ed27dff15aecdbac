"""Another site's page cannot send anything in a visitor's name."""

import asyncio

import pytest

from lorakit.ui.door.origins import REFUSED, OwnPageOnly


def asked(kind="http", **headers):
    """What the app and the network see of a request with these headers."""
    reached, sent = [], []

    async def app(scope, receive, send):
        reached.append(scope["type"])

    async def send(message):
        sent.append(message)

    scope = {
        "type": kind, "method": "GET", "path": "/",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    asyncio.run(OwnPageOnly(app)(scope, None, send))
    return reached, sent


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "studio.example"},  # a script, or a person's own tab
        {"host": "studio.example", "origin": "https://studio.example"},
        {"host": "127.0.0.1:7860", "origin": "http://127.0.0.1:7860"},
        {"host": "127.0.0.1:7860", "x_forwarded_host": "Studio.Example", "origin": "https://studio.example"},
    ],
)
def test_the_own_page_and_what_names_no_page_pass(headers):
    assert asked(**headers) == (["http"], [])


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("origin", ["https://evil.example", "http://studio.example:8080", "null", ""])
def test_another_page_is_refused(kind, origin):
    reached, sent = asked(kind, host="studio.example", origin=origin)
    assert reached == []
    if kind == "http":
        assert sent[0]["status"] == 403 and sent[1]["body"].decode() == REFUSED


def test_an_address_that_the_operator_named_is_an_own_one(monkeypatch):
    headers = {"host": "10.0.0.5:7860", "origin": "https://studio.example"}
    assert asked(**headers)[0] == []
    monkeypatch.setenv("LORAKIT_HOSTS", "https://studio.example/")
    assert asked(**headers)[0] == ["http"]


def test_what_is_no_request_passes():
    assert asked("lifespan")[0] == ["lifespan"]
