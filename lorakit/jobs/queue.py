"""Jobs as folders: `spec.json` says what to do, `events.jsonl` what happened. State is derived, never stored.

A running job is one whose lock a live process holds; when that process dies the lock is free again, so the
job shows as interrupted and the next worker continues it. No torch here.
"""

import errno
import math
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lorakit import durable, workspace
from lorakit.errors import DataError, LoraKitError
from lorakit.jobs import turns
from lorakit.jobs.specs import KINDS, checked, completed, mixes_of

SHORT_SHOTS = 8  # a campaign of at most this many pictures is a click somebody waits for
ATTEMPTS = 3  # starts in a row that came to nothing before a job counts as impossible
ENDS = ("done", "failed", "cancelled")
OPEN = ("queued", "running", "interrupted")
PROGRESS = ("checkpoint", "image")  # events that a crash cannot take back
ENDED = "ended"  # an empty file that saves the worker from reading the events of jobs long over


@dataclass
class Progress:
    """How far a job is. `seconds_left` is None when nothing can be said yet."""

    state: str
    phase: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    message: str = ""


@dataclass
class Job:
    """One job folder. `owner` is "" for whoever runs the studio, and stands for one browser otherwise."""

    id: str
    folder: Path
    kind: str
    spec: dict[str, Any]
    created: str
    owner: str = ""
    lacks: tuple[str, ...] = ()  # fields of its kind that its stored spec does not have
    on_event: Callable[[dict[str, Any]], None] | None = field(default=None, repr=False, compare=False)
    _lock: FileLock | None = field(default=None, repr=False, compare=False)

    def events(self) -> list[dict[str, Any]]:
        """Everything that happened, oldest first."""
        return [event for event in durable.read_lines(self.folder / "events.jsonl") if "event" in event]

    def emit(self, event: dict[str, Any]) -> None:
        """Add an event."""
        durable.append_line(self.folder / "events.jsonl", {"time": _now(), **event})
        if event["event"] in ENDS:
            (self.folder / ENDED).touch()
        if self.on_event is not None:
            self.on_event(event)

    @property
    def state(self) -> str:
        """queued, running, interrupted, done, failed or cancelled."""
        events = self.events()
        marks = (*ENDS, "started", "reopened")
        last = next((e["event"] for e in reversed(events) if e["event"] in marks), None)
        if last in ENDS:
            return last
        if self._held():
            return "running"
        if self.cancelled:
            return "cancelled"
        return "interrupted" if last == "started" else "queued"

    @property
    def cancelled(self) -> bool:
        """Was it asked to stop?"""
        return (self.folder / "cancel").exists()

    def cancel(self) -> None:
        """Ask it to stop; what is finished stays. Harmless on a job that has ended."""
        (self.folder / "cancel").touch()

    def reopen(self) -> bool:
        """Let a worker take up a job again that failed or was cancelled: it goes on where its files end.

        False when it is neither.
        """
        if self.state not in ("failed", "cancelled"):
            return False
        self.emit({"event": "reopened"})
        for name in ("cancel", ENDED):
            (self.folder / name).unlink(missing_ok=True)
        return True

    def acquire(self) -> bool:
        """Take the job for this process. False when another live process has it."""
        lock = FileLock(self.folder / "lock")
        try:
            lock.acquire(timeout=0.2)  # a page that asks for the state holds it for an instant
        except Timeout:
            return False
        self._lock = lock
        return True

    def release(self) -> None:
        """Give the job back."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def start(self) -> None:
        """Say that an acquired job begins, or goes on."""
        self.emit({"event": "started", "attempt": self.attempts + 1})

    @property
    def attempts(self) -> int:
        """How often in a row it was begun and came to nothing. An orderly stop does not count."""
        count = 0
        for event in self.events():
            if event["event"] in (*PROGRESS, "reopened"):
                count = 0
            else:
                count += {"started": 1, "interrupted": -1}.get(event["event"], 0)
        return max(0, count)

    @property
    def is_short(self) -> bool:
        """Is somebody waiting at the page for it?"""
        if self.kind == "campaign":
            shots = math.prod(len(self.spec.get(name, ())) for name in ("scenes", "formats", "seeds"))
            return shots * len(mixes_of(self.spec)) <= SHORT_SHOTS
        return self.kind in ("copy", "check", "forecast", "caption")

    def progress(self) -> Progress:
        """What the page shows, from the newest events."""
        progress = Progress(self.state)
        for event in self.events():
            name = event["event"]
            if name in ("started", "reopened"):
                progress.message = ""
            elif name in ("phase", "step", "image"):
                progress.phase = {"step": "Training", "image": "Rendering"}.get(name) or str(
                    event.get("name") or ""
                )
                progress.done, progress.total = (
                    _count(event, "step" if name == "step" else "done"),
                    _count(event, "total"),
                )
                left = event.get("seconds_left")
                progress.seconds_left = max(0.0, float(left)) if isinstance(left, int | float) else None
                if name == "step" and isinstance(event.get("loss"), int | float):
                    progress.message = f"loss {event['loss']:.3f}"
            elif name == "note":
                progress.message = str(event.get("text") or "")
            elif name == "failed":
                progress.message = " ".join(str(event.get(key) or "") for key in ("error", "advice")).strip()
        if progress.state == "done":
            progress.message = ""
        if progress.state != "running":
            progress.seconds_left = None
        return progress

    def _held(self) -> bool:
        if self._lock is not None:
            return True
        if not (self.folder / "lock").exists():
            return False
        probe = FileLock(self.folder / "lock")
        try:
            probe.acquire(timeout=0)
        except Timeout:
            return True
        except OSError:  # no leave to open it: nobody of this account runs it
            return False
        probe.release()
        return False


def _count(event: dict[str, Any], name: str) -> int:
    value = event.get(name)
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0


def create(kind: str, spec: dict[str, Any], owner: str = "") -> Job:
    """Check a spec and write it as a new job. Raises LoraKitError, naming the field, when it cannot run."""
    spec = checked(kind, spec)
    now = _now()
    id = f"{now[:23].translate(str.maketrans('', '', '-:.'))}-{kind}-{secrets.token_hex(3)}"
    folder = workspace.jobs_folder() / id
    try:
        with durable.replacing_folder(folder) as aside:
            row = {"kind": kind, "created": now, "owner": owner, "spec": spec}
            durable.write_json(aside / "spec.json", row)
    except OSError as error:
        what = os.strerror(error.errno or errno.EIO)
        raise LoraKitError(
            f"workspace: the job can't be saved ({what}); free up space or check permissions"
        ) from error
    return Job(id, folder, kind, spec, now, owner)


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
        raise DataError(f"{Path(folder).name}: is not a job folder (it has no readable spec.json)")
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
        error = f"It ended the worker {ATTEMPTS} times, most likely for want of memory."
        advice = "Choose a smaller base, rank or batch size, and start it anew."
        job.emit({"event": "failed", "error": error, "advice": advice})
    except OSError:
        job.release()
        raise
    return False


def _read(folder: Path) -> Job | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        row = durable.read_json(folder / "spec.json")
        if row["kind"] in KINDS:
            owner = str(row.get("owner") or "")  # those of an earlier version are whoever's who runs it
            spec, lacks = completed(row["kind"], dict(row["spec"]))
            return Job(folder.name, folder, row["kind"], spec, str(row["created"]), owner, lacks)
    return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
