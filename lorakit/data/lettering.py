"""Words laid over a photo: a watermark, a date, a shop's line.

Looks for parts of one height and contrast in a row, as letters are, beside the subject: what is printed on
the product itself belongs there. A hint and no reader: handwriting, logos without letters and very small
or very large lettering are not found, and a sign in the background may be taken for an overlay.
"""

from dataclasses import dataclass

import numpy as np

from lorakit.data import subject

SIDE = 640  # pixels of the longer side that letters are looked for at
LOWEST, HIGHEST = 8, 90  # pixels of a letter's height there
# Of 255, between a letter and what surrounds it; half transparent overlays have 50 to 75.
LEAST_CONTRAST = 40.0
ROW_CONTRAST = 48.0
ALIGNED = 0.6  # share of a level row's letters that end (or begin) on one line; texture mostly below
SLANTED_LETTERS = 8  # in a row that is not level, where that cannot be asked
REACHES = (9, 21)  # pixels, wider than the strokes of letters
PURE = 247  # of 255: ink as it was laid on, black or white
LETTERS = 6  # in a row
GAP = 2.2  # letter heights between two letters of a row, at most
BAND, CROWDED = 2.6, 0.12  # heights beside a row, and other parts there for each of its letters, at most
MOST_PARTS = 500  # of the strongest contrast, that rows are looked for in
TURNS = (0.0, 90.0, 30.0, -30.0, 45.0, -45.0, 15.0, -15.0)  # degrees; slants that watermarks come in
BESIDE = 0.35  # share of a row's letters that are not on the subject


@dataclass(frozen=True, eq=False)
class _Letters:
    """Parts that may be letters: centres (N, 2) as x and y, sizes, contrasts, tones, and which are on the
    subject.
    """

    centres: np.ndarray
    heights: np.ndarray
    widths: np.ndarray
    fills: np.ndarray
    contrasts: np.ndarray
    tones: np.ndarray
    inside: np.ndarray


def count(pixels: np.ndarray, found: np.ndarray) -> int:
    """How many letters the longest row beside the subject has; 0 below `LETTERS`.

    `pixels` (H, W, 3) uint8; `found` is the subject's mask in any size.
    """
    import cv2

    small = subject.shrunk(pixels, SIDE)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    size = (grey.shape[1], grey.shape[0])
    on_subject = cv2.resize(found.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    found_rows = [0]
    for light, operation in ((True, cv2.MORPH_TOPHAT), (False, cv2.MORPH_BLACKHAT)):
        marks = [cv2.morphologyEx(grey, operation, np.ones((reach, reach), np.uint8)) for reach in REACHES]
        inked = grey if light else 255 - grey
        marks.append(
            np.where(inked >= PURE, inked, 0).astype(np.uint8)
        )  # across edges, where contrast changes
        for some in marks:
            letters = _letters(some, grey, on_subject, light)
            found_rows += [_longest_row(letters, turn) for turn in TURNS]
    longest = max(found_rows)
    return longest if longest >= LETTERS else 0


def _letters(marks: np.ndarray, grey: np.ndarray, on_subject: np.ndarray, light: bool) -> _Letters:
    import cv2

    strong = marks[marks > LEAST_CONTRAST / 2]
    threshold = max(LEAST_CONTRAST, 0.5 * float(np.percentile(strong, 90))) if strong.size else LEAST_CONTRAST
    binary = (marks >= min(threshold, 60)).astype(np.uint8)
    parts, labels, stats, centres = cv2.connectedComponentsWithStats(binary, connectivity=8)
    if parts > 3000:  # noise or foliage, where rows are found everywhere
        return _Letters(*(np.zeros((0, 2)) if i == 0 else np.zeros(0) for i in range(7)))
    wide, high, area = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_AREA]
    fill = area / np.maximum(1, wide * high)
    long, short = np.maximum(wide, high), np.maximum(1, np.minimum(wide, high))
    kept = (
        (long >= LOWEST) & (long <= HIGHEST) & (fill > 0.15) & (fill < 0.95) & (long < 5 * short)
        & (area >= 12)
    )  # fmt: skip
    kept[0] = False
    chosen = np.flatnonzero(kept)
    contrast = np.bincount(labels.ravel(), marks.ravel(), parts) / np.maximum(1, area)
    tone = np.full(parts, 0 if light else 255, np.uint8)
    inked = binary > 0
    (np.maximum if light else np.minimum).at(tone, labels[inked].astype(np.intp), grey[inked])
    chosen = chosen[np.argsort(-contrast[chosen], kind="stable")[:MOST_PARTS]]
    middle = centres[chosen].round().astype(int)
    return _Letters(
        centres[chosen], high[chosen].astype(float), wide[chosen].astype(float), fill[chosen],
        contrast[chosen], tone[chosen].astype(float), on_subject[middle[:, 1], middle[:, 0]],
    )  # fmt: skip


def _slanted(letters: _Letters, turn: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the parts are along a slant and across it, and how high they are across it."""
    angle = np.radians(turn)
    along = letters.centres @ np.array([np.cos(angle), np.sin(angle)])
    across = letters.centres @ np.array([-np.sin(angle), np.cos(angle)])
    if turn % 90:
        return along, across, np.maximum(letters.heights, letters.widths)
    return along, across, letters.widths if turn else letters.heights


def _longest_row(letters: _Letters, turn: float) -> int:
    """Letters of the longest row at a slant, of those that lie beside the subject; 0 when none does."""
    if len(letters.centres) < LETTERS:
        return 0
    along, across, sizes = _slanted(letters, turn)
    order = np.argsort(along, kind="stable")
    at, off, size, contrast = (
        values[order].tolist() for values in (along, across, sizes, letters.contrasts)
    )  # plain numbers: the rows are short, and there are many
    best, used = 0, [False] * len(order)
    for first in range(len(order)):
        if used[first]:
            continue
        row, usual = [first], size[first]
        for other in range(first + 1, len(order)):
            last = row[-1]
            if at[other] - at[last] > GAP * usual:
                break
            fits = (
                abs(off[other] - off[last]) < 0.4 * usual
                and at[other] - at[last] > 0.2 * usual
                and 0.55 < size[other] / usual < 1.8
                and 0.6 < contrast[other] / contrast[last] < 1.67
            )
            if fits:
                row.append(other)
                usual += (size[other] - usual) / len(row)
        chosen = order[row]
        if (
            len(row) >= LETTERS
            and _is_writing(letters, chosen, turn)
            and _stands_alone(letters, chosen, turn)
        ):
            for place in row:
                used[place] = True
            best = max(best, len(row))
    return best


def _stands_alone(letters: _Letters, row: np.ndarray, turn: float) -> bool:
    """Is there little beside a row that is as large and as clear? A weave or a roof has many rows."""
    along, across, sizes = _slanted(letters, turn)
    usual = float(np.median(sizes[row]))
    near = (
        (along > along[row].min() - usual) & (along < along[row].max() + usual)
        & (np.abs(across - np.median(across[row])) < BAND * usual)
        & (sizes > 0.4 * usual) & (sizes < 2.2 * usual)
        & (letters.contrasts > 0.6 * letters.contrasts[row].mean())
    )  # fmt: skip
    near[row] = False
    return bool(near.sum() <= CROWDED * len(row))


def _is_writing(letters: _Letters, row: np.ndarray, turn: float) -> bool:
    """Are the parts of a row as clear, as well aligned and as unlike one another as letters are (dots are
    not), and beside the subject or of one pure tone, which print on a lit product is not?
    """
    shapes = letters.widths[row] / letters.heights[row]
    varied = shapes.std() / shapes.mean() > 0.12 or letters.fills[row].std() > 0.06
    if not varied or letters.contrasts[row].mean() < ROW_CONTRAST:
        return False
    if turn:
        if len(row) < SLANTED_LETTERS:
            return False
    else:
        heights = letters.heights[row]
        ends = letters.centres[row][:, 1] + np.array([[-0.5], [0.5]]) * heights
        near = np.abs(ends - np.median(ends, axis=1, keepdims=True)) < 0.12 * np.median(heights)
        if near.mean(1).max() < ALIGNED:
            return False
    beside = (~letters.inside[row].astype(bool)).mean() >= BESIDE
    tones = letters.tones[row]
    pure = np.ptp(tones) <= 4 and (tones.min() >= 250 or tones.max() <= 5)
    return bool(beside or pure)
