"""The product stays before every background, and each background is another one."""

import numpy as np
from PIL import Image

from lorakit.data.photos.backdrops import put_before

PHOTO = Image.new("RGB", (48, 32), (10, 200, 30))
MASK = Image.fromarray(np.where(np.arange(48) < 24, 255, 0)[None].repeat(32, 0).astype(np.uint8))


def test_the_product_keeps_its_pixels_and_the_rest_is_replaced():
    made = np.asarray(put_before(PHOTO, MASK, seed=3))
    assert made.shape == (32, 48, 3)
    assert (made[:, :24] == (10, 200, 30)).all()
    assert (made[:, 24:] != (10, 200, 30)).any(-1).all()


def test_a_seed_is_one_background():
    one, again, other = (np.asarray(put_before(PHOTO, MASK, seed)) for seed in (1, 1, 2))
    assert (one == again).all() and (one[:, 24:] != other[:, 24:]).any()
