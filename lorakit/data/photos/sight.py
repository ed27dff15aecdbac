"""What is known of a photo's file after it was opened once: size, figures for the gate, and a small copy.

Opened in this process or by helpers (`helpers.use`), and then remembered as long as the file is the same.
"""

import io
import threading
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lorakit.data.photos import helpers, look
from lorakit.data.photos.images import read_picture
from lorakit.data.photos.look import Look
from lorakit.errors import DataError

FIRST_SIDE = 256  # pixels that a file is opened at to see that it is whole
CARD_SIDE = 160  # pixels of the longer side of a small copy
QUALITY = 85  # of a small copy, as a JPEG
MOST_KEPT = 10_000  # photos; each takes about 15 kB


@dataclass(frozen=True, eq=False)
class Sight:
    """One photo. Helpers take `look` and `card`, which this process would open it again for."""

    width: int
    height: int
    notes: tuple[str, ...]
    fingerprint: np.ndarray | None = None
    look: Look | None = None
    card: bytes = b""  # a JPEG


def first(path: Path) -> Sight:
    """Open a file once, as small as it can be: that proves that it is whole. Raises DataError."""
    if helpers.in_use() is not None:
        return _kept(path)
    picture = read_picture(path, (FIRST_SIDE, FIRST_SIDE))
    return Sight(picture.width, picture.height, picture.notes, look.fingerprint(picture.image))


def look_at(path: Path) -> Look:
    """What the gate judges by. Raises DataError."""
    sight = _kept(path) if helpers.in_use() is not None else None
    return sight.look if sight is not None and sight.look is not None else take_look(path)


def card(path: Path) -> bytes | None:
    """A small copy as a JPEG, when the photo was opened already."""
    sight = _known.get(_key(path))
    return sight.card if isinstance(sight, Sight) else None


def ahead(paths: Iterable[Path]) -> None:
    """Have helpers open these, side by side, so that `first` and `look_at` find them opened."""
    used = helpers.in_use()
    if used is None:
        return
    for path in paths:
        with _lock:
            key = _key(path)
            if key not in _known and key not in _coming:
                _coming[key] = used.ask(take, path)


def take_look(path: Path) -> Look:
    """Measure a photo now."""
    picture = read_picture(path, (look.SIDE, look.SIDE))
    return look.take_look(picture.image, picture.quality)


def take(path: Path) -> Sight:
    """All that the page needs to know of a photo, from opening it once. Raises DataError."""
    picture = read_picture(path, (look.SIDE, look.SIDE))
    measures = look.take_look(picture.image, picture.quality)
    return Sight(
        picture.width, picture.height, picture.notes, None, measures, _jpeg(picture.image, CARD_SIDE)
    )


def small_copy(path: Path, side: int) -> bytes:
    """A picture at most `side` pixels long, as a JPEG. Raises DataError."""
    return _jpeg(read_picture(path, (side, side)).image, side)


def small_pixels(path: Path, side: int) -> tuple[tuple[int, int], bytes]:
    """The same as (width, height) and its RGB values. Raises DataError."""
    image = read_picture(path, (side, side)).image
    image.thumbnail((side, side))
    return image.size, image.tobytes()


def _jpeg(image: Image.Image, side: int) -> bytes:
    small, file = image.copy(), io.BytesIO()
    small.thumbnail((side, side))
    small.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


_lock = threading.Lock()
_known: OrderedDict[Any, Sight | DataError] = OrderedDict()
_coming: dict[Any, "Future[Sight]"] = {}


def _kept(path: Path) -> Sight:
    """A photo as helpers saw it, now or earlier."""
    key = _key(path)
    with _lock:
        sight, coming = _known.get(key), _coming.pop(key, None)
    if sight is None:
        try:
            sight = coming.result() if coming is not None else helpers.run(take, path)
        except CancelledError:  # whoever asked first has left
            sight = helpers.run(take, path)
        except helpers.Lost:
            raise
        except DataError as error:
            sight = error
        with _lock:
            _known[key] = sight
            while len(_known) > MOST_KEPT:
                _known.popitem(last=False)
    if isinstance(sight, DataError):
        raise DataError(str(sight))
    return sight


def _key(path: Path) -> Any:
    try:
        about = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), about.st_mtime_ns, about.st_size
