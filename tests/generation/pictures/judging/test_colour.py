"""Colours of a product: the same in any size and place, farther apart the more they differ."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lorakit.generation.pictures.judging import colour
from lorakit.generation.pictures.judging.ciede2000 import difference
from lorakit.generation.pictures.judging.colour import Palette


def can(body, size=(120, 200)):
    """A cut-out of a can in one colour with a white band."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, 10, size[0] - 10, size[1] - 10), fill=(*body, 255))
    draw.rectangle((10, size[1] * 0.4, size[0] - 10, size[1] * 0.6), fill=(240, 240, 240, 255))
    return image


def stood(cut_out, behind=(150, 170, 150)):
    image = Image.new("RGB", (400, 400), behind)
    image.paste(cut_out, (140, 100), cut_out)
    return image


def test_the_product_itself_is_near_and_another_colour_far():
    own = colour.of_cut_out(can((180, 30, 40)))
    same, duller, other = (
        colour.apart(own, colour.of_image(stood(can(body))))
        for body in ((180, 30, 40), (160, 60, 60), (30, 60, 180))
    )
    assert same < 1.5 and same < duller < other and other > 15


def grey(*levels_and_shares):
    levels, shares = zip(*levels_and_shares, strict=True)
    return Palette(np.array([(level, 0.0, 0.0) for level in levels]), np.array(shares))


def test_the_distance_is_what_it_costs_to_find_the_products_colours():
    far = colour.apart(grey((50, 1.0)), grey((60, 1.0)))
    assert far == pytest.approx(float(difference(np.array([50.0, 0, 0]), np.array([60.0, 0, 0]))), rel=1e-5)
    # Half of it may be missing or be something else; when a quarter of it is there, half of it is not found.
    assert colour.apart(grey((50, 1.0)), grey((50, 0.5), (60, 0.5))) == pytest.approx(0, abs=1e-6)
    assert colour.apart(grey((50, 1.0)), grey((50, 0.25), (60, 0.75))) == pytest.approx(far / 2, rel=1e-5)
    # A colour of the product that the image has nowhere is missed, although all of the image is there.
    assert colour.apart(grey((50, 0.5), (60, 0.5)), grey((50, 1.0))) == pytest.approx(far / 2, rel=1e-5)


def test_the_nearest_side_of_the_product_counts():
    front, back = (colour.of_cut_out(can(body)) for body in ((180, 30, 40), (30, 60, 180)))
    seen = colour.of_image(stood(can((30, 60, 180))))
    assert colour.nearest_apart([front, back], seen) == colour.apart(back, seen)


def test_what_has_no_product_in_it_has_no_palette():
    assert colour.of_cut_out(Image.new("RGBA", (80, 80), (200, 0, 0, 0))) is None
    assert colour.of_image(Image.new("RGB", (200, 200), (90, 90, 90))) is None
