"""The sheets of an .xlsx, row by row: what a person sees in the cells. No formula is ever computed.

A merged cell counts for all it covers. Not covered: charts, comments, pictures in cells.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from lorakit.data.findings import Finding
from lorakit.errors import DataError

MOST_BYTES = 400_000_000  # unpacked
READ = 1_000_000  # bytes of a sheet's end that are searched at once
MERGED = re.compile(rb'<(?:\w+:)?mergeCell ref="([A-Z]+[0-9]+:[A-Z]+[0-9]+)"')
MOST_MERGED = 10_000


@dataclass
class Sheet:
    """One sheet; `named` in a row's place when there are several."""

    title: str
    values: Any
    formulas: Any
    merged: list[tuple[int, int, int, int]]  # left, top, right, bottom, from 1
    named: bool
    missing: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[str, list[str], bool]]:
        """Each row's place and its cells as text."""
        above: dict[int, tuple[int, str]] = {}  # column -> last row of a merged cell, and what is in it
        starts = {(left, top): (right, bottom) for left, top, right, bottom in self.merged}
        where = f"sheet {self.title!r}, " if self.named else ""
        both = zip(self.values.iter_rows(), self.formulas.iter_rows(), strict=False)
        for number, (row, formulas) in enumerate(both, start=1):
            cells = []
            for column, (cell, formula) in enumerate(zip(row, formulas, strict=False), start=1):
                text = shown(cell.value, getattr(cell, "number_format", ""), getattr(cell, "data_type", ""))
                if not text and getattr(formula, "data_type", "") == "f":
                    self.missing.append(f"{where}row {number}")
                if (column, number) in starts:
                    right, bottom = starts[column, number]
                    above |= {covered: (bottom, text) for covered in range(column, right + 1)}
                elif column in above and number <= above[column][0]:
                    text = text or above[column][1]
                cells.append(text)
            yield f"{where}row {number:,}", cells, False


def read(path: Path) -> Iterator[Sheet | Finding]:
    """The visible sheets of a workbook. Raises DataError, naming the file, when it is none."""
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(path) as archive:
            if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
                raise DataError(
                    f"{path.name} is larger than {MOST_BYTES // 10**6} MB unpacked; save the sheet as CSV"
                )
        values = load_workbook(path, read_only=True, data_only=True)
        formulas = load_workbook(path, read_only=True)
    except DataError:
        raise
    except Exception as error:  # openpyxl raises what it meets: KeyError, ValueError, BadZipFile, ...
        raise DataError(f"{path.name} is not a readable Excel file; save it again as XLSX or CSV") from error
    try:
        sheets = [sheet for sheet in values.worksheets if sheet.sheet_state == "visible"]
        for sheet in sheets:
            sheet.reset_dimensions()  # some programs write a wrong size
            other = formulas[sheet.title]
            other.reset_dimensions()
            found = Sheet(sheet.title, sheet, other, _merged(path, sheet), len(sheets) > 1)
            yield found
            if found.missing:
                count = len(found.missing)
                number = (
                    "1 formula without a stored result is"
                    if count == 1
                    else (f"{count:,} formulas without a stored result are")
                )
                what = f"{number} read as empty (first in {found.missing[0]})"
                advice = (
                    "open it in a spreadsheet program and save it again: formulas are not calculated here"
                )
                yield Finding(path.name, "formula", "warn", what, advice)
        for sheet in values.worksheets:
            if sheet.sheet_state != "visible":
                what = f"sheet {sheet.title!r} is hidden and was skipped"
                yield Finding(path.name, "sheet", "info", what, "unhide it to include it")
    finally:
        values.close()
        formulas.close()


def shown(value: Any, number_format: str = "", kind: str = "") -> str:
    """A cell's value as a sheet shows it; an error ("#REF!") as empty."""
    if value is None or kind == "e":
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        midnight = value.time() == time()
        return value.date().isoformat() if midnight else value.isoformat(" ", "minutes")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, int | float):
        percent = number_format.rstrip().endswith("%")
        return f"{value * (100 if percent else 1):.15g}" + ("%" if percent else "")
    return str(value)


def _merged(path: Path, sheet: Any) -> list[tuple[int, int, int, int]]:
    """The merged cells of a sheet, which openpyxl tells only of sheets that it reads whole."""
    from openpyxl.utils.cell import range_boundaries

    found: list[tuple[int, int, int, int]] = []
    with zipfile.ZipFile(path) as archive, archive.open(sheet._worksheet_path.lstrip("/")) as file:
        rest = b""
        while (part := file.read(READ)) and len(found) < MOST_MERGED:
            data = rest + part
            found += [range_boundaries(match[1].decode()) for match in MERGED.finditer(data)]
            cut = data.rfind(b"<")
            rest = data[cut:] if cut >= 0 and len(data) - cut < 200 and not MERGED.match(data, cut) else b""
    return found
