"""What the page keeps of each visitor: what they chose, and no copy of the page.

Gradio (6.31) copies the description of every part of the page for every visitor, so that a link could lead to
the page as it stands; it keeps those of 10,000 visitors, 0.8 MB each. The studio offers no such links.
"""

from copy import copy
from typing import Any

from gradio import state_holder
from gradio.blocks import Blocks

MOST_SESSIONS = 1_000  # pages that are kept, the one used longest ago giving way; an open page asks every 2 s
TTL_WHEN_CLOSED = 3_600  # seconds that Gradio keeps what was chosen on a page that was closed


class Session(state_holder.SessionState):
    """A visitor's state, with parts of the page only where they differ from everybody's."""

    def __init__(self, blocks: Blocks):
        self.blocks_config = copy(blocks.default_config)
        self.config_values: dict[int, Any] = {}
        self.state_data: dict[int, Any] = {}
        self._state_ttl: dict[int, Any] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = TTL_WHEN_CLOSED

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:
        pass


def keep_light() -> None:
    """Let every visitor from now on have a `Session`."""
    state_holder.SessionState = Session  # type: ignore[misc]
