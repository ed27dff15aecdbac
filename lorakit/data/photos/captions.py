"""Captions beside photos: `photo.txt`, `photo.caption` or `photo.json` by `photo.jpg`, or tables of them.

A caption file beside a photo comes before a table, and what a caller gives before both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lorakit.data.findings import Finding
from lorakit.data.photos import caption_tables
from lorakit.data.photos.names import shown
from lorakit.data.tables import decoding
from lorakit.errors import DataError

BESIDE = (".txt", ".caption", ".cap", ".json")  # of a photo's caption file; of several the first counts
LONGEST = 2000  # characters; text encoders read about 512 tokens
LARGEST = 20_000_000  # bytes of a table
LARGEST_BESIDE = 200_000  # bytes of a JSON file beside a photo
COLUMNS = "it needs a file_name column and a text column"


@dataclass
class Captions:
    """Captions by file name as written (folders with "/"), and what was wrong with them."""

    by_name: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def read_table(path: Path, folder: str = "") -> Captions:
    """Read a table of captions, whose names are of photos in `folder` ("" or ending with "/"). What is wrong
    with it becomes a finding; the rows that can be read count.
    """
    name = shown(path.name)
    if path.stat().st_size > LARGEST:
        what = f"larger than {LARGEST // 10**6} MB"
        return Captions(
            {}, [Finding(name, "captions", "error", what, "captions are short; use a smaller file")]
        )
    captions = Captions()
    try:
        for row in caption_tables.rows(decoding.text_of(path.read_bytes()), path.suffix.lower()):
            if isinstance(row, str):
                captions.findings.append(Finding(name, "captions", "warn", row, "correct that line"))
            else:
                captions.by_name[folder + _tidy_name(row[0])] = tidy(row[1])
    except DataError as error:
        captions.findings.append(Finding(name, "captions", "error", shown(str(error)), COLUMNS))
    return captions


def given(captions: Mapping[str, str] | str | Path | None) -> Captions:
    """Captions as a caller gives them: a mapping of file names, or the path of a table."""
    if captions is None:
        return Captions()
    if isinstance(captions, Mapping):
        return Captions({_tidy_name(str(name)): tidy(str(text)) for name, text in captions.items()})
    path = Path(captions)
    if not path.is_file():
        raise DataError(f"{shown(path.name)}: no such captions file; check the name")
    return read_table(path)


def read_sidecar(path: Path) -> str | None:
    """The caption in a text or JSON file; its beginning when it is long. None where a JSON file says nothing
    of what is in a photo. Raises DataError for one that is not JSON.
    """
    if path.suffix.lower() == ".json":
        return _read_json(path)
    with open(path, "rb") as file:
        start = file.read(4 * LONGEST)
        return tidy(decoding.text_of(start, whole=len(start) < 4 * LONGEST))


def _read_json(path: Path) -> str | None:
    if path.stat().st_size > LARGEST_BESIDE:
        return None
    data = caption_tables.parsed(decoding.text_of(path.read_bytes()))
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    caption = caption_tables.caption_in(data)
    return None if caption is None else tidy(caption)


def tidy(text: str) -> str:
    """One line without control characters, cut at a word when it is too long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= LONGEST else line[:LONGEST].rsplit(" ", 1)[0]


def _tidy_name(name: str) -> str:
    return name.strip().replace("\\", "/").removeprefix("./")
