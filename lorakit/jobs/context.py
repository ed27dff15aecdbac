"""What a running job may use. No torch at the top."""

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lorakit import events
from lorakit.errors import BaseError
from lorakit.families import row_of
from lorakit.jobs.fields import mixes_of
from lorakit.jobs.job import Job
from lorakit.jobs.kind import Kind
from lorakit.jobs.loaded_bases import Bases, asked
from lorakit.lora.strength import Strength
from lorakit.store.store import Store

if TYPE_CHECKING:
    from lorakit.families import Base


class Context:
    """The bases, the job's events, and the questions it asks between steps."""

    def __init__(
        self,
        job: Job,
        kind: Kind,
        bases: Bases,
        stopping: Callable[[], bool],
        between: Callable[[], None] | None,
        max_seconds: float | None = None,
    ):
        self.job, self.kind, self.bases, self.between = job, kind, bases, between
        self._stopping = stopping
        self._until = math.inf if max_seconds is None else time.monotonic() + max_seconds

    @property
    def seconds_left(self) -> float | None:
        """Of the slice of time that the job has; None when there is no end."""
        return None if self._until == math.inf else max(0.0, self._until - time.monotonic())

    def should_stop(self) -> bool:
        """Was the job cancelled, or the worker told to end?"""
        return self._stopping() or self.job.cancelled

    def is_over(self) -> bool:
        """The same, or has the job's slice of time passed?"""
        return self.should_stop() or time.monotonic() > self._until

    def base(self) -> "Base":
        """The base the job names. Adapters and family are checked before anything is loaded."""
        check_fit(self.kind, self.job.spec)
        self.job.emit(events.Phase("Loading the base model").row())
        return self.bases.get(*asked(self.job.spec))

    def mixes(self, base: "Base | None") -> list[dict[Any, Any]]:
        """The job's mixes, each adapter opened once, for this job alone; they fit `base` if one is given."""
        store, opened = Store(), {}
        stated = mixes_of(self.job.spec)
        for slug in dict.fromkeys(slug for mix in stated for slug in mix):
            if base is not None:
                store.check_base(store.get(slug), base.family)
            opened[slug] = store.load(slug)
        return [{opened[slug]: Strength.from_dict(value) for slug, value in mix.items()} for mix in stated]

    def mix(self, base: "Base | None") -> dict[Any, Any]:
        """The job's adapters with their strengths, opened for this job alone."""
        return self.mixes(base)[0]


def check_fit(kind: Kind, spec: dict[str, Any]) -> None:
    """Raise LoraKitError when the base is of the wrong kind, an adapter is gone or of another family, or
    a training cannot run on the device.
    """
    store = Store()
    entries = [store.get(slug) for mix in mixes_of(spec) for slug in mix]
    if kind.trains:
        from lorakit.families.numbers import check_trains, default_device

        check_trains(default_device())
    row = row_of(spec["base"])
    if kind.needs is not None and kind.needs != row.makes:
        of = {"image": "an image base model", "text": "a text base model"}
        raise BaseError(
            f"{spec['base']} is {of[row.makes]}, and {kind.label} needs {of[kind.needs]}; choose another one"
        )
    for entry in entries:
        store.check_base(entry, row.name)


class Pace:
    """How long a job still takes, from how fast it has been since it began."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._before: int | None = None

    def left(self, done: int, total: int, made: int = 0) -> float | None:
        """Seconds until `total`; None when nothing was made yet. `made`: of `done`, at first."""
        if self._before is None:
            self._before = done - made
        if done == self._before:
            return None
        return (time.monotonic() - self._begun) / (done - self._before) * (total - done)
