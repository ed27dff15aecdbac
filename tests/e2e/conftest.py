"""The app as a person starts it, in a workspace of its own, and a browser in front of it."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.serving import answers

ROOT = Path(__file__).parents[2]


@contextmanager
def running(folder):
    """A studio in a folder of its own: its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "LORAKIT_HOME": str(folder / "home"),
        "LORAKIT_ADAPTERS": str(folder / "adapters"),
        "LORAKIT_PORT": str(port),
    }
    log = open(folder / "app.log", "w")  # noqa: SIM115 - the process writes to it for as long as it lives
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(address, process, folder / "app.log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
        log.close()


@pytest.fixture(scope="session")
def running_studio():
    """Starts a studio in a folder, as a context that gives its address."""
    return running


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """The address of a running studio."""
    with running(tmp_path_factory.mktemp("studio")) as address:
        yield address


def _wait_for(address, process, log):
    if not answers(address, process):
        pytest.fail(f"the app did not come up: {log.read_text()}")
