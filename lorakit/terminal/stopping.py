"""Ctrl+C in the terminal: a command ends at a step, with its work saved."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

STOPPED = 130  # the exit code of a command that Ctrl+C ended
RESUME = "stopped; run the same command again to resume"


@contextmanager
def stoppable() -> Iterator[Callable[[], bool]]:
    """Yields a function that returns True after Ctrl+C or SIGTERM; the second of them ends at once."""
    asked = False

    def ask(*_: Any) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        print("stopping after this step (Ctrl+C again: stop now)", file=sys.stderr, flush=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stopped() -> int:
    """Say how to resume; returns the exit code."""
    print(RESUME, file=sys.stderr)
    return STOPPED
