"""Without a login nothing is served but the login page, whatever routes Gradio has.

Gradio checks the login route by route, and some of its routes are left out. Here every request needs a
session, and the few that do not are listed.
"""

from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lorakit.ui import theme
from lorakit.ui.door.headers import on_a_space
from lorakit.ui.door.hosts import is_forwarded, numeric
from lorakit.ui.door.throttle import Throttle

HEALTH = "/health"  # for a container's health check: says that the page is up, and nothing else
STARTUP = "/gradio_api/startup-events"  # `launch` asks for it itself, once, before anybody can
UNAUTHORISED = "Log in first."

PAGE = (Path(__file__).parent / "login.html").read_text(encoding="utf-8").replace("PALETTE", theme.BY_SYSTEM)


class LoginFirst:
    """Middleware in front of the whole app. An app without a password lets everything through."""

    def __init__(self, app: ASGIApp):
        self.app, self.throttle = app, Throttle()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        path, method = local_path(scope), scope.get("method")
        if path == HEALTH and method in ("GET", "HEAD"):
            await PlainTextResponse("ok")(scope, receive, send)
        elif scope["app"].auth is None:
            await self.app(scope, receive, send)
        elif path == "/login" and method == "POST":
            await self._log_in(scope, receive, send)
        elif path == "/logout" and sessions(scope):
            await _log_out(scope)(scope, receive, send)
        elif sessions(scope) or (path == STARTUP and not scope["app"].startup_events_triggered):
            await self.app(scope, receive, send)
        else:
            await _without_session(scope, path)(scope, receive, send)

    async def _log_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Gradio's own login, as often as the throttle allows; a browser gets a page in place of JSON."""
        asks_for_page = "text/html" in Headers(scope=scope).get("accept", "")
        name = client(scope)
        wait = self.throttle.take(name, not is_forwarded(Headers(scope=scope)))
        if wait:
            message, after = f"Too many tries. Try again in {wait} seconds.", {"Retry-After": str(wait)}
            refused = _page(message, 429) if asks_for_page else PlainTextResponse(message, 429)
            refused.headers.update(after)
            await refused(scope, receive, send)
            return
        answer = await _answer_of(self.app, scope, receive)
        if answer.status == 200:
            self.throttle.right(name)
        if not asks_for_page:
            await answer.send(send)
            return
        reply: Response = RedirectResponse("./", 303)
        if answer.status == 200:
            reply.raw_headers += [pair for pair in answer.headers if pair[0].lower() == b"set-cookie"]
        else:
            reply = _page("That username or password is wrong.", answer.status)
        await reply(scope, receive, send)


def client(scope: Scope) -> str:
    """Who tries: an address, of IPv6 the network of one household (RFC 6177). On a Space every request comes
    from the hub's own proxy, which says for whom.
    """
    told = Headers(scope=scope).get("x-forwarded-for", "").rpartition(",")[2].strip()
    name = told if told and on_a_space() else (scope.get("client") or ("",))[0]
    address = numeric(name)
    if address is not None and address.version == 6:
        return str(ip_network(f"{address}/64", strict=False))
    return str(address or name)[:64]


def sessions(scope: Scope) -> list[str]:
    """The tokens of logins that hold, of those that a request carries."""
    app, cookies = scope["app"], HTTPConnection(scope).cookies
    return [token for name in _cookies(app) if (token := cookies.get(name)) in app.tokens]


def _cookies(app: Any) -> tuple[str, str]:
    """Gradio's two cookies of a login: one for https alone."""
    return f"access-token-{app.cookie_id}", f"access-token-unsecure-{app.cookie_id}"


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
    alert = f'<p role="alert">{problem}</p>' if problem else ""
    return HTMLResponse(PAGE.replace("PROBLEM", alert), status, headers={"Cache-Control": "no-store"})


def _log_out(scope: Scope) -> Response:
    """End this browser's login. Gradio's own would end those of everybody else with it."""
    for token in sessions(scope):
        scope["app"].tokens.pop(token, None)
    reply = RedirectResponse("./", 303)
    for name in _cookies(scope["app"]):
        reply.delete_cookie(name)
    return reply


@dataclass
class _Answer:
    """What an app answers to one request, kept until somebody sends it."""

    messages: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        return self.messages[0]["status"] if self.messages else 500

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        return list(self.messages[0]["headers"]) if self.messages else []

    async def send(self, send: Send) -> None:
        for message in self.messages:
            await send(message)


async def _answer_of(app: ASGIApp, scope: Scope, receive: Receive) -> _Answer:
    answer = _Answer()

    async def keep(message: Message) -> None:
        answer.messages.append(message)

    await app(scope, receive, keep)
    return answer
