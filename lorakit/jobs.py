"""Jobs as folders: `spec.json` says what to do, `events.jsonl` what happened. State is derived, never stored.

A running job is one whose lock a live process holds; when that process dies the lock is free again, so the job shows as
interrupted and the next worker continues it. No torch here.
"""

import math
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lorakit import durable, workspace
from lorakit.errors import DataError, LoraKitError, RecipeError
from lorakit.generation.copy import Brief
from lorakit.generation.plan import plan
from lorakit.training.recipe import Recipe

KINDS = ("train", "voice", "campaign", "copy")
SHORT_SHOTS = 8  # a campaign of at most this many pictures is a click somebody waits for
ATTEMPTS = 3
ENDS = ("done", "failed", "cancelled")
TEXT_LIMIT = 200  # characters of a name or trigger


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
    """One job folder."""

    id: str
    folder: Path
    kind: str
    spec: dict[str, Any]
    created: str
    _lock: FileLock | None = field(default=None, repr=False, compare=False)

    def events(self) -> list[dict[str, Any]]:
        """Everything that happened, oldest first."""
        return [event for event in durable.read_lines(self.folder / "events.jsonl") if "event" in event]

    def emit(self, event: dict[str, Any]) -> None:
        """Add an event."""
        durable.append_line(self.folder / "events.jsonl", {"time": _now(), **event})

    @property
    def state(self) -> str:
        """queued, running, interrupted, done, failed or cancelled."""
        events = self.events()
        ended = next((e["event"] for e in reversed(events) if e["event"] in ENDS), None)
        if ended:
            return ended
        if self._held():
            return "running"
        if self.cancelled:
            return "cancelled"
        return "interrupted" if any(e["event"] == "started" for e in events) else "queued"

    @property
    def cancelled(self) -> bool:
        """Was it asked to stop?"""
        return (self.folder / "cancel").exists()

    def cancel(self) -> None:
        """Ask it to stop; what is finished stays. Harmless on a job that has ended."""
        (self.folder / "cancel").touch()

    def acquire(self) -> bool:
        """Take the job for this process. False when another live process has it."""
        lock = FileLock(self.folder / "lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        self._lock = lock
        return True

    def release(self) -> None:
        """Give the job back."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    @property
    def attempts(self) -> int:
        """How often a worker began it."""
        return sum(event["event"] == "started" for event in self.events())

    @property
    def is_short(self) -> bool:
        """Is somebody waiting at the page for it?"""
        if self.kind == "campaign":
            return math.prod(len(self.spec[name]) for name in ("scenes", "formats", "seeds")) <= SHORT_SHOTS
        return self.kind == "copy"

    def progress(self) -> Progress:
        """What the page shows, from the newest events."""
        progress = Progress(self.state)
        for event in self.events():
            name = event["event"]
            if name == "started":
                progress.message = ""
            elif name == "phase":
                progress.phase = str(event.get("name", ""))
                progress.done, progress.total = int(event.get("done") or 0), int(event.get("total") or 0)
                progress.seconds_left = event.get("seconds_left")
            elif name == "step":
                progress.phase, progress.done, progress.total = "Training", event["step"], event["total"]
                progress.seconds_left = event.get("seconds_left")
                progress.message = f"loss {event['loss']:.3f}"
            elif name == "image":
                progress.phase, progress.done, progress.total = "Rendering", event["done"], event["total"]
                progress.seconds_left = event.get("seconds_left")
            elif name == "note":
                progress.message = str(event.get("text", ""))
            elif name == "failed":
                progress.message = " ".join(str(event.get(key) or "") for key in ("error", "advice")).strip()
        if progress.state == "done":
            progress.message = ""
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
        probe.release()
        return False


def create(kind: str, spec: dict[str, Any]) -> Job:
    """Check a spec and write it as a new job. Raises LoraKitError, naming the field, when it cannot run."""
    checked = _checked(kind, spec)
    now = _now()
    id = f"{now[:19].replace(':', '').replace('-', '')}-{kind}-{secrets.token_hex(3)}"
    folder = workspace.jobs_folder() / id
    with durable.replacing_folder(folder) as aside:
        durable.write_json(aside / "spec.json", {"kind": kind, "created": now, "spec": checked})
    return Job(id, folder, kind, checked, now)


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


def list_jobs(kinds: Sequence[str] | None = None) -> list[Job]:
    """All jobs, newest first; of these `kinds` only when given."""
    folder = workspace.jobs_folder()
    names = sorted((path.name for path in folder.iterdir() if path.name[0] != "."), reverse=True) if folder.is_dir() else []
    if kinds is not None:
        names = [name for name in names if any(f"-{kind}-" in name for kind in kinds)]
    return [job for name in names if (job := _read(folder / name)) is not None]


def claim(kinds: Sequence[str] | None = None, short_only: bool = False) -> Job | None:
    """Take the next job that waits: short ones first, then the oldest. Jobs that crashed too often are ended."""
    waiting = [job for job in list_jobs(kinds) if not (job.folder / "ended").exists()]
    waiting = [job for job in waiting if job.state in ("queued", "interrupted") and (job.is_short or not short_only)]
    for job in sorted(waiting, key=lambda job: (not job.is_short, job.created, job.id)):
        if not job.acquire():
            continue
        if job.attempts >= ATTEMPTS:
            job.emit({"event": "failed", "error": f"It ended the worker {ATTEMPTS} times, most likely for want of memory.",
                      "advice": "Choose a smaller base, rank or batch size, and start it anew."})  # fmt: skip
            job.release()
            continue
        job.emit({"event": "started", "attempt": job.attempts + 1})
        return job
    return None


def _read(folder: Path) -> Job | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        row = durable.read_json(folder / "spec.json")
        return Job(folder.name, folder, row["kind"], dict(row["spec"]), row["created"])
    return None


def _checked(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    if kind not in KINDS:
        raise LoraKitError(f"job: no kind {kind!r}; the kinds are {', '.join(KINDS)}")
    allowed = {
        "train": ({"base", "name", "trigger", "photos", "recipe"}, {"captions", "quantize"}),
        "voice": ({"base", "name", "texts", "recipe"}, {"quantize"}),
        "campaign": ({"base", "mix", "scenes", "formats", "seeds"}, {"steps", "guidance", "negative", "trigger", "quantize"}),
        "copy": ({"base", "mix", "brief", "variants", "seed"}, {"quantize"}),
    }[kind]
    missing, unknown = allowed[0] - set(spec), set(spec) - allowed[0] - allowed[1]
    if missing or unknown:
        what = f"{sorted(missing)[0]!r} is missing" if missing else f"{sorted(unknown)[0]!r} is not known"
        raise LoraKitError(f"{kind} job: {what}; it takes {', '.join(sorted(allowed[0] | allowed[1]))}")
    for name in ("base", "name", "trigger"):
        if name in spec and not (isinstance(spec[name], str) and len(spec[name]) <= TEXT_LIMIT):
            raise LoraKitError(f"{kind} job: {name} must be text of at most {TEXT_LIMIT} characters")
    if kind in ("train", "voice"):
        return {**spec, "recipe": Recipe.from_dict(spec["recipe"]).to_dict()}
    _check_mix(kind, spec["mix"])
    if kind == "campaign":
        plan(spec["scenes"], spec["formats"], spec["seeds"], spec.get("trigger", ""), 128 * 128, 16)
        return dict(spec)
    if not isinstance(spec["variants"], int) or not 1 <= spec["variants"] <= 20:
        raise LoraKitError("copy job: variants must be a whole number from 1 to 20")
    Brief(**spec["brief"])
    return dict(spec)


def _check_mix(kind: str, mix: Any) -> None:
    if not isinstance(mix, dict) or not all(isinstance(w, (int, float)) and math.isfinite(w) for w in mix.values()):
        raise RecipeError(f"{kind} job: the mix must give each adapter a number as its weight")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
