"""Requests that another site's page sends in a visitor's name are refused.

The page's login travels in a cookie, and a browser attaches that to whatever asks. Such a request carries
the address of the page that sent it (Origin, RFC 6454, section 7), which no script can change.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

REFUSED = "This address takes requests from its own page only."


class OwnPageOnly:
    """Middleware in front of the whole app. What names no origin (a script, a person's own tab) passes."""

    def __init__(self, app: Callable[..., Awaitable[None]]):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
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
    own = [headers.get("host", ""), *headers.get("x-forwarded-host", "").split(",")]
    own += os.environ.get("SPACE_HOST", "").split(",")
    return urlsplit(origin).netloc.lower() in {host.strip().lower() for host in own if host.strip()}
