"""What the running page answers to somebody who is not logged in: the login page, and nothing else."""

import itertools
import json
import re

import pytest

OPEN = {("GET", "/"), ("HEAD", "/"), ("GET", "/login"), ("HEAD", "/login"), ("GET", "/health"),
        ("HEAD", "/health"), ("POST", "/login")}  # fmt: skip
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
FILLED = {"path": "index.html", "path_or_url": "/etc/hostname", "size": "64", "url_path": "https://hf.co",
          "page": "0", "type": "json", "environment": "client", "ext": "ts"}  # fmt: skip


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


def token(answer):
    """The session that a login gave."""
    found = re.search(r"access-token-unsecure-[^=]+=([^;]+)", " ".join(answer.cookies))
    return found[1] if found else ""


@pytest.mark.battery(92, "every route of the running app without a login")
def test_no_route_answers_without_a_login(guarded):
    known = {filled(path) for path in paths(guarded.app.routes)}
    assert {"/config", "/gradio_api/queue/join", "/gradio_api/upload", "/openapi.json"} <= known
    assert len(known) > 70, "the walk goes into the routers"
    asked = {*known, "/gradio_api/run-history/buckets", "/gradio_api/run-history/connect", "/nothing/here"}
    served = []
    for method, path in itertools.product(METHODS, sorted(asked)):
        if (method, path.rstrip("/") or "/") in OPEN:
            continue
        body = b"{}" if method in ("POST", "PUT", "PATCH") else None
        answer = guarded(method, path, body, Content_Type="application/json")
        if answer.status != 401:
            served.append((method, path, answer.status, answer.text[:80]))
    assert served == []


def test_what_is_open_says_nothing_of_the_studio(guarded):
    for path in ("/", "/login"):
        answer = guarded("GET", path)
        assert answer.status == 200 and 'type="password"' in answer.text
        assert "gradio" not in answer.text.lower()
    assert guarded("GET", "/health").text == "ok"


@pytest.mark.battery(93, "hub token set and a visitor who is not logged in")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_nobody_acts_with_the_owners_hub_token(guarded, host):
    session = f"access-token-{guarded.app.cookie_id}={token(guarded.log_in('right'))}"
    for cookies in ({}, {"Cookie": session}):
        for method, path in (("GET", "buckets"), ("POST", "connect"), ("GET", "records")):
            body = json.dumps({"bucket": "owner/runs"}).encode() if method == "POST" else None
            port = guarded.address.rsplit(":")[-1]
            headers = {"Content_Type": "application/json", "Host": f"{host}:{port}", **cookies}
            answer = guarded(method, f"/gradio_api/run-history/{path}", body, **headers)
            assert answer.status == (404 if cookies else 401)


def test_a_program_and_a_browser_log_in(guarded):
    answer = guarded.log_in("right")
    assert answer.status == 200 and token(answer) in guarded.app.tokens
    assert json.loads(answer.text) == {"success": True}
    assert guarded.log_in("wrong").status == 400
    person = {"Accept": "text/html,*/*"}
    answer = guarded.log_in("right", **person)
    assert answer.status == 303 and token(answer) in guarded.app.tokens, "a person is sent to the page"
    answer = guarded.log_in("wrong", **person)
    assert answer.status == 400 and token(answer) == "" and "password is wrong" in answer.text
    cookie = f"access-token-unsecure-{guarded.app.cookie_id}"
    session = token(guarded.log_in("right"))
    assert guarded("GET", "/config", Cookie=f"{cookie}={session}").status == 200
    assert guarded("GET", "/config", Cookie=f"{cookie}=guessed").status == 401


@pytest.mark.battery(95, "100 wrong passwords")
def test_a_hundred_wrong_passwords_are_slowed_down(guarded, record_property):
    answers = [guarded.log_in(f"wrong{n}") for n in range(100)]
    assert [answer.status for answer in answers[:5]] == [400] * 5
    assert {answer.status for answer in answers[5:]} == {429}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 10 for answer in answers[5:])
    last = guarded.log_in("right", Accept="text/html")
    record_property("told", re.search('role="alert">(.*?)<', last.text)[1])
    assert last.status == 429 and not last.cookies, "a right one among them is not told from the wrong ones"


@pytest.mark.battery(95, "logout of one visitor")
@pytest.mark.parametrize("which", ["access-token-", "access-token-unsecure-"])
def test_who_logs_out_logs_out_alone(guarded, which):
    name = which + guarded.app.cookie_id
    mine, other = (token(guarded.log_in("right")) for _ in range(2))
    for path in ("/logout", "/logout?all_session=true"):
        answer = guarded("GET", path, Cookie=f"{name}={mine}")
        assert answer.status == (303 if path == "/logout" else 401)
    assert guarded("GET", "/config", Cookie=f"{name}={mine}").status == 401
    assert guarded("GET", "/config", Cookie=f"{name}={other}").status == 200
