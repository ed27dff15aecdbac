"""What the running page answers to somebody who is not logged in: the login page, and nothing else."""

import itertools
import json
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest

from lorakit.ui import build_app, launch_options

SECRET = "hf_" + "t" * 34
OPEN = {("GET", "/"), ("HEAD", "/"), ("GET", "/login"), ("HEAD", "/login"), ("GET", "/health"),
        ("HEAD", "/health"), ("POST", "/login")}  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FILLED = {"path": "index.html", "path_or_url": "/etc/hostname", "size": "64", "url_path": "https://hf.co",
          "page": "0", "type": "json", "environment": "client", "ext": "ts"}  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """The app as `app.py` starts it with a password, its address, and the owner's hub token in reach."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LORAKIT_HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("LORAKIT_ADAPTERS", str(tmp_path_factory.mktemp("adapters")))
        patch.setenv("HF_TOKEN", SECRET)
        blocks = build_app()
        app, address, _ = blocks.launch(
            server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, auth=("studio", "right"),
            **launch_options(),
        )  # fmt: skip
        yield app, address.rstrip("/")
        blocks.close()


def paths(routes, prefix=""):
    """Every path below these routes, whatever holds them: routers within routers, mounted apps."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        context = getattr(route, "include_context", None)
        own = prefix + (getattr(context, "prefix", "") or getattr(route, "path", ""))
        if getattr(route, "endpoint", None) or not hasattr(inner, "routes"):
            yield own
        else:
            yield from paths(inner.routes, own if context is None else prefix)


def filled(path):
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: FILLED.get(found[1], "abc123"), path)


class StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def answer(address, method, path, body=None, **headers):
    """Status, headers and text of one request."""
    url = address + urllib.parse.quote(path, safe="/=?:&")
    asked = urllib.request.Request(
        url, body, {k.replace("_", "-"): v for k, v in headers.items()}, method=method
    )
    try:
        with urllib.request.build_opener(StayHere).open(asked, timeout=10) as reply:
            return reply.status, reply.headers, reply.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode("utf-8", "replace")


@pytest.mark.battery(92, "every route of the running app without a login")
def test_no_route_answers_without_a_login(running):
    app, address = running
    known = {filled(path) for path in paths(app.routes)}
    assert {"/config", "/gradio_api/queue/join", "/gradio_api/upload", "/openapi.json"} <= known
    assert len(known) > 70, "the walk goes into the routers"
    asked = {*known, "/gradio_api/run-history/buckets", "/gradio_api/run-history/connect", "/nothing/here"}
    served = []
    for method, path in itertools.product(METHODS, sorted(asked)):
        body = b"{}" if method in ("POST", "PUT", "PATCH") else None
        status, _, text = answer(address, method, path, body, Content_Type="application/json")
        if (method, path.rstrip("/") or "/") not in OPEN and status != 401:
            served.append((method, path, status, text[:80]))
    assert served == []


def test_what_is_open_says_nothing_of_the_studio(running):
    _, address = running
    for path in ("/", "/login"):
        status, _, text = answer(address, "GET", path)
        assert status == 200 and 'type="password"' in text and "gradio" not in text.lower()
    assert answer(address, "GET", "/health")[::2] == (200, "ok")


@pytest.mark.battery(93, "hub token set and a visitor who is not logged in")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_nobody_acts_with_the_owners_hub_token(running, host):
    app, address = running
    cookie = f"access-token-{app.cookie_id}={log_in(address, 'right')[1]}"
    for cookies in ({}, {"Cookie": cookie}):
        for method, path in (("GET", "buckets"), ("POST", "connect"), ("GET", "records")):
            body = json.dumps({"bucket": "owner/runs"}).encode() if method == "POST" else None
            status, _, text = answer(
                address, method, f"/gradio_api/run-history/{path}", body,
                Content_Type="application/json", Host=f"{host}:{address.rsplit(':')[-1]}", **cookies,
            )  # fmt: skip
            assert status == (404 if cookies else 401) and SECRET not in text


def log_in(address, password, **headers):
    """Status, session and text of a login."""
    form = urllib.parse.urlencode({"username": "studio", "password": password}).encode()
    status, given, text = answer(address, "POST", "/login", form, **headers)
    found = re.search(r"access-token-unsecure-[^=]+=([^;]+)", " ".join(given.get_all("Set-Cookie", [])))
    return status, found[1] if found else "", text


def test_a_program_and_a_browser_log_in(running):
    app, address = running
    status, token, text = log_in(address, "right")
    assert status == 200 and token in app.tokens and json.loads(text) == {"success": True}
    assert log_in(address, "wrong")[0] == 400
    status, token, _ = log_in(address, "right", Accept="text/html,*/*")
    assert status == 303 and token in app.tokens, "a person is sent to the page"
    status, token, text = log_in(address, "wrong", Accept="text/html,*/*")
    assert status == 400 and token == "" and "password is wrong" in text
    cookie = f"access-token-unsecure-{app.cookie_id}"
    session = log_in(address, "right")[1]
    assert answer(address, "GET", "/config", Cookie=f"{cookie}={session}")[0] == 200
    assert answer(address, "GET", "/config", Cookie=f"{cookie}=guessed")[0] == 401
