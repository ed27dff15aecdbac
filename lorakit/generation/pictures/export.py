"""Handing a campaign over: a zip with one folder per format, a table, and a contact sheet. No torch here."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

from lorakit import durable
from lorakit.errors import DataError
from lorakit.generation.pictures.formats import find
from lorakit.generation.pictures.grid import draw_grid, table
from lorakit.generation.pictures.labels import of_rows, strength_in, strength_words
from lorakit.generation.pictures.plan import slug
from lorakit.generation.pictures.results import image_path, mixes_of, pictures, read_plan
from lorakit.generation.pictures.sheet import draw_sheet

COLUMNS = (
    "file",
    "scene",
    "format",
    "purpose",
    "width",
    "height",
    "seed",
    "prompt",
    "base",
    "mix",
    "adapters",
    "sha256",
)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")
ABOUT = """The images of this campaign, one folder per format.

Every file carries metadata (XMP, IPTC DigitalSourceType) saying that AI made it, and how:
prompt, seed, base model and adapters. Many platforms show this label.
manifest.csv lists all images; contact-sheet.png shows them.
"""


def zip_campaign(folder: str | Path, out: str | Path) -> Path:
    """Write the finished pictures of the campaign in `folder` to the zip `out` and return its path.

    Streams from disk to disk. Raises DataError when there is no finished picture.
    """
    folder, out = Path(folder), Path(out)
    entries = _entries(folder)
    names = _archive_names(folder, entries)
    with (
        durable.replacing(out) as unfinished,
        zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive,
    ):
        for entry in entries:
            # Pictures are packed already: storing them as they are is many times faster.
            archive.write(str(image_path(folder, entry)), names[entry["id"]], zipfile.ZIP_STORED)
        archive.writestr("manifest.csv", manifest_csv(folder, entries, names).encode("utf-8-sig"))
        archive.writestr("README.txt", ABOUT)
        sheet = io.BytesIO()
        draw_sheet(folder, entries, read_plan(folder)).save(sheet, "PNG")
        archive.writestr("contact-sheet.png", sheet.getvalue(), zipfile.ZIP_STORED)
        if len(mixes_of(read_plan(folder))) > 1:
            grid = io.BytesIO()
            draw_grid(folder, table(folder)).save(grid, "PNG")
            archive.writestr("grid.png", grid.getvalue(), zipfile.ZIP_STORED)
    return out


def grid_picture(folder: str | Path, out: str | Path) -> Path:
    """Draw one PNG with the mixes side by side, a row for each scene, format and seed.

    Raises DataError when there is no finished picture.
    """
    folder, out = Path(folder), Path(out)
    _entries(folder)
    with durable.replacing(out) as unfinished:
        draw_grid(folder, table(folder)).save(unfinished, "PNG")
    return out


def contact_sheet(folder: str | Path, out: str | Path) -> Path:
    """Draw one PNG with all finished pictures of the campaign, labelled by scene, format and seed.

    Raises DataError when there is no finished picture.
    """
    folder, out = Path(folder), Path(out)
    sheet = draw_sheet(folder, _entries(folder), read_plan(folder))
    with durable.replacing(out) as unfinished:
        sheet.save(unfinished, "PNG")
    return out


def _entries(folder: Path) -> list[dict[str, Any]]:
    entries = pictures(folder)
    if not entries:
        raise DataError(f"{folder.name}: none of its images are finished yet; generate them first")
    return entries


def _archive_names(folder: Path, entries: list[dict[str, Any]]) -> dict[str, str]:
    """Where each picture goes in the zip: a folder per format, and in it one per mix if there are several."""
    called = of_rows(mixes_of(read_plan(folder)))
    names = {}
    for entry in entries:
        path = image_path(folder, entry)
        assert path is not None
        mix = f"{entry['mix'] + 1}-{slug(called[entry['mix']])}/" if len(called) > 1 else ""
        names[entry["id"]] = f"{slug(str(entry['format']))}/{mix}{path.name}"
    return names


def manifest_csv(folder: Path, entries: list[dict[str, Any]], names: dict[str, str]) -> str:
    """The table of the pictures; text that a spreadsheet would run as a formula is made inert."""
    plan = read_plan(folder)
    mixes = mixes_of(plan)
    called = of_rows(mixes)
    adapters = [
        "; ".join(f"{row['name']} {strength_words(strength_in(row))} ({row['sha256'][:12]})" for row in mix)
        for mix in mixes
    ]
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\r\n")
    table.writeheader()
    for entry in entries:
        known = {
            **entry, "file": names[entry["id"]], "purpose": find(entry["format"]).name,
            "base": plan.get("base", ""), "mix": called[entry["mix"]], "adapters": adapters[entry["mix"]],
        }  # fmt: skip
        table.writerow({column: inert(known.get(column, "")) for column in COLUMNS})
    return text.getvalue()


def inert(cell: Any) -> Any:
    """`cell`, with an apostrophe in front when it is text that a spreadsheet would take for a formula."""
    if isinstance(cell, str) and cell.lstrip(" ").startswith(FORMULA_STARTS):
        return "'" + cell
    return cell


def plain_cell(cell: str) -> str:
    """`cell` as it was before `inert`."""
    return cell[1:] if cell.startswith("'") and inert(cell[1:]) == cell else cell
