"""Writing so that nothing is ever half there: write aside, fsync, rename.

Covers single files, whole folders and append-only JSON lines. It does not lock: callers that may collide
hold a lock of their own.
"""

import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HALVES = re.compile("[\ud800-\udfff]")


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name[:80]}.{uuid.uuid4().hex[:8]}.tmp")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    # Windows cannot open folders; there the rename itself is all there is.
    if os.name == "posix":
        _sync(folder)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; on success it is synced and renamed over it, on error removed."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last, because writers such as Pillow choose the file type by it.
    unfinished = _unfinished(path).with_suffix(".tmp" + path.suffix)
    try:
        yield unfinished
        _sync(unfinished)
        os.replace(unfinished, path)
        _sync_folder(path.parent)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: str | Path) -> Iterator[Path]:
    """Give an empty temporary folder beside `path`.

    On success it takes the place of `path`, on error it goes.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = _unfinished(path)
    unfinished.mkdir()
    try:
        yield unfinished
        for file in unfinished.rglob("*"):
            if file.is_file():
                _sync(file)
        if path.exists():
            old = _unfinished(path)
            os.replace(path, old)
            os.replace(unfinished, path)
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(unfinished, path)
        _sync_folder(path.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def sha256(path: str | Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(data: Any) -> str:
    """A short hash of JSON-able data, the same for the same content in any order of its keys."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path`, all or nothing."""
    with replacing(path) as unfinished:
        unfinished.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8 to `path`, all or nothing."""
    write_bytes(path, whole(text).encode("utf-8"))


def whole(text: str) -> str:
    """`text` with U+FFFD for each half of a character (a lone surrogate), as browsers write it (WHATWG Infra,
    "scalar value string"): no file and no page can hold half of one.
    """
    return HALVES.sub("\ufffd", text)


def _json(obj: Any, indent: int | None = None) -> bytes:
    text = json.dumps(obj, indent=indent, ensure_ascii=False)
    if HALVES.search(text):  # in names of files that are not UTF-8, which must stay as they are
        text = json.dumps(obj, indent=indent)
    return text.encode("utf-8")


def write_json(path: str | Path, obj: Any) -> None:
    """Write `obj` as readable JSON to `path`, all or nothing."""
    write_bytes(path, _json(obj, indent=2) + b"\n")


def read_json(path: str | Path) -> Any:
    """Read one JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def append_line(path: str | Path, obj: Any) -> None:
    """Append `obj` as one line of JSON and sync it.

    A file whose last line was torn by a crash is continued on a fresh line, so one torn line never spoils
    the next.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = _json(obj) + b"\n"
    with open(path, "ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: str | Path) -> list[dict[str, Any]]:
    """Read JSON lines; lines that are torn or corrupt are skipped, a missing file is empty."""
    path = Path(path)
    if not path.exists():
        return []
    rows = []
    for line in path.read_bytes().split(b"\n"):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            rows.append(row)
    return rows
