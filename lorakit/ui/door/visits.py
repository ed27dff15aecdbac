"""A browser gets the cookie by which it is known again, and no files but its own."""

import re

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lorakit.ui import visitors
from lorakit.ui.door.login import local_path

YEAR = 365 * 86_400  # seconds
FILE = re.compile(r"/(?:gradio_api/)?file[=/](?P<path>.*)", re.DOTALL)
AWAY = re.compile(r"[a-z][a-z0-9+.-]*:|//|\\", re.IGNORECASE)  # an address, not a file


class Visits:
    """Middleware: who opens the page without a cookie gets one with it."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or local_path(scope) != "/" or visitors.of_scope(scope) != visitors.NOBODY:
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                text = f"{visitors.COOKIE}={visitors.new_cookie()}; Path=/; Max-Age={YEAR}"
                MutableHeaders(scope=message).append("set-cookie", text)
            await send(message)

        await self.app(scope, receive, send_with_cookie)


class OwnFilesOnly:
    """Middleware: of the workspace's files each browser gets those of its own campaigns. Gradio would also
    fetch addresses for whoever asks; that nobody gets.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = FILE.fullmatch(local_path(scope)) if scope["type"] == "http" else None
        path = asked["path"] if asked else ""
        if path and (AWAY.match(path) or not visitors.may_read(path, visitors.of_scope(scope))):
            await PlainTextResponse("Not found", 404)(scope, receive, send)
        else:
            await self.app(scope, receive, send)
