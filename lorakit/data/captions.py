"""Captions beside photos: `photo.txt` next to `photo.jpg`, or a captions.csv / metadata.csv / metadata.jsonl.

The tables are those of Hugging Face's imagefolder (`file_name`, `text`). A caption file beside a photo wins.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from lorakit.data.quality import Finding
from lorakit.errors import DataError

TABLES = ("captions.csv", "metadata.csv", "captions.jsonl", "metadata.jsonl")
NAME_COLUMNS = ("file_name", "filename", "file", "image", "photo", "path")
TEXT_COLUMNS = ("text", "caption", "prompt", "description")
LONGEST = 2000  # characters; text encoders read about 512 tokens
LARGEST = 20_000_000  # bytes of a table


@dataclass
class Captions:
    """Captions by file name as written (folders with "/"), and what was wrong with them."""

    by_name: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def of(self, name: str) -> str | None:
        """The caption of a photo by its name within the set, or by its bare name."""
        found = self.by_name.get(name)
        return found if found is not None else self.by_name.get(PurePosixPath(name).name)

    def missing(self, names: set[str]) -> list[Finding]:
        """One finding for each caption whose photo is not among `names`."""
        known = names | {PurePosixPath(name).name for name in names}
        advice = "add the photo, or correct the name in the captions"
        return [
            Finding(
                shown(name),
                "caption-without-photo",
                "warn",
                "has a caption, but there is no such photo",
                advice,
            )
            for name in self.by_name
            if name not in known
        ]


def read_table(path: Path) -> Captions:
    """Read a table of captions. What is wrong with it becomes a finding; the rows that can be read count."""
    name = shown(path.name)
    if path.stat().st_size > LARGEST:
        what = f"is larger than {LARGEST // 10**6} MB"
        return Captions(
            {}, [Finding(name, "captions", "error", what, "captions are short: give a smaller file")]
        )
    text = decoded(path.read_bytes())
    captions = Captions()
    try:
        rows = _jsonl(text, name, captions) if path.suffix.lower() == ".jsonl" else _csv(text)
        for file, caption in rows:
            captions.by_name[_tidy_name(file)] = tidy(caption)
    except (DataError, csv.Error) as error:
        advice = "give it one column file_name and one column text"
        captions.findings.append(Finding(name, "captions", "error", str(error), advice))
    return captions


def given(captions: Mapping[str, str] | str | Path | None) -> Captions:
    """Captions as a caller gives them: a mapping of file names, or the path of a table."""
    if captions is None:
        return Captions()
    if isinstance(captions, Mapping):
        return Captions({_tidy_name(str(name)): tidy(str(text)) for name, text in captions.items()})
    path = Path(captions)
    if not path.is_file():
        raise DataError(f"{shown(path.name)}: no such captions file; check its name")
    return read_table(path)


def read_sidecar(path: Path) -> str:
    """The caption in a text file; its beginning when it is long."""
    with open(path, "rb") as file:
        start = file.read(4 * LONGEST)
        return tidy(decoded(start, cut=len(start) == 4 * LONGEST))


def tidy(text: str) -> str:
    """One line without control characters, cut at a word when it is too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST else line[:LONGEST].rsplit(" ", 1)[0]


def shown(name: str) -> str:
    """A file name that can be shown anywhere: no control characters, no broken Unicode, not endless."""
    clean = "".join(c if c.isprintable() else "?" for c in name.encode("utf-8", "replace").decode("utf-8"))
    return clean if len(clean) <= 120 else clean[:80] + "..." + clean[-30:]


def decoded(data: bytes, cut: bool = False) -> str:
    """Text of UTF-8 or UTF-16 (by its mark), else of Windows-1252. `cut` data may end inside a character."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if cut and error.start >= len(data) - 3:
            return data[: error.start].decode("utf-8-sig")
        return data.decode("cp1252", "replace")


def _csv(text: str) -> Iterator[tuple[str, str]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [cell.strip().casefold() for cell in next(rows, [])]
    file_at = next((header.index(name) for name in NAME_COLUMNS if name in header), None)
    text_at = next((header.index(name) for name in TEXT_COLUMNS if name in header), None)
    if file_at is None or text_at is None:
        missing = "file_name" if file_at is None else "text"
        raise DataError(f"has no column {missing} (its columns: {shown(', '.join(header)) or 'none'})")
    for row in rows:
        if len(row) > max(file_at, text_at) and row[file_at].strip():
            yield row[file_at], row[text_at]


def _jsonl(text: str, name: str, captions: Captions) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = {str(key).casefold(): value for key, value in json.loads(line).items()}
        except (ValueError, AttributeError, RecursionError):
            row = {}
        file = next((row[key] for key in NAME_COLUMNS if isinstance(row.get(key), str)), None)
        caption = next((row[key] for key in TEXT_COLUMNS if isinstance(row.get(key), str)), None)
        if file is None or caption is None:
            what = f"line {number} is not a JSON object with file_name and text"
            captions.findings.append(Finding(name, "captions", "warn", what, "correct that line"))
            continue
        yield file, caption


def _tidy_name(name: str) -> str:
    return name.strip().replace("\\", "/").removeprefix("./")
