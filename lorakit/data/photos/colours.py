"""Telling products apart by their colours: which photos of a set show the same thing.

The colours of a product change little with angle, distance and place, and two products seldom share them. So
photos whose subjects have hardly a colour in common show different things. Not told: products of the same
colours, such as nine white mugs; and versions of one product in several colours count as several.
"""

from collections.abc import Sequence

import numpy as np

SIDE = 256  # pixels of the longer side that colours are counted at
BINS = (5, 16, 16)  # of Lab: lightness, and the two axes of colour
RANGES = ((0, 256), (48, 208), (48, 208))  # of 8 bits; stronger colours do not occur in photos
BLUR = 0.8  # bins, so that a little more light is the same colour
FEWEST_PIXELS = 30  # of a subject
# Share of their colours that the photos of two groups have in common on average, below which they are apart.
# Measured on renders: photos of one product mostly share over 0.6 (9 of 10 over 0.35), of two products 0.07.
COMMON = 0.32
FEWEST_PHOTOS, MOST_PHOTOS = 5, 60  # that groups are looked for in; of more, so many evenly
FEWEST_GROUPS = 3
# Of the photos: at most in the largest group, at least in groups of two and more, or as many groups.
LARGEST, GROUPED, ALONE = 0.6, 0.6, 0.55


def of_subject(pixels: np.ndarray, found: np.ndarray) -> np.ndarray | None:
    """How the colours of the subject are shared out, as float16 that sum up to 1; None without a subject.

    `pixels` (H, W, 3) uint8; `found` is the subject's mask in any size.
    """
    import cv2

    from lorakit.data.photos import subject

    if found.sum() < FEWEST_PIXELS:
        return None
    inner = cv2.erode(found.astype(np.uint8), np.ones((3, 3))) > 0  # its edge is mixed with what is behind it
    inner = inner if inner.sum() >= 0.3 * found.sum() else found
    small = subject.shrunk(pixels, SIDE)
    mask = cv2.resize(inner.astype(np.uint8), small.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB)[mask].astype(np.float32)
    counts = np.histogramdd(lab, BINS, RANGES)[0]
    reach = np.exp(-(np.arange(-2, 3) ** 2) / (2 * BLUR**2))
    for axis in range(3):
        counts = np.apply_along_axis(lambda row: np.convolve(np.pad(row, 2), reach, "valid"), axis, counts)
    total = counts.sum()
    return (counts / total).ravel().astype(np.float16) if total else None


def groups(colours: Sequence[np.ndarray | None]) -> list[list[int]]:
    """The photos by what they show, the largest group first, where they plainly show several things; else [].

    Quiet in doubt: where most photos belong together, the others are taken for photos of the same product
    whose subject was not found.
    """
    known = [index for index, row in enumerate(colours) if row is not None]
    if len(known) > MOST_PHOTOS:
        known = [known[round(at)] for at in np.linspace(0, len(known) - 1, MOST_PHOTOS)]
    if len(known) < FEWEST_PHOTOS:
        return []
    rows = np.stack([np.asarray(colours[index], np.float32) for index in known])
    found = sorted(_linked(np.stack([np.minimum(row, rows).sum(1) for row in rows])), key=len, reverse=True)
    several = [group for group in found if len(group) > 1]
    count = len(known)
    if len(found) < FEWEST_GROUPS or len(found[0]) > LARGEST * count:
        return []
    in_groups = len(several) >= FEWEST_GROUPS and sum(map(len, several)) >= GROUPED * count
    if not in_groups and len(found) < ALONE * count:
        return []
    return [[known[at] for at in sorted(group)] for group in found]


def _linked(alike: np.ndarray) -> list[list[int]]:
    """Groups by average linkage (Sokal and Michener 1958): the two most alike are joined, again and again,
    until none are alike enough.
    """
    alike = alike.astype(np.float64)
    np.fill_diagonal(alike, -1)
    members = [[index] for index in range(len(alike))]
    while len(members) > 1:
        one, other = sorted(divmod(int(alike.argmax()), len(alike)))
        if alike[one, other] < COMMON:
            break
        sizes = len(members[one]), len(members[other])
        joined = (sizes[0] * alike[one] + sizes[1] * alike[other]) / sum(sizes)
        alike[one], alike[:, one] = joined, joined
        alike[one, one] = -1
        alike = np.delete(np.delete(alike, other, 0), other, 1)
        members[one] += members.pop(other)
    return members
