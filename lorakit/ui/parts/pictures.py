"""Small copies of pictures for the page, so that no folder of originals has to be served to show them."""

import base64
from functools import lru_cache
from pathlib import Path

from PIL import Image

from lorakit.data.photos import helpers, sight
from lorakit.errors import DataError
from lorakit.generation.pictures import safe_zones

PREVIEW = 512  # px: the longer side of a picture in a gallery
ZONES = 900  # px: the longer side of an image with its safe zones, which is looked at in large
THUMB = sight.CARD_SIDE  # px: the longer side of a picture in a card


def small(path: str | Path, side: int = PREVIEW) -> Image.Image | None:
    """The picture, upright and at most `side` pixels long; None when it cannot be read."""
    try:
        return _small(str(path), _changed(path), side)
    except helpers.Lost:
        return None


def with_safe_zones(path: str | Path, output: str) -> Image.Image | None:
    """A small copy that shows what the format's platform covers; None when it cannot be read."""
    try:
        return _marked(str(path), _changed(path), output)
    except helpers.Lost:
        return None


def uri(path: str | Path, side: int = THUMB) -> str:
    """The picture as a `data:` address for HTML; empty when it cannot be read."""
    known = sight.card(Path(path)) if side == THUMB else None
    try:
        return _uri(known) if known else _address(str(path), _changed(path), side)
    except helpers.Lost:
        return ""


def _uri(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _changed(path: str | Path) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=1024)  # about 8 kB each
def _address(path: str, changed: int, side: int) -> str:
    """`changed` is part of the key only: a file that is written anew is read anew."""
    try:
        return _uri(helpers.run(sight.small_copy, Path(path), side))
    except helpers.Lost:
        raise
    except DataError:
        return ""


@lru_cache(maxsize=48)  # up to 0.8 MB each
def _small(path: str, changed: int, side: int) -> Image.Image | None:
    try:
        size, pixels = helpers.run(sight.small_pixels, Path(path), side)
    except helpers.Lost:
        raise
    except DataError:
        return None
    return Image.frombytes("RGB", size, pixels)


@lru_cache(maxsize=48)  # up to 1.4 MB each
def _marked(path: str, changed: int, output: str) -> Image.Image | None:
    try:
        size, pixels = helpers.run(safe_zones.preview, Path(path), output, ZONES)
    except helpers.Lost:
        raise
    except (DataError, OSError):
        return None
    return Image.frombytes("RGB", size, pixels)
