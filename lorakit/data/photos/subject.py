"""Where the product is in a photo: what is unlike the border of its own rows, and near the middle.

A guess good enough to judge sharpness and exposure by; only before a plain background is it taken as a mask.
"""

import numpy as np
from PIL import Image

SIDE = 128  # pixels of the longer side that the subject is found at
MASK_SIDE = 320  # the same for a mask that a training uses
ROUNDS = 3  # of GrabCut; more change the outline no further
LEAST, MOST = 0.005, 0.85  # share of the picture that a subject covers
# The border's tiles may differ by this much (Lab, 8 bits) in a plain background, and be this noisy.
PLAIN_APART, PLAIN_NOISE = 26.0, 9.0
EDGE = 0.04  # share of a side that counts as its border


def find(pixels: np.ndarray, side: int = SIDE) -> np.ndarray:
    """The subject of an RGB picture (H, W, 3) uint8, as (h, w) bool with the longer side `side`.

    Starts from the distance of each pixel to the border colours of its own row, so that a floor is compared
    with the floor, times a prior for the middle; GrabCut (Rother et al. 2004) then finds the outline. The
    part that is most in the middle counts. All False when nothing stands out.
    """
    import cv2

    small = shrunk(pixels, side)
    height, width = small.shape[:2]
    if min(height, width) < 12:
        return np.zeros((height, width), bool)
    across, down = max(2, round(EDGE * width)), max(2, round(EDGE * height))
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    left, right = lab[:, :across].mean(1, keepdims=True), lab[:, -across:].mean(1, keepdims=True)
    apart = np.minimum(np.linalg.norm(lab - left, axis=-1), np.linalg.norm(lab - right, axis=-1))
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    middle = np.exp(-(x**2 / 0.5 + y**2 / 0.7))
    scored = np.clip(apart * middle, 0, 255).astype(np.uint8)
    threshold = max(8.0, cv2.threshold(scored, 0, 255, cv2.THRESH_OTSU)[0])
    marks = np.where(scored > threshold, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    for edge in (np.s_[:down], np.s_[-down:], np.s_[:, :across], np.s_[:, -across:]):
        marks[edge] = cv2.GC_BGD
    if (marks == cv2.GC_PR_FGD).sum() < 20:
        return np.zeros((height, width), bool)
    cv2.setRNGSeed(0)
    no_rectangle = (0, 0, width, height)  # not asked for when marks are given
    cv2.grabCut(
        small, marks, no_rectangle, np.zeros((1, 65)), np.zeros((1, 65)), ROUNDS, cv2.GC_INIT_WITH_MASK
    )
    inside = cv2.morphologyEx((marks == cv2.GC_PR_FGD).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3)))
    parts, labels = cv2.connectedComponents(inside)
    if parts < 2:
        return np.zeros((height, width), bool)
    weights = np.bincount(labels.ravel(), middle.ravel())
    component = labels == 1 + int(weights[1:].argmax())
    return component if LEAST <= component.mean() <= MOST else np.zeros((height, width), bool)


def plain_mask(image: Image.Image) -> Image.Image | None:
    """The product's mask (L, 255 inside, soft at the edge) in the size of `image`, when it stands before a
    plain background; otherwise None.
    """
    pixels = np.asarray(image)
    small = shrunk(pixels, MASK_SIDE)
    if not is_plain(small):
        return None
    found = find(small, MASK_SIDE)
    if not found.any():
        return None
    filled = without_holes(found)
    return Image.fromarray(filled.astype(np.uint8) * 255).resize(image.size, Image.Resampling.BICUBIC)


def is_plain(pixels: np.ndarray) -> bool:
    """Is the border of this picture (H, W, 3) of one tone, with no texture to speak of?"""
    import cv2

    small = shrunk(pixels, SIDE)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    height, width = lab.shape[:2]
    deep, wide = max(2, height // 16), max(2, width // 16)
    strips = (lab[:deep], lab[-deep:], lab[:, :wide].swapaxes(0, 1), lab[:, -wide:].swapaxes(0, 1))
    tiles = [tile for strip in strips for tile in np.array_split(strip, 4, axis=1) if tile.size]
    means = np.stack([tile.reshape(-1, 3).mean(0) for tile in tiles])
    noise = np.median([tile.reshape(-1, 3).std(0).max() for tile in tiles])
    apart = np.linalg.norm(means - np.median(means, axis=0), axis=1)
    return bool(noise <= PLAIN_NOISE and (apart <= PLAIN_APART).mean() >= 0.9)


def shrunk(pixels: np.ndarray, side: int) -> np.ndarray:
    """The picture with its longer side at most `side` pixels."""
    import cv2

    height, width = pixels.shape[:2]
    share = side / max(height, width)
    if share >= 1:
        return np.ascontiguousarray(pixels)
    size = max(1, round(width * share)), max(1, round(height * share))
    return cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_AREA)


def without_holes(found: np.ndarray) -> np.ndarray:
    """What the background cannot reach from the border; a label in the background's colour is no hole."""
    import cv2

    outside = np.pad((~found).astype(np.uint8), 1, constant_values=1)
    cv2.floodFill(outside, None, (0, 0), 2)
    return outside[1:-1, 1:-1] != 2
