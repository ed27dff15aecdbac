"""Small copies of pictures for the page, so that no folder of originals has to be served to show them."""

import base64
import io
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageOps

from lorakit.data import images

PREVIEW = 512  # px: the longer side of a picture in a gallery
THUMB = 160  # px: the longer side of a picture in a card


def small(path: str | Path, side: int = PREVIEW) -> Image.Image | None:
    """The picture, upright and at most `side` pixels long; None when it cannot be read."""
    return _small(str(path), _changed(path), side)


def uri(path: str | Path, side: int = THUMB) -> str:
    """The picture as a `data:` address for HTML; empty when it cannot be read."""
    image = small(path, side)
    if image is None:
        return ""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def _changed(path: str | Path) -> int:
    try:
        return Path(path).stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=256)
def _small(path: str, changed: int, side: int) -> Image.Image | None:
    """`changed` is part of the key only: a file that is written anew is read anew."""
    try:
        with Image.open(path, formats=images.formats()) as image:
            image.draft("RGB", (side, side))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((side, side))
            return upright.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
