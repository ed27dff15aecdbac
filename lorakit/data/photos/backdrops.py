"""Other backgrounds for a product whose outline is known, so that the studio's own is not learned with it."""

import numpy as np
from PIL import Image


def put_before(image: Image.Image, mask: Image.Image, seed: int) -> Image.Image:
    """The product (`mask` L, 255 where it is) before a background made from `seed`: soft patches of a few
    colours, as a place out of focus looks.
    """
    random = np.random.default_rng(seed)
    patches = random.integers(20, 236, (random.integers(2, 6), random.integers(2, 6), 3), dtype=np.uint8)
    background = Image.fromarray(patches).resize(image.size, Image.Resampling.BICUBIC)
    return Image.composite(image, background, mask)
