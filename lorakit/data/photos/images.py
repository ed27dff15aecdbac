"""Opening any picture file as upright sRGB, or saying why that cannot be.

Covers EXIF orientation, transparency (on white), CMYK, 16 bits, floats, palettes, grey, animations (the first
frame) and colour profiles, also broken ones. Only what Pillow and pillow-heif decode by themselves is
tried, so no file starts another program. Of an HDR photo the picture for ordinary screens is taken. Not
covered: JPEG XL, camera raw and vector formats, which are named.
"""

import io
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from filelock import Timeout
from PIL import Image, ImageCms, UnidentifiedImageError

from lorakit.data.photos.buckets import Framing
from lorakit.errors import DataError

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF", "GIF", "BMP", "JPEG2000")
MOST_PIXELS = 100_000_000  # 400 MB in Pillow; a medium format camera's photo
# Of formats whose decoders take several times that, measured: 16, 19 and 12 bytes for a pixel.
MOST_OF = {"WEBP": 50_000_000, "JPEG2000": 25_000_000, "AVIF": 50_000_000, "HEIF": 50_000_000}
LARGE = 20_000_000  # pixels; what is larger is made smaller in strips before anything else is done with it
STRIP = 2_000_000  # pixels of a strip
AT_ONCE = 25_000_000  # pixels that are open in one process; a photo of more waits until it is alone
SAVE_AS = "save it as JPEG or PNG"

# What a file is by its first bytes, or else by its ending, and what to do about it.
UNSUPPORTED = (
    ("a PDF", (b"%PDF",), (".pdf",), "export its images as JPEG or PNG"),
    ("an SVG drawing", (b"<svg",), (".svg", ".svgz"), "export it as PNG"),
    (
        "a JPEG XL image",
        (b"\xff\x0a", b"\0\0\0\x0cJXL "),
        (".jxl",),
        "save it as JPEG or PNG, for example with an image viewer's “Save as”",
    ),
    (
        "a video",
        (b"ftypqt", b"ftypisom", b"ftypmp4", b"ftypM4V", b"ftypavc1", b"\x1aE\xdf\xa3"),
        (".mov", ".mp4", ".m4v", ".avi", ".mkv", ".webm"),
        "use photos, or save single frames as JPEG",
    ),
    (
        "a camera raw file",
        (),
        (".cr2", ".cr3", ".nef", ".arw", ".dng", ".orf", ".rw2", ".raf"),
        "export it as JPEG",
    ),
    ("a Photoshop file", (b"8BPS",), (".psd", ".psb"), "export it as PNG"),
    ("an EPS drawing", (b"%!PS",), (".eps", ".ai", ".ps"), "export it as PNG"),
    (
        "an archive",
        (b"PK\x03\x04", b"Rar!", b"7z\xbc\xaf"),
        (".zip", ".rar", ".7z"),
        "unpack it and add its photos",
    ),
)


# A HEIC file that no decoder takes: damaged, or of a kind that this machine has none for.
HEIC = tuple(b"ftyp" + brand for brand in b"heic heix hevc hevx heim heis hevm hevs mif1 msf1".split())
HEIC_ADVICE = "export it as JPEG; to take JPEGs on an iPhone: Settings > Camera > Formats > Most Compatible"


@cache
def formats(heic: bool = True) -> tuple[str, ...]:
    """The formats that files are opened as; pillow-heif, if it is installed, is imported for `heic` alone."""
    Image.init()
    if heic:
        with suppress(ImportError):
            from pillow_heif import register_heif_opener

            register_heif_opener()
    return tuple(name for name in FORMATS if name in Image.OPEN)


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
            with Image.open(path, formats=formats(_is_heic(path))) as image:
                return _read(image, at_least)
    except (DataError, Timeout):
        raise
    except UnidentifiedImageError:
        raise DataError(_what_it_is(path)) from None
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
        if _is_heic(path):
            raise DataError(_what_it_is(path)) from None
        raise DataError(f"damaged or incomplete; copy it again or {SAVE_AS}") from None


def _is_heic(path: Path) -> bool:
    with open(path, "rb") as file:
        return _begins(file.read(32), HEIC)


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
    whole = image.size
    if at_least and image.format == "JPEG":
        # The sides may be swapped by the orientation, which is known only later.
        image.draft(None, (max(at_least), max(at_least)))
    quality = _jpeg_quality(image)
    with _room(image.width * image.height):
        return _upright(image, at_least, whole, quality, notes)


def _upright(
    image: Image.Image,
    at_least: tuple[int, int] | None,
    whole: tuple[int, int],
    quality: int,
    notes: list[str],
) -> Picture:
    image.load()
    turned = _orientation(image)
    if image.format == "TIFF":
        whole = image.size
    if at_least and image.width * image.height > LARGE:
        image = _lessened(image, max(at_least))
    mask, note = _mask(image)
    notes += note
    flat, note = _to_srgb(image)
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
        _plain_mode(image.crop((0, top, image.width, min(image.height, top + rows)))).reduce(factor)
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


def _plain_mode(image: Image.Image) -> Image.Image:
    """A mode that means can be taken in."""
    if image.has_transparency_data and image.mode not in ("RGBA", "LA"):
        return image.convert("RGBA")
    if image.mode.startswith("I;16"):
        return Image.fromarray(np.asarray(image).astype(np.int32))
    return image.convert({"1": "L", "P": "RGB", "PA": "RGBA"}.get(image.mode, image.mode))


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


# EXIF tag 0x0112 (Exif 2.32, 4.6.4): how the stored picture has to be turned to stand upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SWAPS = {TURNS[5], TURNS[6], TURNS[7], TURNS[8]}


def _orientation(image: Image.Image) -> Image.Transpose | None:
    try:
        return TURNS.get(image.getexif().get(0x0112, 1))
    except Exception:  # a broken EXIF block is no reason to lose the photo
        return None


def _mask(image: Image.Image) -> tuple[Image.Image | None, list[str]]:
    """The alpha channel when it hides something."""
    if not image.has_transparency_data:
        return None, []
    alpha = (image if image.mode == "RGBA" else image.convert("RGBA")).getchannel("A")
    values = np.asarray(alpha)
    if values.max() < 8:
        return None, ["fully transparent: the transparency is ignored"]
    return (alpha if values.min() < 250 else None), []


def _to_srgb(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """RGB of any mode, through the colour profile when it fits the picture."""
    if image.mode.startswith(("I", "F")):
        return _from_deep(image), []
    if image.mode in ("P", "PA", "LA", "La", "RGBa", "1"):
        plain = image.convert("RGBA").convert("RGB")
    else:
        plain = image.convert("RGB")
    profile = image.info.get("icc_profile")
    if not profile:
        return plain, []
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return plain, []
        colours = image if image.mode in ("CMYK", "LAB") else plain
        if source.profile.xcolor_space.strip() == "GRAY":
            colours = image.convert("L")
        converted = ImageCms.profileToProfile(
            colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        return converted or plain, []
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return plain, ["invalid colour profile: its colours are used as they are"]


def _from_deep(image: Image.Image) -> Image.Image:
    """Grey of 16 or 32 bits, or of floats, to 8 bits. Which range is meant shows in the values."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64))
    highest = float(values.max(initial=0.0))
    if image.mode.startswith("I;16") or (image.mode == "I" and 255 < highest <= 65535):
        full = 65535.0
    elif image.mode == "F" and highest <= 1.0:
        full = 1.0
    else:
        full = max(255.0, highest)
    grey = (values / full * 255).round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _what_it_is(path: Path) -> str:
    with open(path, "rb") as file:
        start = file.read(512)
    if _begins(start, HEIC):
        return f"a HEIC photo that can't be read; {HEIC_ADVICE}"
    for what, marks, endings, advice in UNSUPPORTED:
        if _begins(start, marks) or (path.suffix.lower() in endings):
            return f"{what}, which isn't supported; {advice}"
    if start.isascii() and b"\0" not in start:
        return "a text file, not an image; remove or replace it"
    return f"not a readable image; {SAVE_AS}"


# How files begin that hold a picture, where their name does not say so.
BEGINNINGS = (
    b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"\xff\x0a",
    b"\0\0\0\x0cjP  ", b"\0\0\0\x0cJXL ",
)  # fmt: skip


def is_picture(path: Path) -> bool:
    """Does a file begin as pictures do?"""
    with open(path, "rb") as file:
        start = file.read(32)
    webp = start.startswith(b"RIFF") and start[8:12] == b"WEBP"
    return webp or start.startswith(BEGINNINGS) or start[4:8] == b"ftyp"


def _begins(start: bytes, marks: Sequence[bytes]) -> bool:
    head = start.lstrip()
    if b"<svg" in marks and head.startswith((b"<?xml", b"<!DOCTYPE svg")):
        return b"<svg" in start
    return any(
        head.startswith(mark) or (mark.startswith(b"ftyp") and start[4:].startswith(mark)) for mark in marks
    )


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
