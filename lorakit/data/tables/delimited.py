"""Rows of a csv as people and programs write it: RFC 4180, and what is plainly meant where a file departs
from it.

A quote that never closes costs its own row's quoting and no other row; the csv module would read all that
follows as one cell. Read line by line, so that a large file costs no memory.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from lorakit.data.tables.lines import LONGEST_LINE, Lines

SEPARATORS = ",;\t|"
LOOKED_AT = 50  # lines that a separator is told from
HEADINGS_WITHIN = 10  # rows: above them stand a title and notes at most
EVEN = 0.6  # share of lines with as many cells as the first, where no heading is known
SEP_LINE = re.compile(r'\s*"?sep=(.)"?[ ,;\t]*', re.IGNORECASE)  # Excel's own first line


class _Unclosed(Exception):
    """A quote opened on an earlier line meets what only the start of another cell looks like."""


class _Scanner:
    """The cells of one row, fed line by line; `inside` while a quoted cell is open."""

    def __init__(self, separator: str):
        self.separator = separator
        self.cells: list[str] = []
        self.inside = False
        self.opened = (0, 0)  # how many cells stood before the open one, and where its quote stands
        self._parts: list[str] = []

    def feed(self, line: str) -> None:
        at, carried = 0, self.inside
        if carried:
            self._parts.append("\n")
        while True:
            if self.inside:
                at = self._quoted(line, at, carried)
                if self.inside:
                    return
                carried = False
            elif (start := self._opening(line, at)) is not None:
                self.inside, self.opened, self._parts, at = True, (len(self.cells), start), [], start + 1
                continue
            else:
                end = line.find(self.separator, at) if self.separator else -1
                self.cells.append(line[at:] if end < 0 else line[at:end])
                at = len(line) if end < 0 else end
            if at >= len(line):
                return
            at += 1  # the separator
            if at == len(line):
                self.cells.append("")
                return

    def _opening(self, line: str, at: int) -> int | None:
        while at < len(line) and line[at] == " " and self.separator != " ":
            at += 1
        return at if at < len(line) and line[at] == '"' else None

    def _quoted(self, line: str, at: int, carried: bool) -> int:
        """Read on in a quoted cell; returns where the separator behind it stands, or the line's length."""
        while True:
            quote = line.find('"', at)
            if quote < 0:
                self._parts.append(line[at:])
                return len(line)
            after = line[quote + 1 :]
            behind = after.lstrip(" ")
            ends = not behind or (bool(self.separator) and behind.startswith(self.separator))
            starts = quote == 0 or (bool(self.separator) and line[quote - 1] == self.separator)
            if (
                carried
                and starts
                and ((not ends and not after.startswith('"')) or after.startswith('"' + self.separator))
            ):
                raise _Unclosed
            if after.startswith('"'):
                self._parts.append(line[at:quote] + '"')
                at = quote + 2
            elif line[quote - 1 : quote] == "\\" and '"' in after:  # as programs escape it
                self._parts.append(line[at : quote - 1] + '"')
                at = quote + 1
            elif ends:
                self._parts.append(line[at:quote])
                self.cells.append("".join(self._parts))
                self.inside = False
                return len(line) - len(behind)
            else:  # inches, and quotes that nobody doubled
                self._parts.append(line[at : quote + 1])
                at = quote + 1


def rows(lines: Lines, separator: str) -> Iterator[tuple[list[str], bool]]:
    """Each row's cells, and whether a quote in it was never closed. An empty line is a row without cells."""
    while (line := lines.next()) is not None:
        if '"' not in line:
            yield (line.split(separator) if separator else [line]) if line.strip() else [], False
            continue
        scanner, further, size = _Scanner(separator), [], len(line)
        try:
            scanner.feed(line)
            if scanner.inside and not line.count('"') % 2:  # an open cell has one more than its others
                raise _Unclosed
            while scanner.inside:
                more = lines.next() if size < LONGEST_LINE else None
                if more is None:
                    raise _Unclosed
                further.append(more)
                size += len(more) + 1
                scanner.feed(more)
        except _Unclosed:
            lines.put_back(further)
            yield _mended(line, separator)
        else:
            yield scanner.cells, False


def _mended(line: str, separator: str) -> tuple[list[str], bool]:
    """The cells of a line whose last quote opens no cell, and whether that quote is one too many."""
    scanner = _Scanner(separator)
    scanner.feed(line)
    before, quote = scanner.opened
    cell = line[quote + 1 :].partition(separator or "\n")[0]
    stray = '"' not in cell  # '"Best" mug' is a cell that begins with a quoted word
    rest = line[quote + stray :]
    return scanner.cells[:before] + (rest.split(separator) if separator else [rest]), stray


def separator_of(lines: Lines, known: Callable[[Sequence[str]], int]) -> str:
    """What stands between the cells: "" for a table of one column. Takes Excel's own first line away.

    A sign that the headings do not have is none: prose is full of commas. `known` counts the headings among
    cells.
    """
    head: list[str] = []
    while len(head) < LOOKED_AT and (line := lines.next()) is not None:
        head.append(line)
    named = SEP_LINE.fullmatch(head[0]) if head else None
    lines.put_back(head[1:] if named else head)
    if named:
        return named[1]
    head = [line for line in head if line.strip()]
    if not head or (known(head[:1]) and not any(separator in head[0] for separator in SEPARATORS)):
        return ""
    best, score = "", (0, 0.0, 0)
    for separator in SEPARATORS:
        counts = [len(_cells(line, separator)) for line in head]
        for place, line in enumerate(head[:HEADINGS_WITHIN]):
            if (count := counts[place]) < 2:
                continue
            others = counts[place + 1 :]
            even = sum(other == count for other in others) / max(1, len(others))
            found = known(_cells(line, separator))
            if not found and f"{separator} " in line and line.rstrip().endswith(tuple(".!?…")):
                continue  # a sentence with commas
            if (found or even >= EVEN) and (found, even, count) > score:
                best, score = separator, (found, even, count)
    return best


def _cells(line: str, separator: str) -> list[str]:
    scanner = _Scanner(separator)
    scanner.feed(line)
    return _mended(line, separator)[0] if scanner.inside else scanner.cells
