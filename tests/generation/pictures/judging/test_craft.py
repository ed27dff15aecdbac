"""Craft: each fault lowers its own figure."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from lorakit.data.photos.look import take_look
from lorakit.generation.pictures.judging import craft


@pytest.fixture(scope="module")
def clean():
    image = Image.linear_gradient("L").resize((512, 512)).convert("RGB")
    draw = ImageDraw.Draw(image)
    draw.ellipse((150, 130, 360, 400), fill=(170, 60, 40))
    draw.rectangle((200, 220, 310, 300), fill=(235, 225, 90))
    return image


def figures(image):
    return craft.craft_of(image, take_look(image))


def noisy(image, sigma):
    random = np.random.default_rng(0)
    pixels = np.asarray(image, np.float32) + random.normal(0, sigma, (image.height, image.width, 1))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def test_a_clean_image_has_no_fault(clean):
    found = figures(clean)
    assert found.sharpness > 0.85 and found.clipping == 1 and found.noise > 0.97
    assert found.worst == min(found.sharpness, found.noise)


def test_blur_lowers_sharpness_alone_and_keeps_an_order(clean):
    soft, softer, softest = (
        figures(clean.filter(ImageFilter.GaussianBlur(sigma))).sharpness for sigma in (2, 5, 10)
    )
    assert figures(clean).sharpness > soft > softer > softest > 0
    assert figures(clean.filter(ImageFilter.GaussianBlur(5))).noise > 0.97


def test_noise_is_measured_in_levels_of_grey(clean):
    for sigma in (3.0, 8.0):
        assert craft.noise(noisy(clean, sigma)) == pytest.approx(sigma, rel=0.25)
    assert figures(noisy(clean, craft.NOISY)).noise == pytest.approx(0.5, abs=0.12)


def test_what_has_lost_its_detail_to_black_lowers_clipping():
    image = Image.new("RGB", (400, 400), (120, 110, 90))
    ImageDraw.Draw(image).rectangle((50, 50, 349, 249), fill=(2, 2, 2))
    assert figures(image).clipping == pytest.approx(1 - 300 * 200 / 400**2, abs=0.01)


@pytest.mark.parametrize("size", [(1, 1), (15, 400)])
def test_an_image_too_small_for_a_tile_has_no_noise(size):
    assert craft.noise(Image.new("RGB", size, (90, 80, 70))) == 0
