"""Where the ground begins in a picture of an empty place: the line at which a wall, the sky or the sea ends.

It is the row at which colours change most, and alike, in all columns: lamps, leaves, veins and joints change
them in a few only. Colours are compared in CIE L*a*b*, where distances are those that an eye sees. No torch
here.
"""

import cv2
import numpy as np
from PIL import Image

ROWS, COLUMNS = 128, 48  # what the picture is shrunk to
REACHES = (3, 6)  # rows above and below a line that are compared
FIRST, LAST = 0.25, 0.88  # share of the height between which a line is looked for
# L*a*b* units: scenes without a line that the starter draws change by up to 0.6, its faintest line by 0.67.
FAINTEST = 0.65
UNEVEN = 0.5  # how much a change that differs from column to column counts less, for each unit of difference


def find_ground(scene: Image.Image) -> float | None:
    """Share of the height, from the top, at which the ground begins; None where no line is seen, as on a
    seamless backdrop.
    """
    small = scene.convert("RGB").resize((COLUMNS, ROWS), Image.Resampling.BOX)
    colours = cv2.cvtColor(np.asarray(small, np.float32) / 255, cv2.COLOR_RGB2LAB)
    lines = np.arange(round(FIRST * ROWS), round(LAST * ROWS) + 1)
    # A slow change is small nearby, a thin stripe is small further off; a line is neither.
    changes, scores = zip(*(_change(colours, lines, reach) for reach in REACHES), strict=True)
    best = int(np.min(scores, axis=0).argmax())
    return float(lines[best]) / ROWS if min(change[best] for change in changes) >= FAINTEST else None


def _change(colours: np.ndarray, lines: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """By how much the mean colour of `reach` rows below each line differs from that above it, in most
    columns; and the same, less where columns disagree.
    """
    sums = np.cumsum(np.concatenate([np.zeros_like(colours[:1]), colours]), axis=0, dtype=np.float64)
    step = (sums[lines + reach] + sums[lines - reach] - 2 * sums[lines]) / reach  # (lines, COLUMNS, 3)
    common = np.median(step, axis=1)
    spread = np.median(np.abs(step - common[:, None]), axis=1)
    change = np.linalg.norm(common, axis=-1)
    return change, change / (1 + UNEVEN * np.linalg.norm(spread, axis=-1))
