"""Words in a photo: a watermark, a date, a shop's line, or the product's own print.

Looks for parts of one height and contrast in a row, as letters are, and says where they lie. What is printed
on the product belongs there, and a photo is none the worse for it. A hint and no reader: handwriting, logos
without letters and very small or very large lettering are not found, and a sign in the background may be
taken for an overlay.
"""

from dataclasses import dataclass

import numpy as np

from lorakit.data.photos import subject
from lorakit.data.photos.letter_rows import BESIDE, Letters, letter_rows

SIDE = 640  # pixels of the longer side that letters are looked for at
LOWEST, HIGHEST = 8, 90  # pixels of a letter's height there
# Of 255, between a letter and what surrounds it; half transparent overlays have 50 to 75.
LEAST_CONTRAST = 40.0
REACHES = (9, 21)  # pixels, wider than the strokes of letters
PURE = 247  # of 255: ink as it was laid on, black or white
MOST_PARTS = 500  # of the strongest contrast, that rows are looked for in
TURNS = (0.0, 90.0, 30.0, -30.0, 45.0, -45.0, 15.0, -15.0)  # degrees; slants that watermarks come in
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
                    for row in letter_rows(letters, turn)
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


def _letters(marks: np.ndarray, grey: np.ndarray, on_subject: np.ndarray, light: bool) -> Letters:
    import cv2

    strong = marks[marks > LEAST_CONTRAST / 2]
    threshold = max(LEAST_CONTRAST, 0.5 * float(np.percentile(strong, 90))) if strong.size else LEAST_CONTRAST
    binary = (marks >= min(threshold, 60)).astype(np.uint8)
    parts, labels, stats, centres = cv2.connectedComponentsWithStats(binary, connectivity=8)
    if parts > 3000:  # noise or foliage, where rows are found everywhere
        return Letters(*(np.zeros((0, 2)) if i == 0 else np.zeros(0) for i in range(7)))
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
    return Letters(
        centres[chosen], high[chosen].astype(float), wide[chosen].astype(float), fill[chosen],
        contrast[chosen], tone[chosen].astype(float), on_subject[middle[:, 1], middle[:, 0]],
    )  # fmt: skip
