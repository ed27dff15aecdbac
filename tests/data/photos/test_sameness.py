"""Photos that look the same, one background and one angle, told by the figures of their looks."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from lorakit.data.photos import sameness
from lorakit.data.photos.look import take_look


def picture(seed, backdrop=(230, 230, 225)):
    """Soft random shapes before a plain background."""
    random = np.random.default_rng(seed)
    shapes = Image.fromarray(random.integers(0, 255, (5, 5, 3), dtype=np.uint8)).resize(
        (96, 96), Image.BICUBIC
    )
    image = Image.new("RGB", (160, 160), backdrop)
    image.paste(shapes, (32, 32))
    return image.filter(ImageFilter.GaussianBlur(1))


@pytest.fixture(scope="module")
def looks():
    return [take_look(picture(seed)) for seed in range(6)]


def test_a_photo_and_its_lighter_self_are_twins(looks):
    lighter = take_look(picture(0).point(lambda tone: min(255, int(tone * 1.1))))
    (twin,) = sameness.near_duplicates([*looks[:3], lighter])
    assert (twin.index, twin.other) == (3, 0)


def test_different_photos_and_one_alone_have_no_twin(looks):
    assert sameness.near_duplicates(looks) == []
    assert sameness.near_duplicates(looks[:1]) == []


def test_a_third_copy_is_named_with_the_first(looks):
    twins = sameness.near_duplicates([looks[0], looks[0], looks[0]])
    assert [(twin.index, twin.other) for twin in twins] == [(1, 0), (2, 0)]


def test_one_background_is_told_by_the_border(looks):
    assert sameness.one_background(looks)
    places = [(230, 230, 225), (40, 60, 40), (180, 60, 50), (30, 40, 140), (90, 90, 90), (200, 180, 60)]
    others = [take_look(picture(seed, place)) for seed, place in enumerate(places)]
    assert not sameness.one_background(others)


def test_one_angle_needs_figures_and_that_they_are_alike(looks):
    random = np.random.default_rng(0)
    shape = random.normal(size=(24, 24)).astype(np.float32)
    alike = [replace(look, figure=shape + number) for number, look in enumerate(looks)]
    assert sameness.one_angle(alike)
    assert not sameness.one_angle(alike[:-1]), "too few to judge by"
    unlike = [replace(look, figure=random.normal(size=(24, 24)).astype(np.float32)) for look in looks]
    assert not sameness.one_angle(unlike)
