"""What stands between the network and the app, in order."""

from starlette.middleware import Middleware

from lorakit.ui.door.headers import SafeHeaders
from lorakit.ui.door.hosts import OwnHostsOnly
from lorakit.ui.door.login import LoginFirst
from lorakit.ui.door.origins import OwnPageOnly
from lorakit.ui.door.visits import OwnFilesOnly, Visits


def door() -> list[Middleware]:
    """The middleware; a request passes each in turn, the first one first."""
    return [
        Middleware(each)
        for each in (SafeHeaders, OwnHostsOnly, OwnPageOnly, LoginFirst, Visits, OwnFilesOnly)
    ]
