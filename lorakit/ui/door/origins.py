"""Requests that another site's page sends in a visitor's name are refused.

The page's login travels in a cookie, and a browser attaches that to whatever asks. Such a request carries
the address of the page that sent it (Origin, RFC 6454, section 7), which no script can change.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lorakit.ui.door.hosts import configured, named

REFUSED = "This address takes requests from its own page only."


class OwnPageOnly:
    """Middleware in front of the whole app. What names no origin (a script, a person's own tab) passes."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and not _is_own(Headers(scope=scope)):
            await PlainTextResponse(REFUSED, 403)(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _is_own(headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is None:
        return True
    # Before a proxy the page's address is not the one that arrives here. A foreign page cannot set the
    # forwarded one: it would have to ask first, and is refused then.
    return urlsplit(origin).netloc.lower() in {*named(headers), *configured()} - {""}
