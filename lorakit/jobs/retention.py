"""How long the workspace keeps what, and the sweep that lets the rest go. No torch here.

What a person paid for stays: adapters, finished campaigns with their pictures, written copy. What an open job
needs stays as well, however old. The rest goes by the table below, at the start of a worker and once a day.
"""

import logging
import os
import re
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lorakit import workspace
from lorakit.jobs import queue
from lorakit.jobs.disk import size_of
from lorakit.jobs.kinds import KINDS
from lorakit.store.store import TRASH

log = logging.getLogger(__name__)

DAY = 86_400.0  # seconds
TRASH_DAYS, UNUSED_DAYS, USED_DAYS = 30, 7, 30  # also what the page says
LONGEST_LOG, KEPT_LOG = 20 * 2**20, 2**20  # bytes
TEMPORARY = re.compile(r"\..*\.[0-9a-f]{8}\.tmp(\.[^.]+)?|\.incoming-.*")
PREPARED = ("contact-sheet.png", "grid.png")


@dataclass(frozen=True)
class Rule:
    """What goes after so many days without a change, and why. `find`: what there is, with its age in days."""

    what: str
    days: float
    why: str
    find: Callable[[], Iterator[tuple[Path, float]]]


@dataclass(frozen=True)
class Going:
    """One file or folder that a sweep removes."""

    rule: Rule
    path: Path
    days: float
    size: int


def _uploads() -> Iterator[tuple[Path, float]]:
    """Uploads that no job refers to."""
    used = _users()
    for path in _inside(workspace.uploads_folder()):
        if path not in used:
            yield path, _age(path)


def _used_uploads() -> Iterator[tuple[Path, float]]:
    """Uploads that ended jobs alone refer to."""
    used = _users()
    for path in _inside(workspace.uploads_folder()):
        if used.get(path) is not None:
            yield path, used[path] or 0.0


def _users() -> dict[Path, float | None]:
    """For each upload that a job refers to: None while such a job is open, else days since the last ended."""
    uploads, found = workspace.uploads_folder(), dict[Path, float | None]()
    for job in queue.list_jobs():
        for text in _texts(job.spec):
            if not Path(text).is_relative_to(uploads) or Path(text) == uploads:
                continue
            path = uploads / Path(text).relative_to(uploads).parts[0]
            since = None if job.state in queue.OPEN else _since_end(job)
            earlier = found.get(path, since)
            found[path] = None if since is None or earlier is None else min(earlier, since)
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _since_end(job: queue.Job) -> float:
    return _since(job.folder / "events.jsonl")


def _downloads() -> Iterator[tuple[Path, float]]:
    for path in _inside(workspace.home() / "downloads"):
        yield path, _age(path)


def _prepared() -> Iterator[tuple[Path, float]]:
    """Zips, contact sheets and grids of campaigns, which a click makes again."""
    for folder in _inside(workspace.campaigns_folder()):
        for path in _inside(folder):
            if path.name in PREPARED or path.suffix == ".zip":
                yield path, _age(path)


def _finished() -> Iterator[tuple[Path, float]]:
    """Checkpoints and class images of trainings that were finished."""
    yield from _of_trainings(("done",))


def _stopped() -> Iterator[tuple[Path, float]]:
    """The same of trainings that were cancelled or failed, which can be resumed from them."""
    yield from _of_trainings(("failed", "cancelled"))


def _of_trainings(states: tuple[str, ...]) -> Iterator[tuple[Path, float]]:
    for job in queue.list_jobs([kind.name for kind in KINDS.values() if kind.trains]):
        if job.state in states:
            for path in (job.folder / "checkpoints", job.folder / "class"):
                if path.is_dir():
                    yield path, _since_end(job)


def _passing() -> Iterator[tuple[Path, float]]:
    for job in queue.list_jobs([kind.name for kind in KINDS.values() if kind.passing]):
        if job.state in queue.ENDS:
            yield job.folder, _since_end(job)


def _trash() -> Iterator[tuple[Path, float]]:
    for path in _inside(workspace.adapters_folder() / TRASH):
        with suppress(OSError):
            about = path.stat()  # moving a folder changes the time of its inode alone
            yield path, (time.time() - max(about.st_mtime, about.st_ctime)) / DAY


def _sent() -> Iterator[tuple[Path, float]]:
    """What browsers sent and were given, as far as a killed page left it; a page removes its own daily."""
    for path in _inside(workspace.sent_folder()):
        yield path, _age(path)


def _temporaries() -> Iterator[tuple[Path, float]]:
    """What was being written when a process was killed."""
    for root in (workspace.home(), workspace.adapters_folder()):
        for parent, folders, files in os.walk(root):
            for name in [name for name in (*folders, *files) if TEMPORARY.fullmatch(name)]:
                yield Path(parent) / name, _age(Path(parent) / name)
            folders[:] = [name for name in folders if not TEMPORARY.fullmatch(name)]


RULES = (
    Rule("uploads", UNUSED_DAYS, "no training, campaign or catalogue uses it", _uploads),
    Rule("uploads", USED_DAYS, "the jobs that used it have ended", _used_uploads),
    Rule("uploads", 2, "was copied when it came", _sent),
    Rule("downloads", 2, "can be made again with a click", _downloads),
    Rule("downloads", 7, "can be made again with a click", _prepared),
    Rule("checkpoints", 0, "the adapter is finished", _finished),
    Rule("checkpoints", 30, "the training was stopped and not resumed", _stopped),
    Rule("measurements", 2, "was shown, and is measured again when it is needed", _passing),
    Rule("trash", TRASH_DAYS, "was moved to the trash", _trash),
    Rule("temporary files", 1, "was being written when a process ended", _temporaries),
)


def going() -> list[Going]:
    """All that a sweep would remove now."""
    found = []
    for rule in RULES:
        for path, days in rule.find():
            if days >= rule.days:
                found.append(Going(rule, path, days, size_of(path)))
    return found


def sweep() -> list[Going]:
    """Remove what has had its time; returns what went. What cannot be removed stays for the next sweep."""
    gone = []
    for one in going():
        with suppress(OSError):
            moved = one.path.with_name(f".{one.path.name[:80]}.{uuid.uuid4().hex[:8]}.tmp")
            with queue.deciding():  # a job that is started now may refer to an upload
                if one.rule.what == "uploads" and one.path in _users_of(one.rule):
                    continue
                os.replace(one.path, moved)
            gone.append(one)
            if moved.is_dir() and not moved.is_symlink():
                shutil.rmtree(moved, ignore_errors=True)
            else:
                moved.unlink()
    _shorten(workspace.home() / "worker.log")
    return gone


def _users_of(rule: Rule) -> set[Path]:
    """The uploads that this rule must leave alone."""
    return {path for path, since in _users().items() if since is None or rule.find is _uploads}


def keep_sweeping(stop: threading.Event) -> None:
    """Sweep now and daily, in a thread of its own, until told to stop."""

    def run() -> None:
        while True:
            try:
                gone = sweep()
                if gone:
                    log.warning("removed %d old files, %.1f MB", len(gone), sum(g.size for g in gone) / 1e6)
            except OSError as error:
                log.warning("old files could not be removed: %s", error)
            if stop.wait(DAY):
                return

    threading.Thread(target=run, name="sweep", daemon=True).start()


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.name[0] != ".")
    except OSError:
        return []


def _age(path: Path) -> float:
    """Days since anything in it was changed."""
    inside = [file for parent, _, files in os.walk(path) for file in (Path(parent) / name for name in files)]
    return min((_since(file) for file in (path, *inside)), default=0.0)


def _since(path: Path) -> float:
    try:
        return (time.time() - path.lstat().st_mtime) / DAY
    except OSError:
        return 0.0


def _shorten(path: Path) -> None:
    """Keep the end of a log that has grown long; whoever writes to it appends."""
    with suppress(OSError):
        if path.stat().st_size > LONGEST_LOG:
            with open(path, "rb+") as file:
                file.seek(-KEPT_LOG, os.SEEK_END)
                end = file.read()
                file.seek(0)
                file.write(end)
                file.truncate()
