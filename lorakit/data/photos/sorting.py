"""What each file of a photo set is: a photo, its caption, its mask, a table of captions, or neither.

Told by name first, by content where the name says nothing. Whatever is passed over is said: leftovers of
other programs in one line, captions without a photo by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from lorakit.data.findings import Finding
from lorakit.data.photos import (
    caption_tables,
    captions,
    leftovers,
    masks,
    names,
)
from lorakit.data.photos.caption_tables import PICTURES
from lorakit.data.photos.file_types import UNSUPPORTED, is_picture
from lorakit.data.photos.names import folded, shown, stem
from lorakit.errors import DataError

File = tuple[str, Path]  # its name within the set (folders with "/"), and where it is
MORE = (".jpe", ".jfif", ".jif", ".dib", ".jp2", ".j2k", ".jxl", ".hif", ".apng", ".mpo")
# What is passed over beside a photo of the same name, and what it is.
COMPANIONS = {
    **dict.fromkeys((".mov", ".mp4"), "the moving parts of Live Photos"),
    **dict.fromkeys(
        (
            ".cr2",
            ".cr3",
            ".nef",
            ".arw",
            ".dng",
            ".orf",
            ".rw2",
            ".raf",
            ".psd",
            ".psb",
            ".ai",
            ".eps",
            ".svg",
        ),
        "originals of photos that are already included",
    ),
}
SINGLY = 3  # findings of a kind; more become one that names so many
BY_NAME = frozenset((*PICTURES, *MORE, *(ending for row in UNSUPPORTED for ending in row[2])))


@dataclass
class Sorted:
    """The photos of a set in order, and by each photo's name its caption and its mask, where it has one."""

    photos: list[File] = field(default_factory=list)
    captions: dict[str, str] = field(default_factory=dict)
    masks: dict[str, Path] = field(default_factory=dict)
    notes: list[Finding] = field(default_factory=list)


def sort_out(files: Sequence[File], given: captions.Captions) -> Sorted:
    """Sort the files of a set; `given` captions come before all that is read."""
    result = Sorted(notes=list(given.findings))
    pictures, texts, tables, passed = _by_kind(files)
    pictures, made = _without_previews(pictures)
    pictures, result.masks, alone = masks.pair(pictures)
    pictures, companions = _without_companions(pictures)
    made += companions
    result.photos = pictures
    here = [name for name, _ in pictures]
    sidecars, orphans, silent, sidecar_notes = _beside(texts, here)
    passed += silent
    result.notes += sidecar_notes
    read, unread = _read_tables(
        [*tables, *(file for file in orphans if file[1].suffix.lower() == ".json")], here
    )
    passed += unread
    tabled, missing = names.matched(read.by_name, here)
    result.captions = {photo: read.by_name[name] for photo, name in tabled.items()} | sidecars
    real = dict(zip(names.told_apart(here), here, strict=True))
    renamed = {real.get(name, name): caption for name, caption in given.by_name.items()}
    extra, lost_too = names.matched(renamed, here)
    result.captions |= {photo: renamed[name] for photo, name in extra.items()}
    missing += lost_too
    lost = [name for name, path in orphans if path.suffix.lower() != ".json"]
    passed += [name for name in lost if leftovers.is_instruction(name)]
    lost = [name for name in lost if not leftovers.is_instruction(name)]
    result.notes += [*read.findings, *_without_photo(missing, lost), *_of_masks(result.masks, alone)]
    result.notes += [*leftovers.repeats(here), *leftovers.summary(passed, made)]
    return result


def _by_kind(files: Sequence[File]) -> tuple[list[File], list[File], list[File], list[str]]:
    """Pictures, caption files, tables, and the names of what is neither."""
    pictures, texts, tables, passed = [], [], [], []
    for name, path in files:
        ending = path.suffix.lower()
        if leftovers.is_leftover(name):
            passed.append(name)
        elif ending == ".json" or (ending in captions.BESIDE and ending not in caption_tables.TABLES):
            texts.append((name, path))
        elif ending in caption_tables.TABLES:
            tables.append((name, path))
        elif ending in BY_NAME or not path.is_file() or is_picture(path):
            pictures.append((name, path))
        else:
            passed.append(name)
    return pictures, texts, tables, passed


def _without_previews(pictures: Sequence[File]) -> tuple[list[File], list[tuple[str, str]]]:
    """The pictures without those that a training made, unless there are no others."""
    made = [(name, what) for name, _ in pictures if (what := leftovers.made_by_a_training(name))]
    out = {name for name, _ in made}
    photos = [(name, path) for name, path in pictures if name not in out and not _is_kept_beside(name)]
    if not photos:
        return list(pictures), []
    made += [(name, "a trainer's files next to the photos") for name, _ in pictures if _is_kept_beside(name)]
    return photos, made


def _is_kept_beside(name: str) -> bool:
    return folded(PurePosixPath(name).stem).endswith(leftovers.KEPT_BESIDE)


def _without_companions(pictures: Sequence[File]) -> tuple[list[File], list[tuple[str, str]]]:
    """The pictures without what a camera or an editor kept beside one of them under the same name."""
    stills = {folded(stem(name)) for name, path in pictures if path.suffix.lower() in (*PICTURES, *MORE)}
    other = [
        (name, COMPANIONS[path.suffix.lower()])
        for name, path in pictures
        if path.suffix.lower() in COMPANIONS and folded(stem(name)) in stills
    ]
    out = {name for name, _ in other}
    return [file for file in pictures if file[0] not in out], other


def _beside(
    texts: Sequence[File], photos: Sequence[str]
) -> tuple[dict[str, str], list[File], list[str], list[Finding]]:
    """The captions of files beside their photos, files without a photo, files that say nothing of theirs,
    and what was wrong with them.
    """
    exact: dict[str, list[str]] = {}
    alike: dict[str, list[str]] = {}
    for photo in photos:
        for key in (photo, stem(photo)):
            exact.setdefault(key, []).append(photo)
            alike.setdefault(folded(key), []).append(photo)
    captions_found: dict[str, tuple[int, str]] = {}
    orphans: list[File] = []
    silent: list[str] = []
    broken: list[str] = []
    twice = 0
    for name, path in texts:
        key_of_file = stem(name)
        meant = exact.get(key_of_file) or [
            photo for photo in alike.get(folded(key_of_file), []) if len(alike[folded(key_of_file)]) == 1
        ]
        if not meant or not path.is_file():
            orphans.append((name, path))
            continue
        try:
            caption = captions.read_sidecar(path)
        except DataError:
            broken.append(name)
            continue
        if caption is None:
            silent.append(name)
            continue
        rank = captions.BESIDE.index(path.suffix.lower())
        for photo in meant:
            known = captions_found.get(photo)
            twice += known is not None and bool(caption) and caption != known[1]
            if known is None or (rank < known[0] and caption) or not known[1]:
                captions_found[photo] = rank, caption
    advice = "correct it, or put the caption into a text file named like the photo"
    notes = _few("captions", "warn", broken, "not valid JSON", "files are not valid JSON", advice)
    if twice:
        what = f"{twice} photo{'s have' if twice > 1 else ' has'} conflicting caption files"
        order = ", then ".join(captions.BESIDE)
        notes.append(
            Finding("", "captions", "info", what, f"the first found is used ({order}); remove the others")
        )
    return {photo: caption for photo, (_, caption) in captions_found.items()}, orphans, silent, notes


def _read_tables(tables: Sequence[File], photos: Sequence[str]) -> tuple[captions.Captions, list[str]]:
    """All captions that tables give, and the names of files that turned out to be no tables of captions."""
    read, passed = captions.Captions(), []
    for name, path in tables:
        if not path.is_file():
            continue
        table = captions.read_table(path, name[: -len(path.name)])
        if not caption_tables.is_named(name) and not names.matched(table.by_name, photos)[0]:
            passed.append(name)  # another program's data
            continue
        read.by_name |= table.by_name
        read.findings += table.findings
    return read, passed


def _without_photo(rows: Sequence[str], files: Sequence[str]) -> list[Finding]:
    """Captions whose photos are not there: of tables, and in files of their own."""
    row_advice = "add the photo, or correct the file name in the captions"
    advice = "name it like its photo (photo.jpg, photo.txt), or remove it"
    return [
        *_few("caption-without-photo", "warn", rows, "listed with a caption, but the photo is missing",
              "captions belong to missing photos", row_advice),
        *_few("caption-without-photo", "info", files, "a text file with no photo of that name",
              "text files match no photo", advice),
    ]  # fmt: skip


def _few(kind: str, severity: str, which: Sequence[str], one: str, many: str, advice: str) -> list[Finding]:
    """One finding each, or one for all where there are more than a few."""
    if len(which) <= SINGLY:
        return [Finding(shown(name), kind, severity, one, advice) for name in which]
    some = ", ".join(shown(name) for name in which[:SINGLY])
    return [
        Finding("", kind, severity, f"{len(which)} {many} ({some} and {len(which) - SINGLY} more)", advice)
    ]


def _of_masks(found: dict[str, Path], alone: Sequence[str]) -> list[Finding]:
    notes = _few(
        "mask-without-photo", "warn", alone, "a mask with no photo of that name",
        "masks match no photo", "name it like its photo, or remove it",
    )  # fmt: skip
    if found:
        many = len(found) > 1
        what = f"{len(found)} photo{'s have' if many else ' has'} a mask"
        notes.append(Finding("", "masks", "info", what, "nothing to do: white in a mask marks the product"))
    return notes
