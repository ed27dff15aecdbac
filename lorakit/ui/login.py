"""Without a login nothing is served but the login page, whatever routes Gradio has.

Gradio checks the login route by route, and some of its routes are left out. Here every request needs a
session, and the few that do not are listed.
"""

from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from lorakit.ui import theme

HEALTH = "/health"  # for a container's health check: says that the page is up, and nothing else
STARTUP = "/gradio_api/startup-events"  # `launch` asks for it itself, once, before anybody can
UNAUTHORISED = "Log in first."

PAGE = (Path(__file__).parent / "login.html").read_text(encoding="utf-8").replace("PALETTE", theme.BY_SYSTEM)


class LoginFirst:
    """Middleware in front of the whole app. An app without a password lets everything through."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket") or scope["app"].auth is None:
            await self.app(scope, receive, send)
            return
        path = local_path(scope)
        if path == "/login" and scope.get("method") == "POST":
            await _log_in(self.app, scope, receive, send)
        elif session(scope) or (path == STARTUP and not scope["app"].startup_events_triggered):
            await self.app(scope, receive, send)
        else:
            await _without_session(scope, path)(scope, receive, send)


def session(scope: Scope) -> str | None:
    """The token of the login that a request carries; None when it carries none that holds."""
    app, cookies = scope["app"], HTTPConnection(scope).cookies
    names = (f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}")
    return next((cookies[name] for name in names if cookies.get(name) in app.tokens), None)


def local_path(scope: Scope) -> str:
    """The path below the app's own root, without a slash at its end."""
    path = scope["path"].removeprefix(scope.get("root_path", "").rstrip("/"))
    return path.rstrip("/") or "/"


def _without_session(scope: Scope, path: str) -> Response:
    reading = scope.get("method") in ("GET", "HEAD")
    if reading and path == HEALTH:
        return PlainTextResponse("ok")
    if reading and path in ("/", "/login"):
        return _page()
    return PlainTextResponse(UNAUTHORISED, 401)


def _page(problem: str = "", status: int = 200) -> Response:
    said = f'<p role="alert">{problem}</p>' if problem else ""
    return HTMLResponse(PAGE.replace("PROBLEM", said), status, headers={"Cache-Control": "no-store"})


async def _log_in(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Gradio's own login; a person's browser gets a page back where a program gets JSON."""
    if "text/html" not in Headers(scope=scope).get("accept", ""):
        await app(scope, receive, send)
        return
    answer = await _answer_of(app, scope, receive)
    if answer["status"] == 200:
        reply: Response = RedirectResponse("./", 303)
        reply.raw_headers += [pair for pair in answer["headers"] if pair[0].lower() == b"set-cookie"]
    else:
        reply = _page("That username or password is wrong.", answer["status"])
    await reply(scope, receive, send)


async def _answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> dict[str, Any]:
    """Status and headers of an app's answer, which goes nowhere."""
    seen: dict[str, Any] = {}

    async def keep(message: Any) -> None:
        if message["type"] == "http.response.start":
            seen.update(message)

    await app(scope, receive, keep)
    return seen
