"""What the studio knows of a kind of job. Each is one file of `kinds`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from lorakit.jobs.spec import Spec


@dataclass(frozen=True)
class Kind:
    """A kind of job.

    `label` is what a person calls one: "a campaign". `run` takes a `context.Context` and returns whether the
    job came to its end. `is_short` says of a spec whether somebody waits at the page for it. `needs` is the
    kind of base model it runs on, None for any. `share` does a further process's part of a job, until its
    second argument says stop; None when one process does it all. `passing` jobs are asked for by the page
    itself, which shows their answer once; of those that have ended, only the `kept` newest stay.
    """

    name: str
    label: str
    spec: type[Spec]
    run: Callable[[Any], bool]
    is_short: Callable[[dict[str, Any]], bool] = lambda spec: False
    needs: Literal["image", "text"] | None = None
    share: Callable[[Any, Callable[[], bool]], None] | None = None
    passing: bool = False
    kept: int | None = None

    @property
    def trains(self) -> bool:
        """Is it a training, which several processes may share?"""
        return self.share is not None
