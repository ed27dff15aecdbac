"""The soft edge of a product."""

import numpy as np
from PIL import Image

from lorakit.data.photos import matting


def test_a_soft_edge_is_solved_for_and_cleaned_of_the_background():
    across = np.clip((np.arange(96) - 45) / 6, 0, 1)[None, :, None]
    values = 240 * (1 - across) + np.array([30, 60, 160]) * across
    photo = Image.fromarray(np.broadcast_to(values, (60, 96, 3)).astype(np.uint8))
    pixels, inside = np.asarray(photo), np.broadcast_to(across[..., 0] > 0.4, (60, 96))
    alpha = matting.solve(pixels, np.ascontiguousarray(inside))
    assert np.abs(alpha[10:50, 20:80] - across[0, 20:80, 0]).mean() < 0.08
    image = matting.applied(photo, pixels, alpha, 96)
    edge = np.asarray(image, np.float32)[30, 47:51]
    assert edge[:, 0].max() < 150, "the bright wall is no part of the edge's colour"
    assert image.getpixel((90, 30))[:3] == photo.getpixel((90, 30))
