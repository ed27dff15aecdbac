"""Opening any picture file as upright sRGB, or saying why that cannot be.

Covers EXIF orientation, transparency (on white), CMYK, 16 bits, floats, palettes, grey, animations (the first
frame) and colour profiles, also broken ones. Only what Pillow and pillow-heif decode by themselves is
tried, so no file starts another program. Of an HDR photo the picture for ordinary screens is taken. Not
covered: JPEG XL, camera raw and vector formats, which are named.
"""

import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import Timeout
from PIL import Image, UnidentifiedImageError

from lorakit.data.photos.buckets import Framing
from lorakit.data.photos.file_types import SAVE_AS, formats, is_heic, unsupported_kind
from lorakit.data.photos.pixels import SWAPS, alpha_mask, orientation, plain_mode, to_srgb
from lorakit.errors import DataError

MOST_PIXELS = 100_000_000  # 400 MB in Pillow; a medium format camera's photo
# Of formats whose decoders take several times that, measured: 16, 19 and 12 bytes for a pixel.
MOST_OF = {"WEBP": 50_000_000, "JPEG2000": 25_000_000, "AVIF": 50_000_000, "HEIF": 50_000_000}
LARGE = 20_000_000  # pixels; what is larger is made smaller in strips before anything else is done with it
STRIP = 2_000_000  # pixels of a strip
AT_ONCE = 25_000_000  # pixels that are open in one process; a photo of more waits until it is alone


@dataclass(frozen=True, eq=False)
class Picture:
    """An upright RGB image and what reading it had to do."""

    image: Image.Image
    mask: Image.Image | None  # L, 255 where the product is; None when nothing is transparent
    width: int  # of the whole photo, upright; `image` may be smaller when less was asked for
    height: int
    notes: tuple[str, ...] = ()
    quality: int = 100  # that a JPEG was saved with; 100 for other files


def read_picture(path: Path, at_least: tuple[int, int] | None = None) -> Picture:
    """Read a file. `at_least` (width, height) allows a JPEG to be decoded smaller, but not below that size.

    Raises DataError saying what the file is and what to do; the caller names the file.
    """
    try:
        if path.stat().st_size == 0:
            raise DataError("empty (0 bytes); copy it again")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=formats(is_heic(path))) as image:
                return _read(image, at_least)
    except (DataError, Timeout):
        raise
    except UnidentifiedImageError:
        raise DataError(unsupported_kind(path)) from None
    except Image.DecompressionBombError:
        raise DataError(f"more than {MOST_PIXELS // 10**6} megapixels; make it smaller") from None
    except FileNotFoundError:
        raise DataError("no longer there; add it again") from None
    except PermissionError:
        raise DataError("no permission to read it; change its permissions") from None
    except MemoryError:
        raise DataError("too large for the available memory; make it smaller") from None
    # Decoders raise nearly anything on broken data (OSError, SyntaxError, struct.error, ValueError, ...).
    except Exception:
        if is_heic(path):
            raise DataError(unsupported_kind(path)) from None
        raise DataError(f"damaged or incomplete; copy it again or {SAVE_AS}") from None


def _check_size(image: Image.Image) -> None:
    most = MOST_OF.get(image.format or "", MOST_PIXELS)
    if image.width * image.height > most:
        size, kind = (
            f"{image.width}×{image.height} pixels",
            f" as {image.format}" if most < MOST_PIXELS else "",
        )
        other = " or save it as JPEG" if kind else ""
        raise DataError(f"too large ({size}; max. {most // 10**6} megapixels{kind}); make it smaller{other}")


def _read(image: Image.Image, at_least: tuple[int, int] | None) -> Picture:
    _check_size(image)
    notes = []
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        notes.append("an animation, or several pages: only the first is used")
    size = image.size
    if at_least and image.format == "JPEG":
        # The sides may be swapped by the orientation, which is known only later.
        image.draft(None, (max(at_least), max(at_least)))
    quality = _jpeg_quality(image)
    with _room(image.width * image.height):
        return _upright(image, at_least, size, quality, notes)


def _upright(
    image: Image.Image,
    at_least: tuple[int, int] | None,
    whole: tuple[int, int],
    quality: int,
    notes: list[str],
) -> Picture:
    image.load()
    turned = orientation(image)
    if image.format == "TIFF":
        whole = image.size
    if at_least and image.width * image.height > LARGE:
        image = _lessened(image, max(at_least))
    mask, note = alpha_mask(image)
    notes += note
    flat, note = to_srgb(image)
    notes += note
    if mask is not None:
        before = Image.new("RGB", flat.size, "white")
        before.paste(flat, None, mask)
        flat = before
    if turned is not None:
        flat, mask = flat.transpose(turned), mask.transpose(turned) if mask is not None else None
        if turned in SWAPS:
            whole = whole[::-1]
    return Picture(flat, mask, *whole, tuple(notes), quality)


def _lessened(image: Image.Image, side: int) -> Image.Image:
    """The picture smaller by a whole factor, with both sides still at least `side`; each pixel is a mean.

    Goes strip by strip, because a copy of a large picture is as large again.
    """
    factor = min(image.width, image.height) // side
    if factor < 2:
        return image
    rows = max(1, STRIP // (image.width * factor)) * factor
    strips = [
        plain_mode(image.crop((0, top, image.width, min(image.height, top + rows)))).reduce(factor)
        for top in range(0, image.height, rows)
    ]
    smaller = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    top = 0
    for strip in strips:
        smaller.paste(strip, (0, top))
        top += strip.height
    if "icc_profile" in image.info:
        smaller.info["icc_profile"] = image.info["icc_profile"]
    return smaller


# Held while a large picture is open: one among processes, which raises Timeout while another has it.
only_one: AbstractContextManager[Any] = nullcontext()
_open = threading.Condition()
_opened = 0  # pixels


@contextmanager
def _room(pixels: int) -> Iterator[None]:
    """Wait until this many pixels fit beside those that other threads have open."""
    global _opened
    with _open:
        _open.wait_for(lambda: _opened == 0 or _opened + pixels <= AT_ONCE)
        _opened += pixels
    try:
        with only_one if pixels > LARGE else nullcontext():
            yield
    finally:
        with _open:
            _opened -= pixels
            _open.notify_all()


STANDARD_MEAN = 57.625  # of the luminance table of ITU-T T.81, K.1, which is quality 50


def _jpeg_quality(image: Image.Image) -> int:
    """The quality (1..100, the scale of libjpeg) that its table of luminance stands for."""
    table = next(iter(getattr(image, "quantization", {}).values()), None)
    if not table:
        return 100
    scale = 100 * sum(table) / len(table) / STANDARD_MEAN
    return max(1, min(100, round(5000 / scale if scale > 100 else (200 - scale) / 2)))


def fit(image: Image.Image, framing: Framing) -> Image.Image:
    """Scale (Lanczos) and cut or pad as `framing` says; `image` may be a smaller decoding of its photo."""
    share = image.width / framing.photo[0], image.height / framing.photo[1]
    left, top, right, bottom = framing.box
    box = (
        left * share[0], top * share[1],
        min(float(image.width), right * share[0]), min(float(image.height), bottom * share[1]),
    )  # fmt: skip
    inner = image.resize(framing.inner, Image.Resampling.LANCZOS, box=box)
    if not any(framing.padding):
        return inner
    before_x, before_y, after_x, after_y = framing.padding
    widths = [(before_y, after_y), (before_x, after_x), (0, 0)][: np.asarray(inner).ndim]
    return Image.fromarray(np.pad(np.asarray(inner), widths, mode="edge"))
