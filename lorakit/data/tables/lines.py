"""A file of text, opened in the encoding that it is in, and read line by line."""

import io
import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from lorakit.data.findings import Finding
from lorakit.data.tables import decoding
from lorakit.errors import DataError

LONGEST_LINE = 8 * 1024 * 1024  # characters; also of one quoted cell
PACKED = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # Office files, new and old
MOST_BYTES = 200_000_000  # of a file that has to be read whole


class Lines:
    """A stream's lines without their ends; some can be put back. Counts what is unreadable in them."""

    def __init__(self, stream: io.TextIOBase):
        self.stream, self.waiting = stream, deque[str]()
        self.zeros = self.broken = 0  # lines with zero bytes, and with bytes that are no character
        self.first_broken = 0
        self.number = 0

    def next(self) -> str | None:
        """The next line, None at the end. One that is too long comes in pieces."""
        if self.waiting:
            return self.waiting.popleft()
        line = self.stream.readline(LONGEST_LINE)
        if not line:
            return None
        self.number += 1
        if "\0" in line:
            self.zeros += 1
            line = line.replace("\0", "")
        if "\ufffd" in line:
            self.broken += 1
            self.first_broken = self.first_broken or self.number
        return line.removesuffix("\n").replace("\ufeff", "")

    def put_back(self, lines: Sequence[str]) -> None:
        """These come next, in their order."""
        self.waiting.extendleft(reversed(lines))


def opened(path: Path, encoding: str | None = None) -> tuple[io.TextIOWrapper, list[Finding]]:
    """A file as text with plain line ends, and what its encoding was taken for, unless it is UTF-8."""
    with open(path, "rb") as file:
        head = file.read(decoding.HEAD)
    if encoding:
        name, findings = decoding.known(encoding), []
    else:
        guess = decoding.detect(head, whole=len(head) < decoding.HEAD)
        name, findings = guess.name, encoding_said(path.name, guess)
    if name == "utf-8":
        name = "utf-8-sig"
    return open(path, encoding=name, errors="replace", newline=None), findings


def recoded(source: Path, target: Path, encoding: str) -> None:
    """Write a copy of a file in UTF-8; one that is no plain text (xlsx, docx) or names its own encoding (eml)
    as it is. Raises DataError.
    """
    with open(source, "rb") as file:
        if file.read(4) in PACKED or source.suffix.lower() == ".eml":
            shutil.copy2(source, target)
            return
    stream, _ = opened(source, encoding)
    with stream, open(target, "w", encoding="utf-8-sig", errors="replace", newline="") as file:
        shutil.copyfileobj(stream, file)


def whole(path: Path, encoding: str | None = None) -> tuple[str, list[Finding]]:
    """All the text of a file, and what is to be said of reading it. Raises DataError for a huge one."""
    if path.stat().st_size > MOST_BYTES:
        raise DataError(f"{path.name} is larger than {MOST_BYTES // 10**6} MB; split it into several files")
    stream, findings = opened(path, encoding)
    with stream:
        lines = Lines(stream)
        parts = []
        while (line := lines.next()) is not None:
            parts.append(line)
    return "\n".join(parts), [*findings, *unreadable(path.name, lines)]


def encoding_said(name: str, guess: decoding.Encoding) -> list[Finding]:
    """What a file's encoding was taken for; nothing for UTF-8."""
    if guess.name == "utf-8-sig":
        return []
    called = f"{guess.name}, {guess.label}"
    what = f"read as {called}" if guess.sure else f"probably {called}, and read as such"
    advice = "if characters look wrong, choose another encoding"
    usual = guess.sure or guess.name == "cp1252"
    return [Finding(name, "encoding", "info" if usual else "warn", what, advice)]


def unreadable(name: str, lines: Lines) -> Iterator[Finding]:
    """What could not be read of a text, once all its lines are read."""
    if lines.broken:
        number = "1 line contains" if lines.broken == 1 else f"{lines.broken:,} lines contain"
        what = f"{number} characters that can't be read (first in line {lines.first_broken:,})"
        yield Finding(name, "encoding", "warn", what, "choose the file's encoding, or save it as UTF-8")
    if lines.zeros:
        number = "1 line" if lines.zeros == 1 else f"{lines.zeros:,} lines"
        yield Finding(
            name, "encoding", "warn", f"NUL characters in {number} were left out", "save it as UTF-8"
        )
