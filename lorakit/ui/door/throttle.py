"""How often a password may be tried: a few times at once, then slowly, by one client and by all together.

A try is counted before it is checked and given back when it was right, so a burst of tries at the same
instant counts in full. Nobody is shut out for good: a try comes back every few seconds.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

MOST_CLIENTS = 10_000  # remembered at once


@dataclass
class Rate:
    """So many tries at once, and one more after so many seconds."""

    burst: int
    seconds: float


CLIENT = Rate(5, 10.0)
EVERYBODY = Rate(50, 2.0)


class Throttle:
    """Counts tries. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self.clock = clock
        self.clients: dict[str, tuple[float, float]] = {}
        self._all = (float(EVERYBODY.burst), clock())

    def take(self, client: str, certain: bool = True) -> int:
        """Count a try. 0 when it may be made, or the seconds to wait before the next.

        A client that has not been wrong lately may try even while all together are too many, so that nobody
        is shut out by somebody else's guessing; not where the client's name is not `certain`, as it is from
        a header.
        """
        now = self.clock()
        own = _left(self.clients.get(client, (CLIENT.burst, now)), CLIENT, now)
        everybody = _left(self._all, EVERYBODY, now)
        if own < 1:
            return _wait(own, CLIENT)
        if everybody < 1 and (own < CLIENT.burst or not certain):
            return _wait(everybody, EVERYBODY)
        self.clients[client] = (own - 1, now)
        self._all = (max(0.0, everybody - 1), now)
        if len(self.clients) > MOST_CLIENTS:
            self._forget(now)
        return 0

    def right(self, client: str) -> None:
        """The try was right: it does not count, nor do this client's earlier ones."""
        self.clients.pop(client, None)
        tries, when = self._all
        self._all = (min(EVERYBODY.burst, tries + 1), when)

    def _forget(self, now: float) -> None:
        """Those who have waited long enough, or else the oldest half."""
        kept = {k: v for k, v in self.clients.items() if _left(v, CLIENT, now) < CLIENT.burst}
        newest = sorted(kept.items(), key=lambda item: item[1][1])[-MOST_CLIENTS // 2 :]
        self.clients = dict(newest)


def _left(bucket: tuple[float, float], rate: Rate, now: float) -> float:
    tries, when = bucket
    return min(float(rate.burst), tries + (now - when) / rate.seconds)


def _wait(left: float, rate: Rate) -> int:
    return max(1, math.ceil((1 - left) * rate.seconds))
