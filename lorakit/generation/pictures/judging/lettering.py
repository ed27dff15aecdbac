"""What a product's lettering should say, and how many characters of it are wrong in an image.

Character errors are counted over letters, digits and the signs in KEPT; case, spaces and other marks are left
out, because reading them is a matter of chance.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

KEPT = ".,%&+#€$£"
SURE = 0.8  # confidence from which a line on the product counts as read
SHORTEST = 2  # characters of a line
SAME = 0.25  # share of characters that two readings of one line may differ by
LOST = 0.5  # share of a line's characters from which on it was not found at all
TAKEN = "\0"  # stands for a character that an expected line was found in; matches nothing


@dataclass(frozen=True)
class Line:
    """A line as it was read, with the reader's confidence, 0..1."""

    text: str
    confidence: float


def plain(text: str) -> str:
    """The characters that count."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if c.isalnum() or c in KEPT).strip(".,")


def expected(photos: Sequence[Sequence[Line]]) -> tuple[str, ...]:
    """The lines that at least half of the photos with lettering agree on, each in its commonest spelling."""
    groups: list[tuple[str, list[str], set[int]]] = []
    for number, lines in enumerate(photos):
        for line in lines:
            text = plain(line.text)
            if line.confidence < SURE or len(text) < SHORTEST:
                continue
            for first, spellings, seen in groups:
                if number not in seen and distance(first, text) <= SAME * max(len(first), len(text)):
                    spellings.append(line.text)
                    seen.add(number)
                    break
            else:
                groups.append((text, [line.text], {number}))
    read = len(set().union(*(seen for _, _, seen in groups)))
    agreed = [spellings for _, spellings, seen in groups if len(seen) * 2 >= read]
    return tuple(Counter(spellings).most_common(1)[0][0] for spellings in agreed)


def error(wanted: Sequence[str], read: Sequence[str]) -> float:
    """Character errors per character of the `wanted` lines, at most 1.

    Each wanted line, the longest first, is looked for in all rows that were read, wherever its characters
    differ least; a line that differs in more than half of them is lost. What a row in which a line was found
    says beyond it is wrong too; other rows may belong to the scene, and don't count. Raises ValueError when
    nothing is wanted.
    """
    lines = sorted(filter(None, map(plain, wanted)), key=len, reverse=True)
    if not lines:
        raise ValueError("no lettering is wanted")
    rows = [row for row in map(plain, read) if row]
    breaks = [0, *accumulate(map(len, rows))]
    text, errors, touched = "".join(rows), 0, set()
    for line in lines:
        wrong, start, end = found_in(line, text, breaks)
        if wrong > LOST * len(line):
            errors += len(line)
            continue
        errors += wrong
        touched |= {row for row in range(len(rows)) if start < breaks[row + 1] and end > breaks[row]}
        text = text[:start] + TAKEN * (end - start) + text[end:]
    errors += sum(c != TAKEN for row in touched for c in text[breaks[row] : breaks[row + 1]])
    return min(1.0, errors / sum(map(len, lines)))


def found_in(line: str, text: str, breaks: Sequence[int] = ()) -> tuple[int, int, int]:
    """Where in `text` the stretch lies that differs least from `line`: (edit distance, start, end).

    Edit distance with a free start and end (Sellers 1980). Of equal stretches one that starts and ends at
    `breaks`, the places between rows, is taken, then the one that ends last: so a wrong last letter is one
    error, not one missing and one too many.
    """
    at_break = set(breaks)
    # Of each cell: errors so far, whether its stretch began within a row, and where.
    cells = [(0, at not in at_break, at) for at in range(len(text) + 1)]
    for number, wanted in enumerate(line, 1):
        above, cells = cells, [(number, *cells[0][1:])]
        for at, there in enumerate(text, 1):
            changed = 2 if there == TAKEN else int(wanted != there)
            added = 2 if there == TAKEN else 1
            cells.append(
                min(
                    (above[at - 1][0] + changed, *above[at - 1][1:]),
                    (above[at][0] + 1, *above[at][1:]),
                    (cells[at - 1][0] + added, *cells[at - 1][1:]),
                )
            )
    errors, _, back = min((cell[0], cell[1] + (at not in at_break), -at) for at, cell in enumerate(cells))
    return errors, cells[-back][2], -back


def distance(one: str, other: str) -> int:
    """Characters to add, drop or change to turn one text into the other (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for number, wanted in enumerate(one, 1):
        above, row = row, [number]
        for at, there in enumerate(other, 1):
            row.append(min(above[at - 1] + (wanted != there), above[at] + 1, row[-1] + 1))
    return row[-1]
