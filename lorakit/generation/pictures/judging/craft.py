"""How well an image is made, whatever it shows: sharpness, clipping and noise."""

import numpy as np
from PIL import Image

from lorakit.data.photos.look import LUMA, Look
from lorakit.data.photos.single_photo import BLURRED
from lorakit.generation.pictures.judging.scores import Craft

NOISY = 8.0  # standard deviation of noise, of 255, at which half of the figure is left (assumption)
TILE = 16  # pixels of the sides of the tiles that noise is measured in
SMOOTHEST = 25  # percentile of the tiles: where texture is least
LEAST_TONE, MOST_TONE = 6.0, 249.0  # means of tiles between which nothing is clipped


def craft_of(image: Image.Image, look: Look) -> Craft:
    """The figures of an RGB image, of which `look` was taken.

    Sharpness is 0.5 at the blur that the quality check of photos warns of, noise at NOISY; both fall with the
    square of the fault and never reach 0, so that even poor images keep an order.
    """
    return Craft(
        sharpness=1 / (1 + (look.blur / BLURRED) ** 2),
        clipping=1 - min(1.0, max(look.bright, look.dark)),
        noise=1 / (1 + (noise(image) / NOISY) ** 2),
    )


def noise(image: Image.Image) -> float:
    """Standard deviation of the noise of an RGB image, of 255.

    A mask of two Laplacians, one less the other, leaves out edges and slopes (Immerkaer 1996, "Fast noise
    variance estimation"). It is applied tile by tile, and the smoothest tiles count, because texture looks
    like noise.
    """
    import cv2

    grey = np.asarray(image, np.float32) @ LUMA
    rows, columns = (side // TILE for side in grey.shape)
    if not rows or not columns:
        return 0.0
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = np.abs(cv2.filter2D(grey, cv2.CV_32F, mask))
    whole = np.s_[: rows * TILE, : columns * TILE]
    means, roughness = (x[whole].reshape(rows, TILE, columns, TILE).mean((1, 3)) for x in (grey, rough))
    unclipped = roughness[(means > LEAST_TONE) & (means < MOST_TONE)]
    if not unclipped.size:
        return 0.0
    # The mask's entries have a squared sum of 36; sqrt(pi / 2) turns a mean deviation into a standard one.
    return float(np.sqrt(np.pi / 2) / 6 * np.percentile(unclipped, SMOOTHEST))
