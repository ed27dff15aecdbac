"""Words in a photo: a watermark, a date, a shop's line, or the product's own print.

Looks for parts of one height and contrast in a row, as letters are, and says where they lie. What is printed
on the product belongs there, and a photo is none the worse for it. A hint and no reader: handwriting, logos
without letters and very small or very large lettering are not found, and a sign in the background may be
taken for an overlay.
"""

from dataclasses import dataclass

import numpy as np

from lorakit.data.photos import subject

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
PAPER, CLOSED = (
    240,
    12,
)  # of 255: a white background; and the share of a side that its gaps are closed by (1/n)
SURE = 0.08  # share of a photo that a product covers, at least: less is often a part of one that fills it
AT_EDGE = 0.14  # of a side from the border, where captions and marks are and products seldom have print
ROWS = ("upper", "", "lower")
COLUMNS = ("left", "", "right")


@dataclass(frozen=True)
class Lettering:
    """The longest row of what look like letters: how many, where in the photo, and whether that is surely
    outside the product.
    """

    letters: int
    place: str  # such as "in the lower right corner"
    outside: bool


NONE = Lettering(0, "", False)


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


def find(pixels: np.ndarray, found: np.ndarray) -> Lettering:
    """The longest row of letters beside the subject, or else on it; `NONE` where there is none.

    `pixels` (H, W, 3) uint8; `found` is the subject's mask in any size.
    """
    import cv2

    small = subject.shrunk(pixels, SIDE)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    on_subject = _product(small, found)
    rows: list[tuple[bool, int, np.ndarray]] = []
    for light, operation in ((True, cv2.MORPH_TOPHAT), (False, cv2.MORPH_BLACKHAT)):
        marks = [cv2.morphologyEx(grey, operation, np.ones((reach, reach), np.uint8)) for reach in REACHES]
        inked = grey if light else 255 - grey
        marks.append(
            np.where(inked >= PURE, inked, 0).astype(np.uint8)
        )  # across edges, where contrast changes
        for some in marks:
            letters = _letters(some, grey, on_subject, light)
            for turn in TURNS:
                rows += [
                    (
                        bool((~letters.inside[row].astype(bool)).mean() >= BESIDE),
                        len(row),
                        letters.centres[row],
                    )
                    for row in _rows(letters, turn)
                ]
    if not rows:
        return NONE
    beside, count, centres = max(rows, key=lambda row: row[:2])
    middle = centres.mean(0) / (small.shape[1], small.shape[0])
    at_the_edge = bool(np.minimum(middle, 1 - middle).min() < AT_EDGE)
    outside = beside and (at_the_edge or on_subject.mean() >= SURE)
    return Lettering(count, _place(middle), bool(outside))


def _product(small: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Where the product may be (H, W), generously: the hull of the subject, and before white, of the largest
    thing that is not white. A white carton's print is all that is seen of it.
    """
    import cv2

    height, width = small.shape[:2]
    area = cv2.resize(found.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    dark = (small.min(-1) < PAPER).astype(np.uint8)
    border = np.concatenate([dark[0], dark[-1], dark[:, 0], dark[:, -1]])
    if border.mean() < 0.5:
        reach = max(3, max(height, width) // CLOSED)
        closed = cv2.morphologyEx(np.pad(dark, reach), cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
        parts, labels, stats, _ = cv2.connectedComponentsWithStats(closed[reach:-reach, reach:-reach])
        if parts > 1:
            largest = labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
            area = np.maximum(area, largest.astype(np.uint8))
    points = cv2.findNonZero(area)
    if points is None:
        return np.zeros((height, width), bool)
    return cv2.fillConvexPoly(np.zeros((height, width), np.uint8), cv2.convexHull(points), 1) > 0


def _place(middle: np.ndarray) -> str:
    """Where a point (x, y in 0..1) lies in a photo."""
    across, down = (0 if part < 0.36 else 2 if part > 0.64 else 1 for part in middle)
    if across != 1 and down != 1:
        return f"in the {ROWS[down]} {COLUMNS[across]} corner"
    if across == down == 1:
        return "in the middle"
    return f"at the {('top', '', 'bottom')[down]}" if across == 1 else f"on the {COLUMNS[across]}"


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


def _rows(letters: _Letters, turn: float) -> list[np.ndarray]:
    """The rows at a slant, as indices of their letters."""
    if len(letters.centres) < LETTERS:
        return []
    along, across, sizes = _slanted(letters, turn)
    order = np.argsort(along, kind="stable")
    at, off, size, contrast = (
        values[order].tolist() for values in (along, across, sizes, letters.contrasts)
    )  # plain numbers: the rows are short, and there are many
    found: list[np.ndarray] = []
    used = [False] * len(order)
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
            found.append(chosen)
    return found


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
