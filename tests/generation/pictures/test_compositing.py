"""A real product in a scene: its own pixels, a shadow, and light that fits within a limit."""

import numpy as np
from PIL import Image

from lorakit.generation.pictures.compositing import LIGHT_LIMIT, Look, compose, scaled
from lorakit.generation.pictures.layouts import Box


def cut(width=60, height=80):
    """An opaque red product, and transparent pixels around it, under which other colours lie."""
    values = np.zeros((height, width, 4), np.uint8)
    values[...] = (0, 255, 0, 0)
    values[10:, 10:-10] = (200, 40, 30, 255)
    return Image.fromarray(values, "RGBA")


SCENE = Image.new("RGB", (200, 200), (120, 130, 140))
BOX = Box(70, 60, 60, 80)


def pixels(look, box=BOX, scene=SCENE):
    return np.asarray(compose(scene, cut(), box, look), np.int16)


def test_the_products_own_pixels_stay_to_the_last_bit():
    image = pixels(Look(match_light=False))
    assert (image[75:125, 85:115] == (200, 40, 30)).all()


def test_what_lies_under_transparent_pixels_never_shines_through():
    colour, alpha = scaled(cut(), 37, 53)
    assert colour[alpha > 0.02][:, 1].max() < 60
    image = pixels(Look(match_light=False, shadow=False))
    assert (image[..., 1] <= 131).all()


def test_it_throws_a_shadow_where_it_stands_and_nowhere_far():
    with_shadow, without = pixels(Look(match_light=False)), pixels(Look(match_light=False, shadow=False))
    darker = (without - with_shadow).sum(-1)
    assert darker.min() >= 0 and darker[140:143, 90:110].mean() > 30
    assert darker[:50].max() == 0 and darker[190:].max() == 0


def test_light_is_matched_within_its_limit():
    night = Image.new("RGB", (200, 200), (5, 5, 20))
    matched, own = pixels(Look(), scene=night), pixels(Look(match_light=False), scene=night)
    change = matched[80:120, 90:110].mean((0, 1)) / own[80:120, 90:110].mean((0, 1))
    assert (change < 1).all() and (change >= 1 - 2 * LIGHT_LIMIT).all()


def test_a_product_beyond_the_edge_is_cut_off_there():
    image = pixels(Look(match_light=False), Box(170, 150, 60, 80))
    assert image.shape == (200, 200, 3) and (image[165:195, 185:199] == (200, 40, 30)).all()
    assert (pixels(Look(), Box(400, 400, 60, 80)) == np.asarray(SCENE)).all()
