"""What every answer tells the browser: who may frame the page, what it may load, how its cookies travel."""

import logging
import os

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

# A Space's page is shown in a frame of the hub's.
SPACE_FRAMES = "https://huggingface.co https://*.huggingface.co"
# Gradio's page carries scripts and styles inline, and compiles the handlers that run in the browser.
PAGE = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'"
)
# A file that somebody uploaded, or that a job made, is no page: opened by itself it runs nothing.
FILE = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'"
FILES = ("/file=", "/file/", "/stream/", "/proxy=")


class SafeHeaders:
    """Middleware: adds the headers to every answer, one for a fault of the app's own included."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_safely(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add(MutableHeaders(scope=message), scope)
            await send(message)

        try:
            await self.app(scope, receive, send_safely)
        except Exception:
            if not started:
                fault = PlainTextResponse("Something went wrong in the studio; its log says what.", 500)
                await fault(scope, receive, send_safely)
            raise  # for the log


def on_a_space() -> bool:
    """Does the studio run as a Space?"""
    return bool(os.environ.get("SPACE_ID") or os.environ.get("SPACE_HOST"))


def is_secure(scope: Scope) -> bool:
    """Does the browser speak https, to this server or to the proxy in front of it?"""
    forwarded = Headers(scope=scope).get("x-forwarded-proto", "").split(",")[0].strip().lower()
    return forwarded == "https" or (not forwarded and scope.get("scheme") == "https")


def cookie(text: str, scope: Scope) -> str:
    """A Set-Cookie header's value with the studio's own rules (RFC 6265bis, section 5.6) in place of its own.

    In the hub's frame a cookie is a third party's, which travels with SameSite=None alone.
    """
    drop = ("httponly", "secure", "samesite", "partitioned")
    parts = [part.strip() for part in text.split(";")]
    kept = [parts[0], *(p for p in parts[1:] if p.partition("=")[0].strip().lower() not in drop)]
    rules = ["HttpOnly", "SameSite=Lax"]
    if is_secure(scope):
        framed = ["SameSite=None", "Partitioned"] if on_a_space() else ["SameSite=Lax"]
        rules = ["HttpOnly", *framed, "Secure"]
    return "; ".join([*kept, *rules])


def _add(headers: MutableHeaders, scope: Scope) -> None:
    policy = FILE if any(part in scope["path"] for part in FILES) else PAGE
    frames = f"'self' {SPACE_FRAMES}" if on_a_space() else "'self'"
    headers["Content-Security-Policy"] = f"{policy}; frame-ancestors {frames}"
    if not on_a_space():  # it knows no list of sites
        headers["X-Frame-Options"] = "SAMEORIGIN"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    cookies = headers.getlist("set-cookie")
    del headers["set-cookie"]
    for text in cookies:
        headers.append("set-cookie", cookie(text, scope))
