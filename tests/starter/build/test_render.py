"""The renderer: deterministic, with a mask that is the product's, and attributes that show."""

import numpy as np
import pytest

from lorakit.starter.build.render import (
    COLOURS,
    PATTERNS,
    Product,
    random_product,
    render,
    variant,
)
from lorakit.starter.build.scenes import SCENES
from lorakit.starter.build.shapes import HOURGLASS, SHAPES

MUG = Product("mug", "blue", "plain", "studio")


def test_the_same_seed_gives_the_same_picture_and_another_seed_another():
    first, mask = render(MUG, 96, 176, 4)
    again, same_mask = render(MUG, 96, 176, 4)
    other, _ = render(MUG, 96, 176, 5)
    assert first.shape == (176, 96, 3) and mask.shape == (176, 96) and first.dtype == np.uint8
    assert (first == again).all() and (mask == same_mask).all() and (first != other).any()


@pytest.mark.parametrize("shape", [shape.name for shape in SHAPES] + [HOURGLASS.name])
@pytest.mark.parametrize("size", [(128, 128), (80, 192), (192, 80)])
def test_every_shape_fits_every_frame_with_room_around_it(shape, size):
    _, mask = render(variant(MUG, shape=shape, distance="close"), *size, 3)
    inside = mask > 127
    assert inside.mean() > 0.03
    assert not inside[:2].any() and not inside[:, :1].any() and not inside[:, -1:].any()


def test_the_mask_covers_the_product_and_nothing_else():
    seed = 11
    blue, mask = render(MUG, 128, 128, seed)
    red, _ = render(variant(MUG, colour="red"), 128, 128, seed)
    changed = np.abs(blue.astype(int) - red.astype(int)).sum(-1) > 6
    assert not changed[mask == 0].any()
    assert changed[mask > 250].mean() > 0.99


def _median(colour, scene, seed):
    image, mask = render(variant(MUG, colour=colour, scene=scene), 128, 128, seed)
    return np.median(image[mask > 250], axis=0)


def test_a_colour_reads_the_same_in_another_scene():
    known = {colour: _median(colour, "studio", 1) for colour in COLOURS}
    for scene in ("neon", "sunset", "snow"):
        for colour in COLOURS:
            seen = _median(colour, scene, 2)
            assert min(known, key=lambda name: float(np.abs(known[name] - seen).sum())) == colour


def test_light_from_the_left_makes_the_left_side_brighter_and_the_right_likewise():
    sides = {}
    for light in ("left", "right"):
        image, mask = render(Product("can", "red", "plain", "studio", light), 128, 128, 6)
        inside = mask > 250
        middle = np.nonzero(inside)[1].mean()
        columns = np.arange(128)[None] < middle
        sides[light] = image[inside & columns].mean() - image[inside & ~columns].mean()
    assert sides["left"] > 5 and sides["right"] < -5


@pytest.mark.parametrize(
    ("place", "low", "high"), [("left", 0.1, 0.4), ("centre", 0.4, 0.6), ("right", 0.6, 0.9)]
)
def test_a_product_stands_where_its_place_says(place, low, high):
    for seed in range(6):
        _, mask = render(variant(MUG, shape="bottle", place=place), 176, 96, seed)
        assert low < np.average(np.arange(176), weights=mask.sum(0)) / 176 < high


def test_patterns_and_scenes_change_what_is_seen():
    patterns = [render(variant(MUG, pattern=p), 64, 64, 1)[0].astype(int) for p in PATTERNS]
    scenes = [render(variant(MUG, scene=s.id), 64, 64, 1)[0].astype(int) for s in SCENES]
    for pictures in (patterns, scenes):
        for i, first in enumerate(pictures):
            assert all(np.abs(first - second).mean() > 0.5 for second in pictures[:i])


def test_random_products_cover_all_attributes_and_never_the_sample_product():
    random = np.random.default_rng(0)
    products = [random_product(random) for _ in range(600)]
    assert {p.shape for p in products} == {s.name for s in SHAPES}
    assert {p.colour for p in products} == set(COLOURS)
    assert {p.pattern for p in products} == set(PATTERNS)
    assert {p.scene for p in products} == {s.id for s in SCENES}
