"""What a photo has lost to white or to black.

White alone proves nothing: packshots stand before white, and white products shade into it. So a photo counts
as overexposed only by what overexposure alone leaves behind: colours that fade to white with one channel at
its end, white in the middle of a product that stands in a darker place, or hardly anything that is not
clipped. What is left of a grey or white product before white tells nothing, and is not judged.
"""

import numpy as np

PAPER, TINT = 240, 10  # a background: every channel at least this, and no further apart
WHITE, CLIPPED = 250, 252  # of 255: no detail in any channel; one channel at its end
BLACK = 6  # of 255
EDGE = 0.01  # share of the longer side that is looked at as the border
BEFORE = 0.25  # share of the border that is white or black where that is the background
# A colour at the end of one channel that is still strong, and one that has nearly faded (of 255).
PALE, STRONG, FAINT = 90, 40, 8
RING = (3, 9)  # pixels: what surrounds white is between these two dilations of it
# Limits, set on drawn packshots and on burnt renders (docs/gates.md).
FADING, FADED = 0.4, 0.2  # of the ring, and of what is not white
FADE, ALL_CLIPPED = 0.05, 0.95  # nearly faded of what is not white, or clipped of the whole
COLOUR, MOSTLY = 0.12, 0.5  # of what is not white: strong and clipped; all that is clipped
NOTHING_LEFT = 0.99  # of the photo, clipped
DARK, ANYTHING = 160, 0.001  # of 255, and share of the photo: a thin chain before white is there nevertheless
DARK_PLACE, INSIDE, AT_LEAST = 200.0, 0.35, 0.09  # the border's tone; white of the product, and of the photo


def lost_to_white(small: np.ndarray, inside: np.ndarray) -> float:
    """The share of a photo (H, W, 3) uint8 that has no detail left; 0 where it is not overexposed or where
    that cannot be told. `inside` (H, W) is where its subject seems to be.
    """
    low, high = small.min(-1).astype(np.int16), small.max(-1).astype(np.int16)
    white, apart = low >= WHITE, high - low
    clipped = float((high >= WHITE).mean())
    if clipped >= NOTHING_LEFT and (high < DARK).mean() < ANYTHING:
        return clipped
    border = _border(low.shape)
    before_white = float(((low >= PAPER) & (apart <= TINT))[border].mean()) >= BEFORE
    own = float(white[inside].mean()) if inside.any() else 0.0
    if not before_white and np.median(low[border]) < DARK_PLACE and own > INSIDE and white.mean() > AT_LEAST:
        return own
    shown = max(1, int((low < PAPER + 4).sum()))
    strong = float(((high >= CLIPPED) & (low >= PALE) & (apart >= STRONG)).sum()) / shown
    faint = float(((high >= CLIPPED) & (apart >= FAINT) & (apart < STRONG)).sum()) / shown
    mostly = strong > COLOUR and faint > FADE and strong + faint > MOSTLY
    around = strong + faint >= FADED and (faint >= FADE or clipped >= ALL_CLIPPED)
    if mostly or (around and _fading(white, high, apart) >= FADING):
        return max(clipped, own)
    return 0.0


def _fading(white: np.ndarray, high: np.ndarray, apart: np.ndarray) -> float:
    """How much of what surrounds white is a colour with one channel at its end: the rest has an outline."""
    import cv2

    area = cv2.morphologyEx(white.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3)))
    near, far = (cv2.dilate(area, np.ones((reach, reach))) > 0 for reach in RING)
    ring = far & ~near
    return float(((high >= WHITE) & (apart >= FAINT + 4))[ring].mean()) if ring.sum() >= 20 else 0.0


def lost_to_black(grey: np.ndarray) -> float:
    """The share of a photo's brightness (H, W) that is black; 0 where it stands before white or black, which
    black products do too.
    """
    border = _border(grey.shape)
    if (grey >= PAPER)[border].mean() >= BEFORE or (grey <= BLACK + 2)[border].mean() >= BEFORE:
        return 0.0
    return float((grey <= BLACK).mean())


def _border(shape: tuple[int, ...]) -> np.ndarray:
    wide = max(1, round(EDGE * max(shape[:2])))
    border = np.ones(shape[:2], bool)
    border[wide:-wide, wide:-wide] = False
    return border
