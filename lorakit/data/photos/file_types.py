"""Which files are pictures that can be opened, and what the others are."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from PIL import Image

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF", "GIF", "BMP", "JPEG2000")
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


def is_heic(path: Path) -> bool:
    with open(path, "rb") as file:
        return _begins(file.read(32), HEIC)


def unsupported_kind(path: Path) -> str:
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
