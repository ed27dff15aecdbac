"""File names out of archives and uploads, made safe for every system."""

import re
import sys
import unicodedata
from pathlib import Path

DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


class UniqueNames:
    """The names that are given out within one folder: no two are alike on any system, and a photo and its
    caption stay called alike but for their endings.
    """

    def __init__(self) -> None:
        self.taken: set[str] = set()
        self.numbers: dict[str, int] = {}  # by the original name without its ending

    def take(self, safe: Path, original: str) -> Path:
        """The safe path, numbered when it is taken already; or with the number of its `original` name."""
        own = original[: len(original) - len(Path(original).suffix)]
        number = self.numbers.get(own, 1)
        while _key(path := numbered(safe, number)) in self.taken:
            number += 1
        self.numbers.setdefault(own, number)
        self.taken.add(_key(path))
        return path


def _key(path: Path) -> str:
    """What a system tells names by: macOS holds two ways of writing an accent for one name."""
    name = path.as_posix().casefold()
    return unicodedata.normalize("NFC", name) if sys.platform == "darwin" else name


def numbered(path: Path, number: int) -> Path:
    return path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")


def safe_name(part: str) -> str:
    """A file name that every system can keep, in any script, with its spaces of any kind and its accents as
    they are written: captions may name it so.
    """
    clean = "".join(
        "_" if c in '<>:"|?*' or not (c.isprintable() or unicodedata.category(c) == "Zs") else c for c in part
    )
    clean = clean.strip(" .") or "file"
    stem, dot, ending = clean.rpartition(".")
    stem, ending = (stem, dot + ending[:10]) if stem else (clean, "")
    while len(stem.encode()) > 150:
        stem = stem[:-8]
    return ("_" if DEVICES.match(stem) else "") + stem + ending
