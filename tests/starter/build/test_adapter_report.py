"""The report counts a picture only where both of the sample product's colours are."""

import numpy as np
from PIL import Image

from lorakit.starter import SAMPLE_PHOTOS
from lorakit.starter.build.adapter_report import has_both, shares

PURPLE, YELLOW, GREY = (150, 60, 180), (220, 180, 40), (128, 128, 128)


def picture(*colours):
    """Bands of one width."""
    return np.repeat(np.array(colours, np.uint8), 10, 0)[None].repeat(20, 0)


def test_shares_are_those_of_the_pixels():
    assert shares(picture(PURPLE, YELLOW, GREY, GREY)) == (0.25, 0.25)
    assert shares(picture(GREY)) == (0.0, 0.0)


def test_one_colour_alone_does_not_count():
    assert has_both(picture(PURPLE, YELLOW, *[GREY] * 20))
    assert not has_both(picture(PURPLE, GREY)) and not has_both(picture(YELLOW, GREY))
    assert not has_both(picture((200, 30, 30), (30, 30, 200)))


def test_every_sample_photo_shows_the_product():
    photos = sorted(SAMPLE_PHOTOS.glob("*.jpg"))
    assert len(photos) == 30
    assert all(min(shares(np.asarray(Image.open(path)))) > 0 for path in photos)
