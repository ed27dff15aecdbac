"""Tables of any kind, read one way: csv, tsv and other separated texts, spreadsheets, and JSON with a row in
each object.

A table yields its rows as Records, by field of a Schema, and a Finding for all that was guessed, mended or
left out. Rows are numbered as a spreadsheet numbers them: the headings of a csv are row 1, and a cell with
line breaks is one row. Not covered: .xls, .ods, .numbers (said), tables without headings but of one column.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lorakit.data.findings import Finding
from lorakit.data.tables import delimited, headings, records
from lorakit.data.tables.headings import Schema
from lorakit.data.tables.heads import Head, Raw, short, unclosed
from lorakit.data.tables.lines import Lines, opened, unreadable
from lorakit.data.texts import web
from lorakit.errors import DataError

FOREIGN = {  # what files begin with that nobody can read as a table
    b"\xd0\xcf\x11\xe0": "is password-protected, or an old .xls file; save it as XLSX without a password",
    b"%PDF": "is a PDF; use the table it was made from, as XLSX or CSV",
}
MARKUP = re.compile(r"</?(?:p|div|ul|ol|li|table|h[1-6])\b[^<>]*>|<br\s*/?>.*<", re.IGNORECASE | re.DOTALL)
# Line breaks as WooCommerce writes them out; a cell with any other backslash may be about paths or code.
ESCAPED = re.compile(r"(?=.*\\n)(?:[^\\]|(?<!:)\\[nr])+", re.DOTALL)
UNREADABLE = {
    ".xls": "an old Excel file", ".ods": "an OpenDocument sheet", ".numbers": "a Numbers file",
    ".parquet": "a Parquet file",
}  # fmt: skip


@dataclass(frozen=True)
class Record:
    """One row: its cells by field of the schema, and where it stands ("row 5", "line 3")."""

    place: str
    cells: dict[str, str]


def read(path: Path, schema: Schema, encoding: str | None = None) -> Iterator[Record | Finding]:
    """The rows of a table by what the file is, whatever its ending says.

    Raises DataError, naming the file, when it is no table or has none of the columns that are needed.
    """
    kind = kind_of(path)
    if kind == "xlsx":
        from lorakit.data.tables import sheets

        yield from _of_sheets(path.name, sheets.read(path), schema)
    elif kind == "json":
        for found in records.read(path, encoding):
            yield found if isinstance(found, Finding) else _of_object(path.name, *found, schema)
    else:
        yield from _separated(path, schema, encoding)


def kind_of(path: Path) -> str:
    """ "xlsx", "json" or "text", told from the first bytes. Raises DataError for a file of another kind."""
    try:
        with open(path, "rb") as file:
            head = file.read(8)
    except OSError as error:
        raise DataError(f"{path.name} can't be read; save it again") from error
    ending = path.suffix.lower()
    for mark, what in FOREIGN.items():
        if head.startswith(mark):
            raise DataError(f"{path.name} {what}")
    if ending in UNREADABLE:
        raise DataError(f"{path.name} is {UNREADABLE[ending]}; save it as XLSX or CSV")
    if head.startswith(b"PK\x03\x04") or ending in (".xlsx", ".xlsm"):
        return "xlsx"
    return "json" if ending in (".json", *records.BY_LINE) else "text"


def is_table(path: Path, schema: Schema, encoding: str | None = None) -> bool:
    """Does a .txt hold a table: known headings, and as many cells below them?"""
    stream, _ = opened(path, encoding)
    with stream:
        lines = Lines(stream)
        separator = delimited.separator_of(lines, headings.known)
        found = zip(delimited.rows(lines, separator), range(9), strict=False)
        raw = [cells for (cells, _), _ in found if cells]
    if not separator or len(raw) < 2 or not set(schema.needs) <= set(schema.places(raw[0])):
        return False
    even = all(len(cells) == len(raw[0]) for cells in raw)
    return headings.known(raw[0]) == len(raw[0]) or (separator == "\t" and even)


def _separated(path: Path, schema: Schema, encoding: str | None) -> Iterator[Record | Finding]:
    stream, findings = opened(path, encoding)
    with stream:
        yield from findings
        lines = Lines(stream)
        separator = delimited.separator_of(lines, headings.known)
        numbered = enumerate(delimited.rows(lines, separator), start=1)
        raw = ((f"row {number:,}", cells, is_open) for number, (cells, is_open) in numbered)
        yield from _rows(path.name, raw, schema, separator)
        yield from unreadable(path.name, lines)


def _of_sheets(name: str, found: Iterable[Any], schema: Schema) -> Iterator[Record | Finding]:
    """The rows of every sheet that has the columns; the others are named."""
    read, without = 0, []
    for sheet in found:
        if isinstance(sheet, Finding):
            yield sheet
            continue
        try:
            yield from _rows(name, sheet.rows(), schema, "")
            read += 1
        except DataError as error:
            without.append((sheet.title, error))
    if not read:
        raise without[0][1] if without else DataError(f"{name} contains no sheet with a table")
    for title, _ in without:
        what = f"sheet {title!r} has no column {' or '.join(map(repr, schema.needs))} and was skipped"
        yield Finding(name, "sheet", "info", what, "name its columns if it is part of the table")


def _of_object(name: str, place: str, row: Any, schema: Schema) -> Record | Finding:
    if not isinstance(row, dict):
        return Finding(name, "row", "error", f"{place} is not a JSON object", "correct or remove it")
    keys = list(map(str, row))
    values = list(row.values())
    places = schema.places(keys)
    return Record(place, {field: records.as_cell(values[at]).strip() for field, at in places.items()})


def _rows(name: str, raw: Iterator[Raw], schema: Schema, separator: str) -> Iterator[Record | Finding]:
    head = Head.found(name, raw, schema)
    yield from head.said
    last = max(head.places[field] for field in schema.needs)
    width, pages, breaks = len(head.cells), 0, 0
    for place, given, is_open in head.rest(raw):
        if is_open:
            yield unclosed(name, place)
        if not any(cell.strip(f"{delimited.SEPARATORS} ") for cell in given):
            continue
        if head.repeated(given):
            yield Finding(
                name, "headings", "info", f"{place} repeats the headings and was skipped", "remove it"
            )
            continue
        cells = head.joined(given, separator)
        if len(given) > width and len(cells) == width and any(separator in cell for cell in cells):
            pieces = " | ".join(repr(short(cell)) for cell in cells)
            what = f"{place} has {len(given)} cells for {width} headings, read as {pieces}"
            yield Finding(
                name, "ragged", "warn", what, "put quotes around a cell that contains the separator"
            )
        if len(cells) <= last:
            what = f"{place} was left out: it has no {head.cells[last]!r}"
            yield Finding(name, "ragged", "error", what, "check its quotes and separators")
            continue
        if len(cells) < width:
            what = f"{place} has only {len(cells)} cell{'s' * (len(cells) > 1)} for {width} headings"
            yield Finding(name, "ragged", "info", what, "check that its cells are in the right columns")
        found = {field: cells[at].strip() for field, at in head.places.items() if at < len(cells)}
        marked = [field for field, cell in found.items() if "<" in cell and MARKUP.search(cell)]
        pages += bool(marked)
        found |= {field: web.plain(found[field]) for field in marked}
        escaped = [field for field, cell in found.items() if "\\" in cell and ESCAPED.fullmatch(cell)]
        breaks += bool(escaped)
        yield Record(place, found | {field: _with_breaks(found[field]) for field in escaped})
    if pages:
        what = f"HTML in {pages:,} row{'s' * (pages > 1)} was read as plain text"
        yield Finding(name, "html", "info", what, "nothing to do")
    if breaks:
        what = f"\\n in {breaks:,} row{'s' * (breaks > 1)} was read as a line break"
        yield Finding(name, "breaks", "info", what, "nothing to do")


def _with_breaks(cell: str) -> str:
    return re.sub(r"\\r\\n|\\[nr]", "\n", cell).strip()
