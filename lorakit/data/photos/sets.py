"""Photos to learn a product from: any folder, zip or list of files -> upright pictures, captions and sizes.

What cannot be read becomes a finding and the rest goes on. Sizes keep the photo's shape: buckets of one area,
a few per cent cut, nothing enlarged that need not be.
"""

import copy
import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from lorakit.data.findings import Finding
from lorakit.data.photos import (
    archives,
    captions,
    helpers,
    masks,
    names,
    quality,
    sight,
    sorting,
    wording,
)
from lorakit.data.photos.buckets import size_for
from lorakit.data.photos.caption_lint import lint
from lorakit.data.photos.litter import is_litter
from lorakit.data.photos.names import shown
from lorakit.data.photos.photo import Photo
from lorakit.data.photos.quality import QualityReport
from lorakit.errors import DataError

WORKERS = 4  # threads that photos are measured in


@dataclass
class PhotoSet:
    """Photos of one product. `skipped` says what could not be used, `notes` what was done with the rest."""

    photos: list[Photo]
    trigger: str = ""
    skipped: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    @classmethod
    def from_folder(
        cls, folder: str | Path, trigger: str, captions: Mapping[str, str] | str | Path | None = None
    ) -> "PhotoSet":
        """All photos in a folder and below it, in the order of their names.

        `captions` maps file names to captions, or is a table file; it comes before captions beside the
        photos, which are found by themselves. Raises DataError when the folder is missing or has no readable
        photo.
        """
        folder = Path(folder)
        if not folder.is_dir():
            what = " is not a folder" if folder.exists() else ": no such folder"
            raise DataError(f"{shown(folder.name)}{what}; give the folder with the photos, or a ZIP of it")
        found = [
            (path.relative_to(folder).as_posix(), path)
            for parent, _, files in os.walk(folder)
            for path in (Path(parent) / name for name in files)
        ]
        refused = archives.held_back(folder)
        return _read_set(found, trigger, captions, f"the folder {shown(folder.name)}", refused)

    @classmethod
    def from_zip(
        cls,
        archive: str | Path,
        trigger: str,
        into: str | Path,
        captions: Mapping[str, str] | str | Path | None = None,
    ) -> "PhotoSet":
        """Unpack a zip safely into the folder `into` and read it. Raises DataError like `from_folder`."""
        archive, into = Path(archive), Path(into)
        refused = archives.unpack(archive, into)
        files = [(path.relative_to(into).as_posix(), path) for path in into.rglob("*") if path.is_file()]
        return _read_set(files, trigger, captions, f"the archive {shown(archive.name)}", refused)

    @classmethod
    def from_files(
        cls,
        paths: Iterable[str | Path],
        trigger: str,
        captions: Mapping[str, str] | str | Path | None = None,
    ) -> "PhotoSet":
        """Single files; caption files may be among them. Raises DataError like `from_folder`."""
        files = [(Path(path).name, Path(path)) for path in paths]
        return _read_set(files, trigger, captions, "the chosen files", [])

    @classmethod
    def from_upload(cls, paths: Iterable[str | Path], trigger: str, into: str | Path) -> "PhotoSet":
        """Photos, caption files and zips in any mixture, brought into the new folder `into` and read there.

        A zip that cannot be unpacked becomes a finding like any other file. Raises DataError like
        `from_folder`.
        """
        into = Path(into)
        refused = archives.gather([Path(path) for path in paths], into)
        archives.remember(into, refused)
        files = [(path.relative_to(into).as_posix(), path) for path in into.rglob("*") if path.is_file()]
        return _read_set(files, trigger, None, "the upload", refused)

    def report(self, area: int = quality.SMALLEST, style: bool = False) -> QualityReport:
        """`quality.assess`, for a base that was trained on pictures of `area` pixels.

        Nothing is dropped: leave out what a person agrees to leave out with `without`.
        """
        with ThreadPoolExecutor(WORKERS) as pool:  # the time goes into libraries that release the GIL
            list(pool.map(lambda photo: photo.look, self.photos))
        said = lint([photo.written for photo in self.photos], self.trigger)
        return quality.assess(self.photos, [*self.skipped, *self.notes, *said], area, style)

    def phrased(
        self,
        template: str = wording.TEMPLATE,
        of_class: str = "",
        written: Mapping[str, str] | None = None,
    ) -> "PhotoSet":
        """The set with its captions put into a template (`wording.phrased`), those of `written` (by a photo's
        name) in the place of what was read.
        """
        photos = []
        for read in self.photos:
            photo = copy.copy(read)  # and not a new one, which would be looked at again
            photo.written = captions.tidy((written or {}).get(photo.name, photo.written))
            photo.caption = wording.phrased(photo.written, self.trigger, template, of_class)
            photos.append(photo)
        return replace(self, photos=photos)

    def without(self, left_out: Iterable[str]) -> "PhotoSet":
        """The set without the photos of these names, as they are shown or as the files are called. Raises
        DataError when none would be left.
        """
        out = names.named(left_out, {photo.name: photo.real_name for photo in self.photos})
        kept = [photo for photo in self.photos if photo.name not in out]
        if not kept:
            raise DataError("all photos were left out; keep at least one, better about 30")
        return replace(self, photos=kept)

    def buckets(self, area: int, step: int) -> dict[tuple[int, int], list[Photo]]:
        """Photos by the (width, height) they are learned at: multiples of `step`, about `area` pixels.

        The nearest shape is taken (by the logarithm of the ratio). A photo that is smaller than `area` is
        learned at a smaller size rather than enlarged, down to sides of eight steps.
        """
        grouped: dict[tuple[int, int], list[Photo]] = {}
        for photo in self.photos:
            grouped.setdefault(size_for(photo.width, photo.height, area, step), []).append(photo)
        return dict(sorted(grouped.items()))


def _read_set(
    files: list[tuple[str, Path]],
    trigger: str,
    given: Mapping[str, str] | str | Path | None,
    where: str,
    refused: list[Finding],
) -> PhotoSet:
    trigger = captions.tidy(trigger or "")
    files = sorted((pair for pair in files if not is_litter(pair[0])), key=lambda pair: _natural(pair[0]))
    sorted_out = sorting.sort_out(files, captions.given(given))
    found = PhotoSet([], trigger, list(refused), list(sorted_out.notes))
    sight.ahead(path for _, path in sorted_out.photos)
    labels = names.told_apart([name for name, _ in sorted_out.photos])
    for label, (name, path) in zip(labels, sorted_out.photos, strict=True):
        photo = _read_photo(label, name, path, found)
        if photo is None:
            continue
        photo.written = sorted_out.captions.get(name, "")
        photo.caption = wording.phrased(photo.written, trigger)
        _give_mask(photo, sorted_out.masks.get(name), found)
        found.photos.append(photo)
    if not found.photos:
        reasons = "".join(f" [{finding}]" for finding in found.skipped[:3])
        raise DataError(f"{where} contains no readable photos; add JPEG or PNG photos.{reasons}")
    return found


def _read_photo(label: str, name: str, path: Path, found: PhotoSet) -> Photo | None:
    """Read one file once, small: that proves that it is whole."""
    try:
        if not path.is_file():
            raise DataError("no such file; check the name")
        seen = sight.first(path)
    except helpers.Lost:  # that says nothing about the photo
        raise
    except DataError as error:
        what, _, advice = str(error).partition("; ")
        found.skipped.append(Finding(label, "unreadable", "error", what, advice))
        return None
    photo = Photo(path, "", seen.width, seen.height, label, real_name=name)
    if seen.fingerprint is not None:
        photo.fingerprint = seen.fingerprint
    if seen.look is not None:
        photo.look = seen.look
    found.notes += [Finding(photo.name, "read", "info", note, "nothing to do") for note in seen.notes]
    return photo


def _give_mask(photo: Photo, mask: Path | None, found: PhotoSet) -> None:
    """The mask beside a photo, where it can be used."""
    if mask is None:
        return
    try:
        helpers.run(masks.check, mask, photo.width, photo.height)
    except DataError as error:
        what, _, advice = str(error).partition("; ")
        found.notes.append(Finding(shown(mask.name), "mask", "warn", f"mask not used: {what}", advice))
    else:
        photo.mask_path = mask


def _natural(name: str) -> list[tuple[int, str]]:
    """photo2 before photo10."""
    parts = re.split(r"(\d{1,18})", name.casefold())
    return [(int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in parts]
