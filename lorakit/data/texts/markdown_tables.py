"""The tables of a Markdown file (GitHub Flavored Markdown, section 4.10), taken out of its prose.

A table with a column of texts, by its heading, is a list of texts; any other holds figures, no prose. Not
covered: tables written in HTML.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lorakit.data.tables import headings

DELIMITERS = re.compile(r"[ \t]*\|?([ \t]*:?-+:?[ \t]*\|)*[ \t]*:?-+:?[ \t]*\|?[ \t]*")
CELL_END = re.compile(r"(?<!\\)\|")
LINE_BREAK = re.compile(r"[ \t]*<br[ \t]*/?>[ \t]*", re.IGNORECASE)


@dataclass(frozen=True)
class Table:
    """One table: its column names, and its rows with as many cells each."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def records(self) -> list[dict[str, str]]:
        """Its rows by field of `headings.TEXTS`; none when no column is headed as one of texts."""
        if all(headings.meaning_of(column)[0] != "text" for column in self.columns):
            return []
        places = headings.TEXTS.places(self.columns)
        return [{field: row[place] for field, place in places.items()} for row in self.rows]


def without_tables(text: str) -> tuple[str, list[Table]]:
    """`text` with a blank line in the place of each table, and the tables."""
    lines, tables = text.split("\n"), []
    prose: list[str] = []
    at = 0
    while at < len(lines):
        columns = _cells(lines[at])
        if not _starts_table(lines[at : at + 2], len(columns)):
            prose.append(lines[at])
            at += 1
            continue
        end = at + 2
        while end < len(lines) and "|" in lines[end]:
            end += 1
        rows = [(_cells(line) + [""] * len(columns))[: len(columns)] for line in lines[at + 2 : end]]
        tables.append(Table(columns, rows))
        prose.append("")
        at = end
    return "\n".join(prose), tables


def _starts_table(lines: Sequence[str], columns: int) -> bool:
    if len(lines) < 2 or any("|" not in line for line in lines):
        return False
    return bool(DELIMITERS.fullmatch(lines[1])) and len(_cells(lines[1])) == columns


def _cells(line: str) -> list[str]:
    inner = re.sub(r"(?<!\\)\|$", "", line.strip().removeprefix("|"))
    return [LINE_BREAK.sub("\n", cell.replace("\\|", "|")).strip() for cell in CELL_END.split(inner)]
