"""What only shows in several photos: near duplicates, one background everywhere, one angle everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lorakit.data.photos.look import Look

# Share of the bits set in either difference hash that differ, up to which two photos are compared closely.
NEAR = 0.5
# Squared difference of two aligned thumbnails of unit variance, in the worst of 8 x 8 places. Measured on
# renders: a photo and its lighter, cut, turned, saved self below 0.11 in 95 of 100, mostly below 0.02; the
# product in the same scene once more above 0.11 in 3 of 4; two real photos of one product 1.1 and more.
APART = 0.13
MOST_WARPED = 0.1  # turn, zoom and shift that still is the same photo
MOST_COMPARED = 12  # earlier photos that one is compared with closely, the nearest first
# Of 255, and of 12 tiles. Measured: in sets of one place 9 of 10 photos agree on 9 and more, in those of two
# places on at most 5.
ALIKE_TONE, ALIKE_TILES = 24.0, 7
ALIKE_FIGURES = 0.80  # correlation of two cut-out subjects that are seen from one side (assumption)
FIGURES = 6  # photos with a clear subject, from which angles are judged


@dataclass(frozen=True)
class Twin:
    """Two photos that look the same: `index` of the later one, and of the `other`."""

    index: int
    other: int


def near_duplicates(looks: Sequence[Look]) -> list[Twin]:
    """One for each photo that looks the same as an earlier one, which is none itself."""
    if len(looks) < 2:
        return []
    marks = np.stack([look.fingerprint for look in looks])
    first = [look.spread >= 3 for look in looks]
    found = []
    for index in range(1, len(looks)):
        differing = np.bitwise_count(marks[:index] ^ marks[index]).sum(1)
        distance = differing / np.maximum(1, np.bitwise_count(marks[:index] | marks[index]).sum(1))
        near = np.flatnonzero((distance <= NEAR) & np.array(first[:index]))
        near = near[np.argsort(distance[near], kind="stable")][:MOST_COMPARED]
        other = next((n for n in near.tolist() if _same(looks[index].thumb, looks[n].thumb)), None)
        if other is not None and first[index]:
            first[index] = False
            found.append(Twin(index, other))
    return found


def _same(one: np.ndarray, two: np.ndarray) -> bool:
    """Are two thumbnails the same picture but for light and a small shift, turn and zoom?"""
    import cv2

    a, b = (cv2.GaussianBlur(thumb.astype(np.float32), (0, 0), 1.0) for thumb in (one, two))
    if _apart(a, b) <= APART:
        return True
    warp = np.eye(2, 3, dtype=np.float32)
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
    try:
        cv2.findTransformECC(a, b, warp, cv2.MOTION_AFFINE, until)
    except cv2.error:  # it found no way to align them
        return False
    turned, shifted = np.abs(warp[:, :2] - np.eye(2)).max(), np.abs(warp[:, 2]).max() / len(a)
    if max(turned, shifted) > MOST_WARPED:
        return False
    moved = cv2.warpAffine(b, warp, b.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
    edge = len(a) // 10
    return _apart(a[edge:-edge, edge:-edge], moved[edge:-edge, edge:-edge]) <= APART


def _apart(a: np.ndarray, b: np.ndarray) -> float:
    import cv2

    a, b = ((x - x.mean()) / max(1.0, float(x.std())) for x in (a, b))
    return float(cv2.resize(np.square(a - b), (8, 8), interpolation=cv2.INTER_AREA).max())


def one_background(looks: Sequence[Look]) -> bool:
    """Do 9 of 10 photos agree on the tone of most of the 12 border tiles?"""
    borders = np.stack([look.border for look in looks])
    apart = np.abs(borders - np.median(borders, axis=0)).max(-1)
    return bool(((apart < ALIKE_TONE).sum(1) >= ALIKE_TILES).mean() >= 0.9)


def one_angle(looks: Sequence[Look]) -> bool:
    """Does the subject look the same in most photos, once cut out and scaled?

    False where fewer than FIGURES photos have a clear subject.
    """
    figures = [look.figure for look in looks if look.figure is not None]
    if len(figures) < FIGURES:
        return False
    flat = np.stack([figure.ravel() - figure.mean() for figure in figures[:200]])
    flat /= np.maximum(1e-6, np.linalg.norm(flat, axis=1, keepdims=True))
    pairs = (flat @ flat.T)[np.triu_indices(len(flat), 1)]
    return bool(np.median(pairs) >= ALIKE_FIGURES)
