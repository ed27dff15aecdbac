"""Whose turn it is: jobs that somebody waits for come first; owners take turns, each with its oldest job.

When each owner was last served is kept beside the jobs, so that whoever has many of them waiting does not get
in again before the others had their turn. Losing that file costs one round's fairness and nothing else.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from lorakit import durable

FILE = ".turns.json"
MOST = 500  # owners that are remembered, the last served


class Waiting(Protocol):
    """What is asked of a job."""

    id: str
    owner: str
    created: str

    @property
    def is_short(self) -> bool: ...


W = TypeVar("W", bound=Waiting)


def order(waiting: Iterable[W], served: Mapping[str, int]) -> list[W]:
    """The jobs as they will be taken up. `served` says when each owner had its last turn, as `read` does."""
    jobs = sorted(waiting, key=lambda job: (not job.is_short, job.created, job.id))
    queues: dict[str, list[W]] = {}
    for job in jobs:
        queues.setdefault(_key(job), []).append(job)
    last, ordered = dict(served), []
    by_kind = {short: [key for key in queues if queues[key][0].is_short is short] for short in (True, False)}
    for ours in by_kind.values():
        while left := [key for key in ours if queues[key]]:
            key = min(left, key=lambda key: (last.get(key, 0), queues[key][0].created, queues[key][0].id))
            ordered.append(queues[key].pop(0))
            last[key] = max(last.values(), default=0) + 1
    return ordered


def read(folder: Path) -> dict[str, int]:
    """Owner -> the number of its last turn; the highest was served last."""
    with suppress(OSError, ValueError, AttributeError):
        rows = durable.read_json(folder / FILE).items()
        return {key: turn for key, turn in rows if isinstance(turn, int)}
    return {}


def note(folder: Path, job: Waiting) -> None:
    """A job was taken up."""
    served = read(folder)
    served[_key(job)] = max(served.values(), default=0) + 1
    newest = sorted(served.items(), key=lambda row: row[1])[-MOST:]
    with suppress(OSError):  # a full disk must not keep a job from running
        durable.write_json(folder / FILE, dict(newest))


def _key(job: Waiting) -> str:
    """A click and a long job of one owner are turns of their own."""
    return f"{job.owner}/short" if job.is_short else job.owner
