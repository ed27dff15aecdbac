"""What stands between the network and the app: a request passes each of these in turn, from the top."""

from starlette.middleware import Middleware

from lorakit.ui.door.headers import SafeHeaders
from lorakit.ui.door.hosts import OwnHostsOnly
from lorakit.ui.door.login import LoginFirst
from lorakit.ui.door.origins import OwnPageOnly


def door() -> list[Middleware]:
    """The middleware, outermost first."""
    return [Middleware(each) for each in (SafeHeaders, OwnHostsOnly, OwnPageOnly, LoginFirst)]
