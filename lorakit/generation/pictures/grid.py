"""A campaign of several mixes as a table: a column for each mix, a row for each scene, format and seed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from lorakit.generation.pictures.formats import find
from lorakit.generation.pictures.labels import of_rows
from lorakit.generation.pictures.results import mixes_of, pictures, read_plan
from lorakit.generation.pictures.sheet import (
    GAP,
    HEIGHT,
    INK,
    LINE,
    MARGIN,
    PAPER,
    QUIET,
    thumbnail,
    write,
)

HEAD = 52  # pixels: the line with the mixes' names
SIDE = 210  # pixels: the column with the scenes' names
NARROWEST = 110  # pixels of a column, so that its name can be read
MOST_ROWS = 60  # drawn in one picture; more make a file that nothing opens


@dataclass(frozen=True)
class Row:
    """One scene, format and seed: its name, details, and the picture of each mix (None: not yet)."""

    label: str
    detail: str
    cells: tuple[dict[str, Any] | None, ...]


@dataclass(frozen=True)
class Table:
    """`columns`: what each mix is called."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def table(folder: str | Path) -> Table:
    """The table of the campaign in `folder` as far as it is rendered.

    Raises DataError when the folder holds no campaign.
    """
    folder = Path(folder)
    plan = read_plan(folder)
    columns = of_rows(mixes_of(plan))
    made = {entry["id"]: entry for entry in pictures(folder)}
    groups: dict[tuple[str, str, int], list[dict[str, Any] | None]] = {}
    for shot in plan["shots"]:
        cells = groups.setdefault((shot["scene"], shot["format"], shot["seed"]), [None] * len(columns))
        cells[shot.get("mix", 0)] = made.get(shot["id"])
    formats, seeds = ({key[place] for key in groups} for place in (1, 2))
    rows = []
    for (scene, format_id, seed), cells in groups.items():
        details = [find(format_id).name] * (len(formats) > 1) + [f"seed {seed}"] * (len(seeds) > 1)
        rows.append(Row(scene, " · ".join(details), tuple(cells)))
    return Table(tuple(columns), tuple(rows))


def draw_grid(folder: Path, shown: Table) -> Image.Image:
    """The table as one picture, of its first `MOST_ROWS` rows."""
    rows = shown.rows[:MOST_ROWS]
    images = [[thumbnail(folder, cell) if cell else None for cell in row.cells] for row in rows]
    widths = [
        max([NARROWEST, *(image.width for row in images if (image := row[place]) is not None)])
        for place in range(len(shown.columns))
    ]
    heights = [max([HEIGHT // 4, *(image.height for image in row if image is not None)]) for row in images]
    width = 2 * MARGIN + SIDE + sum(widths) + GAP * (len(widths) - 1)
    height = 2 * MARGIN + HEAD + sum(heights) + GAP * len(rows)
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    lefts = [MARGIN + SIDE + sum(widths[:place]) + GAP * place for place in range(len(widths))]
    for name, left, room in zip(shown.columns, lefts, widths, strict=True):
        write(draw, (left, MARGIN), name, 17, INK, room)
    y = MARGIN + HEAD - 16
    for row, line, tall in zip(rows, images, heights, strict=True):
        write(draw, (MARGIN, y + 4), row.label, 17, INK, SIDE - GAP)
        write(draw, (MARGIN, y + 30), row.detail, 13, QUIET, SIDE - GAP)
        for image, left, room in zip(line, lefts, widths, strict=True):
            if image is None:
                draw.rectangle((left, y, left + room, y + tall), outline=LINE)
            else:
                sheet.paste(image, (left, y))
        y += tall + GAP
    return sheet
