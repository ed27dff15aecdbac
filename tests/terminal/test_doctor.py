"""What the doctor says of a machine: settings, disk, and never a secret."""

import pytest

from lorakit.terminal import doctor
from lorakit.terminal.cli import main
from lorakit.units import size


@pytest.fixture
def told(monkeypatch, tmp_path):
    """Everything it says, with what a test sets in the environment."""

    def tell(**environment):
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return list(doctor.lines())

    return tell


def test_secrets_are_set_or_not_and_never_shown(told):
    lines = told(
        LORAKIT_PASSWORD="hunter2", HTTPS_PROXY="http://me:hunter3@proxy:8080", LORAKIT_TLS_KEY="hunter4"
    )
    assert "LORAKIT_PASSWORD: set" in lines and "HF_TOKEN: not set" in lines
    assert "HTTPS_PROXY: proxy:8080" in lines and "LORAKIT_TLS_KEY: set" in lines
    assert not [line for line in lines if "hunter" in line]


def test_a_package_that_is_missing_says_how_to_get_it(told, monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ("torch", "no-such-package"))
    assert "no-such-package is missing: pip install -r requirements.txt" in told()


@pytest.mark.parametrize(("value", "use"), [("1", "never used"), ("0", "used for models")])
def test_it_says_whether_the_hub_is_used(told, value, use):
    assert any(line.startswith(f"Hugging Face: {use}") for line in told(HF_HUB_OFFLINE=value))


def test_the_disk_is_counted_where_the_workspace_will_be(told, tmp_path):
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "weights").write_bytes(b"x" * 3_000_000)
    lines = told(LORAKIT_HOME=str(tmp_path / "not" / "yet"))
    assert any(line.startswith(f"workspace: {tmp_path / 'not' / 'yet'} (") for line in lines)
    assert f"models from Hugging Face: {size(3_000_000)} in {tmp_path / 'hub'}" in lines
    assert not (tmp_path / "not").exists()


def test_doctor_says_what_there_is(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("LORAKIT_HOME", str(tmp_path / "not" / "yet" / "there"))
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    for word in ("lorakit", "torch", "device", "memory", "workspace", "starter-image", "starter-text"):
        assert word in told
    assert not (tmp_path / "not").exists()
