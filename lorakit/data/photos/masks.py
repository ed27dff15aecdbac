"""Masks beside photos: pictures that are white where the product is.

OneTrainer calls them `photo-masklabel.png`; kohya's scripts, ai-toolkit and others keep them in a folder of
their own under the photo's name. A picture counts as a mask only when it looks like one, so that photos of
party masks stay photos.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from lorakit.data.photos import helpers
from lorakit.data.photos.images import read_picture
from lorakit.data.photos.names import folded, stem
from lorakit.errors import DataError

CERTAIN = "-masklabel"
SUFFIX = re.compile(r"^(.+?)(?:[-_. ](?:mask(?:label)?|matte|alpha|seg))$", re.IGNORECASE)
FOLDER = re.compile(r"^(?:.*[-_ ])?(?:masks?|mattes?|conditioning(?:[-_ ](?:data|images?))?)$", re.IGNORECASE)
LOOKED_AT = 256  # pixels of the side that a picture is judged at
GREY = 12  # of 255: channels that differ by no more
NEARLY, MOSTLY = 48, 0.8  # of 255 from black or white, and the share of a mask that is so
LEAST = 0.002  # share of a mask that is white
APART = 0.03  # by which the shapes of a mask and its photo may differ


def pair(files: Iterable[tuple[str, Path]]) -> tuple[list[tuple[str, Path]], dict[str, Path], list[str]]:
    """The photos among these pictures, the mask of each by the photo's name, and masks without a photo."""
    files = list(files)
    doubtful = [(name, path) for name, path in files if _of(name) is not None]
    if not doubtful:
        return files, {}, []
    photos = {name: path for name, path in files if _of(name) is None}
    found: dict[str, Path] = {}
    alone: list[str] = []
    for name, path in doubtful:
        sure = folded(PurePosixPath(name).stem).endswith(CERTAIN)
        photo = _photo_of(name, photos)
        elsewhere = any(FOLDER.match(part) for part in PurePosixPath(name).parts[:-1])
        if not sure and ((photo is None and not elsewhere) or not helpers.run(looks_like_one, path)):
            photos[name] = path
        elif photo is None:
            alone.append(name)
        else:
            found.setdefault(photo, path)
    return [(name, path) for name, path in files if name in photos], found, alone


def _of(name: str) -> tuple[str, bool] | None:
    """The stem of the photo that a picture may be the mask of, and whether that lies in another folder."""
    path = PurePosixPath(name)
    if match := SUFFIX.match(path.stem):
        return str(path.with_name(match[1])), any(FOLDER.match(part) for part in path.parts[:-1])
    if any(FOLDER.match(part) for part in path.parts[:-1]):
        return str(path.with_suffix("")), True
    return None


def _photo_of(name: str, photos: Mapping[str, Path]) -> str | None:
    """The photo that a mask belongs to: under its name in the same folder, in the one without "mask" in its
    name, or the only one of that name anywhere.
    """
    meant = _of(name)
    if meant is None:
        return None
    wanted, elsewhere = meant
    by_stem: dict[str, list[str]] = {}
    for photo in photos:
        by_stem.setdefault(folded(stem(photo)), []).append(photo)
    places = [wanted]
    if elsewhere:
        parts = PurePosixPath(wanted).parts
        without = [part for part in parts[:-1] if not FOLDER.match(part)]
        named = [
            re.sub(r"[-_ ](?:masks?|mattes?|conditioning.*)$", "", part, flags=re.I) for part in parts[:-1]
        ]
        places += ["/".join([*without, parts[-1]]), "/".join([*named, parts[-1]])]
    for place in places:
        if found := by_stem.get(folded(place)):
            return found[0]
    last = folded(PurePosixPath(wanted).name)
    like = [photo for key, some in by_stem.items() for photo in some if PurePosixPath(key).name == last]
    return like[0] if elsewhere and len(like) == 1 else None


def looks_like_one(path: Path) -> bool:
    """Is this picture grey, nearly all of it black or white, and some of it white?"""
    try:
        picture = read_picture(path, (LOOKED_AT, LOOKED_AT))
    except DataError:
        return False
    if picture.mask is not None and np.ptp(np.asarray(picture.image)[np.asarray(picture.mask) > 127]) <= GREY:
        return True
    small = picture.image.resize((LOOKED_AT, LOOKED_AT), Image.Resampling.NEAREST)
    pixels = np.asarray(small, np.int16)
    grey = np.ptp(pixels, axis=-1).max() <= GREY
    tone = pixels.mean(-1)
    plain = ((tone <= NEARLY) | (tone >= 255 - NEARLY)).mean() >= MOSTLY
    return bool(grey and plain and (tone > 127).mean() >= LEAST and (tone < 128).any())


def check(path: Path, width: int, height: int) -> None:
    """Raises DataError as `read_mask` does."""
    read_mask(path, width, height)


def read_mask(path: Path, width: int, height: int) -> Image.Image:
    """The mask (L, 255 where the product is) in its photo's size. Raises DataError if it cannot be used."""
    picture = read_picture(path)
    if abs(np.log(picture.width / picture.height * height / width)) > APART:
        was = f"{picture.width}×{picture.height} for a {width}×{height} photo"
        raise DataError(f"its shape differs from the photo's ({was}); draw it on the photo itself")
    # In an editor a mask is often white on nothing at all.
    mask = picture.mask if picture.mask is not None else picture.image.convert("L")
    if np.asarray(mask).max() < 128:
        raise DataError("it contains no white; make it white where the product is")
    return mask.resize((width, height), Image.Resampling.BILINEAR)
