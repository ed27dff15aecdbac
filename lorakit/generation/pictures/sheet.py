"""The contact sheet: every picture of a campaign on one page, scene by scene, at equal height."""

from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from lorakit.generation.pictures.formats import find
from lorakit.generation.pictures.labels import of_rows, strength_in, strength_words
from lorakit.generation.pictures.results import image_path, mixes_of

WIDTH, MARGIN, GAP = 1840, 56, 20  # pixels
HEIGHT, WIDEST = 230, 560  # of one picture; a longer one is shown smaller
NARROWEST, LABELS = 150, 64  # room for the two lines below a picture
MOST = 400  # pictures on one sheet; more make a file that nothing opens
PAPER, INK, QUIET, LINE = (250, 248, 245), (32, 30, 28), (124, 117, 110), (224, 218, 211)
# Tried in turn for texts that Pillow's own font has no signs for.
WORLD_FONTS = (
    "NotoSans-Regular.ttf",
    "DejaVuSans.ttf",
    "Arial Unicode.ttf",
    "arialuni.ttf",
    "msyh.ttc",
    "Arial.ttf",
)


@dataclass(frozen=True)
class Thumb:
    """One picture on the sheet: its place, its picture and the two lines below it."""

    x: int
    y: int
    image: Image.Image
    label: str
    detail: str


@dataclass(frozen=True)
class Heading:
    """A scene's name above its pictures."""

    y: int
    text: str


def draw_sheet(folder: Path, entries: list[dict[str, Any]], plan: dict[str, Any]) -> Image.Image:
    """The sheet of `entries`, of which the first `MOST` are shown."""
    mixes = of_rows(mixes_of(plan))
    placed, height = _layout(folder, entries[:MOST], mixes)
    sheet = Image.new("RGB", (WIDTH, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    write(draw, (MARGIN, MARGIN), "Campaign", 34, INK)
    write(draw, (MARGIN, MARGIN + 48), _summary(entries, plan), 17, QUIET)
    for item in placed:
        if isinstance(item, Heading):
            draw.line((MARGIN, item.y - 14, WIDTH - MARGIN, item.y - 14), fill=LINE)
            write(draw, (MARGIN, item.y), item.text, 22, INK, WIDTH - 2 * MARGIN)
        else:
            room = _room(item.image) + GAP - 6
            sheet.paste(item.image, (item.x, item.y))
            write(draw, (item.x, item.y + item.image.height + 7), item.label, 15, INK, room)
            write(draw, (item.x, item.y + item.image.height + 27), item.detail, 13, QUIET, room)
    return sheet


def _summary(entries: list[dict[str, Any]], plan: dict[str, Any]) -> str:
    mixes = mixes_of(plan)
    mix = ", ".join(f"{row['name']} {strength_words(strength_in(row))}" for row in mixes[0]) or "no adapter"
    if len(mixes) > 1:
        mix = f"{len(mixes)} mixes side by side"
    shown = f"{len(entries)} images" if len(entries) <= MOST else f"the first {MOST} of {len(entries)} images"
    return f"{shown}  ·  {mix}  ·  base model {plan.get('base', '')}  ·  AI-generated"


def _layout(
    folder: Path, entries: list[dict[str, Any]], mixes: list[str]
) -> tuple[list[Thumb | Heading], int]:
    """Where everything goes, and how high the sheet becomes."""
    placed: list[Thumb | Heading] = []
    y = MARGIN + 114
    for scene, group in groupby(entries, key=lambda entry: str(entry["scene"])):
        placed.append(Heading(y, scene))
        y += 44
        for row in _rows([(entry, thumbnail(folder, entry)) for entry in group]):
            x = MARGIN
            for entry, image in row:
                output = find(entry["format"])
                detail = f"{output.pixels} · seed {entry['seed']}"
                if len(mixes) > 1:
                    detail = f"{mixes[entry['mix']]} · {detail}"
                placed.append(Thumb(x, y, image, output.name, detail))
                x += _room(image) + GAP
            y += max(image.height for _, image in row) + LABELS
        y += 30
    return placed, y - 30 + MARGIN


def _rows(
    pictures: list[tuple[dict[str, Any], Image.Image]],
) -> list[list[tuple[dict[str, Any], Image.Image]]]:
    """Pictures in rows that fit the sheet; flat banners go to rows of their own, which are then low."""
    rows: list[list[tuple[dict[str, Any], Image.Image]]] = []
    used = WIDTH
    for picture in sorted(pictures, key=lambda picture: picture[1].height < HEIGHT // 2):
        flat = picture[1].height < HEIGHT // 2
        if used + _room(picture[1]) > WIDTH - MARGIN or flat != (rows[-1][0][1].height < HEIGHT // 2):
            rows.append([])
            used = MARGIN
        rows[-1].append(picture)
        used += _room(picture[1]) + GAP
    return rows


def _room(image: Image.Image) -> int:
    return max(image.width, NARROWEST)


def thumbnail(folder: Path, entry: dict[str, Any]) -> Image.Image:
    """The picture of an entry, at most `WIDEST` x `HEIGHT` pixels."""
    path = image_path(folder, entry)
    assert path is not None
    try:
        with Image.open(path) as image:
            image.draft("RGB", (WIDEST * 2, HEIGHT * 2))
            small = image.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return Image.new("RGB", (HEIGHT, HEIGHT), LINE)  # a damaged file leaves a gap, not a failed export
    small.thumbnail((WIDEST, HEIGHT), Image.Resampling.LANCZOS)
    return small


def write(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, fill: Any, room: int = WIDTH
) -> None:
    """Write `text` on one line, shortened to `room` pixels."""
    font = _font(size, text.isascii() or all(ord(c) < 0x250 for c in text))
    if draw.textlength(text, font) > room:
        while text and draw.textlength(text + "…", font) > room:
            text = text[: -max(1, len(text) // 40)]
        text += "…"
    draw.text(at, text, fill=fill, font=font)


@cache
def _font(size: int, latin: bool) -> Any:
    if not latin:
        for name in WORLD_FONTS:
            try:
                return ImageFont.truetype(name, size)
            except OSError:
                continue
    return ImageFont.load_default(size)
