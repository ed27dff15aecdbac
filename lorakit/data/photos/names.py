"""Names of files as people, systems and tools write them: shown, told apart, and found again.

macOS puts U+202F into the names of screenshots and takes accents apart, other tools write a plain space or
put them together again, and a table may name a photo without its folder or its ending. A name that fits
exactly always comes first; what is merely alike counts only when one photo alone fits.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

LONGEST, START, END = 120, 80, 30  # characters that are shown of a name, and of one that is longer


def shown(name: str) -> str:
    """A file name that can be shown anywhere: no control characters, no broken Unicode, not endless."""
    clean = "".join(_printable(c) for c in name.encode("utf-8", "replace").decode("utf-8"))
    return clean if len(clean) <= LONGEST else clean[:START] + "..." + clean[-END:]


def _printable(c: str) -> str:
    if c.isprintable():
        return c
    return " " if unicodedata.category(c) == "Zs" else "?"


def told_apart(names: Sequence[str]) -> list[str]:
    """How each of these names is shown, no two of them alike: of those that would be, all but one are
    numbered, and the one that is shown exactly as it is keeps its name.
    """
    labels, taken = [shown(name) for name in names], set()
    unchanged = [label == name for label, name in zip(labels, names, strict=True)]
    for at in sorted(range(len(names)), key=lambda at: not unchanged[at]):
        label, number = labels[at], 2
        while label in taken:
            label, number = _numbered(labels[at], number), number + 1
        taken.add(label)
        labels[at] = label
    return labels


def _numbered(label: str, number: int) -> str:
    path = PurePosixPath(label)
    return label[: len(label) - len(path.suffix)] + f" ({number}){path.suffix}"


def folded(name: str) -> str:
    """The same for names that differ by case, by how accents are written, by the kind of their spaces, by
    what cannot be seen, and by spaces before the ending.
    """
    plain = unicodedata.normalize("NFKC", name.replace("\\", "/")).casefold()
    seen = "".join(" " if c.isspace() else c for c in plain if unicodedata.category(c) not in ("Cf", "Cc"))
    return re.sub(r" *([/.]|$) *", r"\1", re.sub(r" +", " ", seen)).strip()


def bare(name: str) -> str:
    """The name without its folder."""
    return name.replace("\\", "/").rpartition("/")[2]


def stem(name: str) -> str:
    """The name without its ending."""
    return name[: len(name) - len(PurePosixPath(name).suffix)]


# How a written name is compared with a photo's, from exact to merely alike. The first two may fit several
# photos (one table for several folders).
READINGS = (
    lambda name: name,
    bare,
    folded,
    lambda name: folded(bare(name)),
    lambda name: stem(folded(name)),
    lambda name: stem(folded(bare(name))),
    # A name without its ending that has a dot in it: its last part is no ending.
    lambda name: folded(bare(name)),
)
SHARED = 2  # readings under which one name may mean several photos


def matched(written: Iterable[str], photos: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Which written name belongs to each photo (by the photo's name), and which belong to none."""
    found: dict[str, str] = {}
    left = list(written)
    for level, reading in enumerate(READINGS):
        of_photo = stem if level == len(READINGS) - 1 else lambda name: name
        places: dict[str, list[str]] = {}
        for photo in photos:
            places.setdefault(reading(of_photo(photo)), []).append(photo)
        after = []
        for name in left:
            meant = places.get(reading(name), [])
            free = [photo for photo in meant if photo not in found]
            if level >= SHARED and len(free) != 1:
                free = []
            for photo in free:
                found[photo] = name
            if not free and not (meant and all(photo in found for photo in meant)):
                after.append(name)
        left = after
    return found, left


def named(asked: Iterable[str], files: Mapping[str, str]) -> set[str]:
    """The labels meant by the names that somebody gives; `files` maps each photo's label to its real name.

    Its label as shown, its real name, or, where only one photo fits, a name that is merely alike.
    """
    back: dict[str, str] = {}
    for label, real in files.items():
        back.setdefault(real, label)
    meant: set[str] = set()
    for name in asked:
        if name in files:
            meant.add(name)
        elif name in back:
            meant.add(back[name])
        else:
            like = [label for label, real in files.items() if folded(real) == folded(name)]
            meant |= set(like) if len(like) == 1 else set()
    return meant
