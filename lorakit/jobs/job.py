"""A job as a folder: `spec.json` says what to do, `events.jsonl` what happened; its state is derived.

A running job is one whose lock a live process holds; when that process dies the lock is free again, so the
job shows as interrupted and the next worker continues it. No torch here.
"""

import errno
import os
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lorakit import durable, events, workspace
from lorakit.errors import LoraKitError
from lorakit.event import Event

ENDS = ("done", "failed", "cancelled")
OPEN = ("queued", "running", "interrupted")
PROGRESS = (events.Checkpoint, events.Image)  # what a crash cannot take back
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
    is_short: bool = False  # is somebody waiting at the page for it?
    on_event: events.Emit | None = field(default=None, repr=False, compare=False)
    _lock: FileLock | None = field(default=None, repr=False, compare=False)

    def events(self) -> list[dict[str, Any]]:
        """Everything that happened, oldest first, as it was written."""
        return [event for event in durable.read_lines(self.folder / "events.jsonl") if "event" in event]

    def history(self) -> list[Event]:
        """Everything that happened, oldest first, less the lines of no kind known."""
        return [event for event in map(events.read, self.events()) if event is not None]

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
        marks = (events.Done, events.Failed, events.Cancelled, events.Started, events.Reopened)
        read = map(events.read, reversed(self.events()))
        last = next((event for event in read if isinstance(event, marks)), None)
        if last is not None and last.kind in ENDS:
            return last.kind
        if self._held():
            return "running"
        if self.cancelled:
            return "cancelled"
        return "interrupted" if isinstance(last, events.Started) else "queued"

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
        self.emit(events.Reopened().row())
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
        self.emit(events.Started(self.attempts + 1).row())

    @property
    def attempts(self) -> int:
        """How often in a row it was begun and came to nothing. An orderly stop does not count."""
        count = 0
        for event in self.history():
            if isinstance(event, (*PROGRESS, events.Reopened)):
                count = 0
            elif isinstance(event, events.Started):
                count += 1
            elif isinstance(event, events.Interrupted):
                count -= 1
        return max(0, count)

    def progress(self) -> Progress:
        """What the page shows, from the newest events."""
        progress = Progress(self.state)
        for event in self.history():
            match event:
                case events.Started() | events.Reopened():
                    progress.message = ""
                case events.Phase(name, done, total, left):
                    _go_on(progress, name, done, total, left)
                case events.Image(_, _, done, total, left):
                    _go_on(progress, "Rendering", done, total, left)
                case events.Step(done, total, loss, left):
                    _go_on(progress, "Training", done, total, left)
                    if loss is not None:
                        progress.message = f"loss {loss:.3f}"
                case events.Note():
                    progress.message = event.text
                case events.Failed(error, advice):
                    progress.message = f"{error} {advice}".strip()
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


def _go_on(progress: Progress, phase: str, done: int, total: int, left: float | None) -> None:
    progress.phase, progress.done, progress.total = phase, done, total
    progress.seconds_left = None if left is None else max(0.0, left)


def write(kind: str, spec: dict[str, Any], owner: str = "") -> Path:
    """Write a new job's folder. Raises LoraKitError when the workspace cannot be written."""
    now = _now()
    id = f"{now[:23].translate(str.maketrans('', '', '-:.'))}-{kind}-{secrets.token_hex(3)}"
    folder = workspace.jobs_folder() / id
    try:
        with durable.replacing_folder(folder) as unfinished:
            row = {"kind": kind, "created": now, "owner": owner, "spec": spec}
            durable.write_json(unfinished / "spec.json", row)
    except OSError as error:
        what = os.strerror(error.errno or errno.EIO)
        raise LoraKitError(
            f"workspace: the job can't be saved ({what}); free up space or check permissions"
        ) from error
    return folder


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
