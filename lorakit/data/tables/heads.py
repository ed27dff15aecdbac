"""The headings of a table: which row they are, what they mean, and what to do with rows of another width."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lorakit.data.findings import Finding
from lorakit.data.tables import headings
from lorakit.data.tables.delimited import HEADINGS_WITHIN
from lorakit.data.tables.headings import PROSE, Schema, meaning_of
from lorakit.errors import DataError

MOST_COLUMNS = 1000
NAMED = 8  # columns in a message
HEADING_WORDS = 3  # a longer first cell of a table of one column is a text
ENDS = tuple(".!?…。！？")

Raw = tuple[str, list[str], bool]  # where a row stands, its cells, whether a quote in it was never closed


@dataclass
class Head:
    """The headings, the column of each field, what is to be said, and the rows read to find them."""

    cells: list[str]
    places: dict[str, int]
    said: list[Finding]
    waiting: list[Raw]

    @classmethod
    def found(cls, name: str, raw: Iterator[Raw], schema: Schema) -> "Head":
        """The headings of a table. Raises DataError, naming the columns, when none are those needed."""
        first: list[Raw] = []
        while len(first) < HEADINGS_WITHIN and (row := next(raw, None)) is not None:
            first.append(row)
        filled = [i for i, (_, cells, _) in enumerate(first) if any(cell.strip() for cell in cells)]
        fitting = [i for i in filled if _fits(schema, first[i][1])]
        if not fitting:
            return _of_one_column(name, first, filled, schema)
        at, behind, notes = fitting[0], fitting[0] + 1, []
        if any(i < at for i in filled):
            what = f"the text above the headings ({first[at][0]}) was skipped"
            notes.append(Finding(name, "headings", "info", what, "nothing to do"))
        # Some sheets have two rows of headings: groups above columns, or a system's names below the labels.
        second = next((i for i in filled if i > at), None)
        if second is not None and _only_headings(first[second][1], first[at][1]):
            groups = "" in _tidy(first[at][1]) or len(set(_tidy(first[at][1]))) < len(_tidy(first[at][1]))
            behind = second + 1
            passed = at if groups and _fits(schema, first[second][1]) else second
            at = second if passed == at else at
            what = f"{first[passed][0]} also contains headings and was skipped"
            notes.append(Finding(name, "headings", "info", what, "nothing to do"))
        if first[at][2]:
            notes.append(unclosed(name, first[at][0]))
        cells = _tidy(first[at][1])
        if len(cells) > MOST_COLUMNS:
            raise DataError(f"{name} has {len(cells):,} columns; keep at most {MOST_COLUMNS:,}")
        places = schema.places(cells)
        return cls(cells, places, [*notes, *_unused(name, cells, places, schema)], first[behind:])

    def rest(self, raw: Iterator[Raw]) -> Iterator[Raw]:
        """The rows below the headings."""
        yield from self.waiting
        self.waiting = []
        yield from raw

    def repeated(self, cells: Sequence[str]) -> bool:
        """Is this row the headings again, as where two files were put together?"""
        return _tidy(cells) == self.cells and len(self.cells) > 0 and headings.known(self.cells) > 0

    def joined(self, cells: list[str], separator: str) -> list[str]:
        """As many cells as there are headings, where separators that belong to a sentence are put back.

        A space stands behind the comma of a sentence and hardly behind a separator; what is left belongs to
        the column that holds sentences.
        """
        width = len(self.cells)
        while len(cells) > width and not cells[-1].strip():
            cells = cells[:-1]
        if len(cells) <= width:
            return cells
        merged: list[str] = []
        for cell in cells:
            if merged and cell[:1] == " " and cell.strip():
                merged[-1] += separator + cell
            else:
                merged.append(cell)
        cells = merged if len(merged) >= width else cells
        prose = [i for i, heading in enumerate(self.cells) if meaning_of(heading)[0] in PROSE]
        at = prose[0] if len(prose) == 1 else width - 1
        end = at + 1 + len(cells) - width
        return [*cells[:at], separator.join(cells[at:end]), *cells[end:]]


def unclosed(name: str, place: str) -> Finding:
    """A row whose quote never closes."""
    what = f"{place} opens a quote that is never closed; it was read to the end of its line"
    return Finding(name, "quote", "warn", what, "close the quote")


def short(cell: str) -> str:
    """Enough of a cell to know it by."""
    cell = " ".join(cell.split())
    return cell if len(cell) <= 40 else cell[:37] + "..."


def _tidy(cells: Sequence[str]) -> list[str]:
    tidy = [" ".join(cell.split()) for cell in cells]
    while tidy and not tidy[-1]:
        tidy.pop()
    return tidy


def _fits(schema: Schema, cells: Sequence[str]) -> bool:
    return set(schema.needs) <= set(schema.places(_tidy(cells)))


def _only_headings(cells: Sequence[str], above: Sequence[str]) -> bool:
    """Is this a second row of headings? A system's own names (item_name) need not all be known."""
    filled = [cell for cell in cells if cell.strip()]
    named = all(re.fullmatch(r"[a-z][a-z0-9_.]*", cell.strip()) for cell in filled)
    same = sum(
        bool(meaning_of(cell)[0]) and meaning_of(cell)[0] == meaning_of(top)[0]
        for cell, top in zip(cells, above, strict=False)
    )
    return len(filled) >= 2 and (headings.known(filled) == len(filled) or (named and same >= 2))


def _of_one_column(name: str, first: list[Raw], filled: list[int], schema: Schema) -> Head:
    """Texts one below the other, without a heading that anybody knows. Raises DataError for other tables."""
    rows = [[i for i, cell in enumerate(first[row][1]) if cell.strip()] for row in filled]
    if (
        schema.needs != ("text",)
        or len(rows) < 2
        or any(places != rows[0] or len(places) != 1 for places in rows)
    ):
        if not filled:
            raise DataError(f"{name} is empty; save it again with its rows")
        cells = _tidy(max((first[row][1] for row in filled), key=headings.known))
        listed = ", ".join(repr(short(cell)) for cell in cells[:NAMED]) or "none"
        missing = next(need for need in schema.needs if need not in schema.places(cells))
        raise DataError(f"{name} has no {missing} column (found: {listed}); name the column {missing!r}")
    at = rows[0][0]
    heading = first[filled[0]][1][at].strip()
    if len(heading.split()) > HEADING_WORDS or heading.endswith(ENDS):
        what, below = "one column without a heading; every row is read as a text", filled[0]
    else:
        what, below = f"its only column, {heading!r}, is read as the texts", filled[0] + 1
    said = [Finding(name, "headings", "info", what, "name the column 'text'")]
    return Head([""] * at + [heading], {"text": at}, said, first[below:])


def _unused(name: str, cells: list[str], places: dict[str, int], schema: Schema) -> list[Finding]:
    if not schema.names_unused:
        return []
    unused = [
        short(cell) for i, cell in enumerate(cells)
        if cell and i not in places.values() and headings.folded(cell) not in schema.passed_over
    ]  # fmt: skip
    if not unused:
        return []
    listed = ", ".join(map(repr, unused[:NAMED]))
    more = f" and {len(unused) - NAMED} more" if len(unused) > NAMED else ""
    used = ", ".join(f"{field} from {cells[at]!r}" for field, at in places.items())
    advice = f"rename a column to use it (now: {used})"
    return [Finding(name, "columns", "info", f"columns not used: {listed}{more}", advice)]
