"""The soft edge of a product: how much of each pixel is its own, and in which colour."""

import contextlib
import io

import numpy as np
from PIL import Image, ImageOps

BAND = 0.009  # share of the longer side on each side of the outline that is solved for


def solve(pixels: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Alpha (h, w) in 0..1 of RGB `pixels` (h, w, 3); the outline of `inside` (h, w) bool is solved for."""
    import cv2
    from pymatting import estimate_alpha_cf

    band = max(2, round(BAND * max(inside.shape)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1, 2 * band + 1))
    shape = inside.astype(np.uint8)
    sure, possible = cv2.erode(shape, kernel, borderValue=1), cv2.dilate(shape, kernel)
    trimap = np.where(sure == 1, 1.0, np.where(possible == 0, 0.0, 0.5))
    rows, columns = np.flatnonzero(possible.any(1)), np.flatnonzero(possible.any(0))
    if not (sure == 1).any():
        return inside.astype(np.float64)
    around = (
        slice(max(0, rows[0] - band), rows[-1] + band + 1),
        slice(max(0, columns[0] - band), columns[-1] + band + 1),
    )
    alpha = np.zeros(inside.shape)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what its solver tries
        alpha[around] = estimate_alpha_cf(pixels[around] / 255.0, trimap[around])
    return alpha.clip(0, 1)


def applied(photo: Image.Image, pixels: np.ndarray, alpha: np.ndarray, largest: int) -> Image.Image:
    """The photo with `alpha` (h, w), which was solved for at the size of `pixels`, its longer side at most
    `largest`: its own pixels inside, and near the edge the foreground's estimated colour.
    """
    from pymatting import estimate_foreground_ml

    photo = ImageOps.contain(photo, (largest, largest)) if max(photo.size) > largest else photo
    colour = estimate_foreground_ml(pixels / 255.0, alpha)
    edge = Image.fromarray((colour * 255).round().clip(0, 255).astype(np.uint8))
    edge = edge.resize(photo.size, Image.Resampling.BICUBIC)
    cover = Image.fromarray((alpha * 255).round().astype(np.uint8))
    cover = cover.resize(photo.size, Image.Resampling.BICUBIC)
    solid = cover.point([0] * 250 + [255] * 6)
    image = Image.composite(photo, edge, solid).convert("RGBA")
    image.putalpha(cover)
    return image
