"""Writing to the store: one process at a time, under free names, and a full disk told in words."""

import errno
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock

from lorakit.errors import AdapterError

STALE_SECONDS = 3600  # assumption: no adapter takes an hour to be written
TEMPORARY = re.compile(r"\..*\.[0-9a-f]{8}\.tmp|\.incoming-.*")
CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the store in `folder`, made where it is missing; what a crash left behind goes.

    Raises AdapterError when the disk is full or read-only.
    """
    with reporting_full_disk("your adapters"):
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            _remove_stale(folder)
            yield


@contextmanager
def reporting_full_disk(what: str) -> Iterator[None]:
    """Raise AdapterError, naming `what` can't be saved, when the disk inside is full or read-only."""
    try:
        yield
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise
        why = os.strerror(error.errno or 0)
        raise AdapterError(f"{what} can't be saved ({why}); free up space or check permissions") from error


def free_name(folder: Path, name: str) -> str:
    """`name`, or the first of `name-2`, `name-3`, ... that `folder` does not contain yet."""
    number, free = 2, name
    while (folder / free).exists():
        free, number = f"{name}-{number}", number + 1
    return free


def _remove_stale(folder: Path) -> None:
    """Remove what was being prepared when a process died; what is younger may still be in work."""
    for path in folder.iterdir():
        if TEMPORARY.fullmatch(path.name):
            with suppress(OSError):
                changed = (file.stat().st_mtime for file in path.rglob("*"))
                if max(changed, default=path.stat().st_mtime) < time.time() - STALE_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)
