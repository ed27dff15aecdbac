"""The app as `app.py` starts it, with and without a password, and a plain client in front of it."""

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest

from lorakit.ui import build_app, launch_options
from lorakit.ui.door.throttle import Throttle

SECRET = "hf_" + "t" * 34


@dataclass
class Answer:
    status: int
    headers: Message
    text: str

    @property
    def cookies(self):
        return self.headers.get_all("Set-Cookie", [])


class StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


@dataclass
class Running:
    app: object
    address: str
    home: Path

    def __call__(self, method, path, body=None, **headers):
        url = self.address + urllib.parse.quote(path, safe="/=?:&")
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = urllib.request.Request(url, body, given, method=method)
        try:
            with urllib.request.build_opener(StayHere).open(asked, timeout=10) as reply:
                return Answer(reply.status, reply.headers, reply.read().decode("utf-8", "replace"))
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode("utf-8", "replace"))

    def log_in(self, password, **headers):
        form = urllib.parse.urlencode({"username": "studio", "password": password}).encode()
        return self("POST", "/login", form, **headers)


@pytest.fixture(scope="session")
def start(tmp_path_factory):
    """Start the app, with the owner's hub token in reach; with a password when one is given."""
    started = []

    def begin(password=None):
        auth = ("studio", password) if password else None
        with pytest.MonkeyPatch.context() as patch:
            home = tmp_path_factory.mktemp("home")
            patch.setenv("LORAKIT_HOME", str(home))
            patch.setenv("LORAKIT_ADAPTERS", str(home / "adapters"))
            patch.setenv("HF_TOKEN", SECRET)
            started.append(build_app())
            app, address, _ = started[-1].launch(
                server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, auth=auth, **launch_options()
            )
        return Running(app, address.rstrip("/"), home)

    yield begin
    for blocks in started:
        blocks.close()


@pytest.fixture(scope="session")
def guarded(start):
    """A studio with the password "right"."""
    return start("right")


@pytest.fixture(scope="session")
def unguarded(start):
    """A studio without a password."""
    return start()


@pytest.fixture(autouse=True)
def no_tries_before(request):
    """Tests do not use up each other's tries at the password."""
    layer = (
        request.getfixturevalue("guarded").app.middleware_stack if "guarded" in request.fixturenames else None
    )
    while layer is not None:
        if hasattr(layer, "throttle"):
            layer.throttle = Throttle()
        layer = getattr(layer, "app", None)
