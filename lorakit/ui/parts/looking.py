"""Work on many pictures for one visitor: told while it goes on, and dropped when nobody waits any more."""

from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from lorakit.data.photos import helpers, turns
from lorakit.data.photos.turns import Turn

T = TypeVar("T")
TELL_SECONDS = 0.7
AT_ONCE = 8  # visitors whose photos are looked at side by side; of the others each waits for one to be done
_threads = ThreadPoolExecutor(2 * AT_ONCE, "looking")
_latest: dict[tuple[str, str], Turn] = {}


def during(work: Callable[[], T], visitor: str, what: str) -> Generator[tuple[int, int], None, T | None]:
    """Do `work` in a thread of its own; yields (pictures opened, of how many) and returns what it returned.

    When the generator is closed, or the same visitor begins the same anew, what has not begun is dropped;
    the latter ends this one with None.
    """
    if helpers.in_use() is None:
        return work()
    turn, place = Turn(visitor), (visitor, what)
    if earlier := _latest.get(place):
        earlier.cancel()
    _latest[place] = turn
    try:
        # In a copy of the context, so that who asks stays known in the other thread.
        doing = _threads.submit(copy_context().run, _within, turn, work)
        while True:
            try:
                done = doing.result(TELL_SECONDS)
                return None if turn.cancelled else done
            except TimeoutError:
                if turn.cancelled:
                    return None
                yield turn.progress()
    finally:
        turn.cancel()
        if _latest.get(place) is turn:
            del _latest[place]


def _within(turn: Turn, work: Callable[[], T]) -> T:
    with turns.within(turn):
        return work()
