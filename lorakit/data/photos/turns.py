"""A caller's turn with the helpers: how far it is, and that it may be cancelled."""

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Turn:
    """What one visitor waits for. `ask` adds to it; `cancel` drops what has not begun."""

    name: str = ""
    asked: list["Future[Any]"] = field(default_factory=list)
    cancelled: bool = False

    def cancel(self) -> None:
        """Drop what has not begun, and refuse what is asked later."""
        self.cancelled = True
        for one in self.asked:
            one.cancel()

    def progress(self) -> tuple[int, int]:
        """How many have been opened, and of how many."""
        return sum(one.done() for one in self.asked), len(self.asked)


current: ContextVar[Turn | None] = ContextVar("turn", default=None)


@contextmanager
def within(turn: Turn) -> Iterator[None]:
    """What this thread asks meanwhile belongs to that turn."""
    token = current.set(turn)
    try:
        yield
    finally:
        current.reset(token)
