"""The jobs of the workspace: what is asked for becomes a folder, and who is free takes the next one.

No torch here.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock

from lorakit import durable, events, workspace
from lorakit.errors import DataError, LoraKitError
from lorakit.jobs import turns
from lorakit.jobs.job import ENDED, ENDS, OPEN, Job, write
from lorakit.jobs.kinds import KINDS, checked

ATTEMPTS = 3  # starts in a row that came to nothing before a job counts as impossible


def create(kind: str, spec: dict[str, Any], owner: str = "") -> Job:
    """Check a spec and write it as a new job. Raises LoraKitError, naming the field, when it cannot run."""
    job = _read(write(kind, checked(kind, spec), owner))
    if job is None:
        raise LoraKitError("workspace: the job that was just written cannot be read; check its permissions")
    return job


def create_once(kind: str, spec: dict[str, Any], owner: str = "") -> Job:
    """A new job, or the owner's same one when it waits or runs already: a button pressed ten times is one.

    Raises LoraKitError as `create` does.
    """
    spec = checked(kind, spec)
    with suppress(OSError), deciding():
        for job in list_jobs([kind], ended=False):
            if (job.spec, job.owner) == (spec, owner) and job.state in OPEN and not job.cancelled:
                return job
        return create(kind, spec, owner)
    return create(kind, spec, owner)  # which says what is wrong with the workspace


@contextmanager
def deciding() -> Iterator[None]:
    """Alone among all that start jobs in this workspace, and that remove what a job may refer to."""
    folder = workspace.jobs_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".starting"):
        yield


def get(id: str) -> Job:
    """The job called `id`. Raises DataError when there is none."""
    name = Path(id).name
    job = _read(workspace.jobs_folder() / name) if name == id and name else None
    if job is None:
        raise DataError(f"job {id[:80]!r} does not exist; it may have been removed")
    return job


def open_folder(folder: str | Path) -> Job:
    """The job in a folder, wherever it lies. Raises DataError when it is none."""
    job = _read(Path(folder))
    if job is None:
        raise DataError(f"{Path(folder).name} is not a job folder (it has no readable spec.json)")
    return job


def list_jobs(kinds: Sequence[str] | None = None, ended: bool = True) -> list[Job]:
    """All jobs, newest first: of these `kinds` when given, without those marked as over if not `ended`."""
    folder = workspace.jobs_folder()
    names = sorted(os.listdir(folder), reverse=True) if folder.is_dir() else []
    names = [name for name in names if name[0] != "."]
    if kinds is not None:
        names = [name for name in names if any(f"-{kind}-" in name for kind in kinds)]
    if not ended:
        names = [name for name in names if not (folder / name / ENDED).exists()]
    return [job for name in names if (job := _read(folder / name)) is not None]


def claim(
    kinds: Sequence[str] | None = None, short_only: bool = False, accept: Callable[[Job], bool] | None = None
) -> Job | None:
    """Take the next job that waits, in the order of `turns`. Jobs that crashed too often are ended.

    With `short_only` only jobs that somebody waits for, with `accept` only those it says yes to.
    """
    waiting = [job for job in list_jobs(kinds, ended=False) if job.is_short or not short_only]
    for job in turns.order(waiting, turns.read(workspace.jobs_folder())):
        if accept is not None and not accept(job):
            continue
        state = job.state
        if state in ENDS:
            (job.folder / ENDED).touch()
        if state not in ("queued", "interrupted") or not job.acquire():
            continue
        # Another process may have run it to its end since its state was read.
        if job.state not in ENDS and not job.cancelled and _begun(job):
            turns.note(workspace.jobs_folder(), job)
            return job
        job.release()
    return None


def waiting(owner: str | None = None) -> list[Job]:
    """The jobs that wait for a worker, in the order in which they are taken up; of one owner when given."""
    open_ = [job for job in list_jobs(ended=False) if not job.cancelled]
    queued = [job for job in open_ if job.state in ("queued", "interrupted")]
    ordered = turns.order(queued, turns.read(workspace.jobs_folder()))
    return [job for job in ordered if owner is None or job.owner == owner]


def _begun(job: Job) -> bool:
    try:
        if job.attempts < ATTEMPTS:
            job.start()
            return True
        error = f"It crashed {ATTEMPTS} times, probably because it ran out of memory."
        advice = "Choose a smaller base model, rank or batch size, and start over."
        job.emit(events.Failed(error, advice).row())
    except OSError:
        job.release()
        raise
    return False


def _read(folder: Path) -> Job | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        row = durable.read_json(folder / "spec.json")
        if row["kind"] in KINDS:
            kind = KINDS[row["kind"]]
            spec, lacks = kind.spec.completed(dict(row["spec"]))
            owner = str(row.get("owner") or "")  # those of an earlier version are whoever's who runs it
            short = False
            with suppress(TypeError):  # fields of other types, as an earlier version may have written them
                short = kind.is_short(spec)
            return Job(folder.name, folder, kind.name, spec, str(row["created"]), owner, lacks, short)
    return None
