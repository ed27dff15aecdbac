"""Several products in one set are told apart by their colours, and one product in many places stays one."""

from functools import cache

import numpy as np
import pytest
from PIL import Image

from lorakit.data.photos import colours, subject
from lorakit.data.photos.sets import PhotoSet
from lorakit.starter import SAMPLE_PHOTOS
from lorakit.starter.build.render import DISTANCES, LIGHTS, Product, render

PRODUCTS = (
    ("bottle", "blue"), ("mug", "red"), ("teapot", "yellow"), ("bowl", "green"), ("vase", "purple"),
    ("candle", "orange"), ("jar", "turquoise"), ("box", "black"), ("bottle", "pink"),
)  # fmt: skip
SCENES = ("wood", "marble", "stone", "snow", "beach")


@cache
def shots(product: int, count: int = 5) -> tuple[np.ndarray, ...]:
    """One product in several places, lights and distances."""
    shape, colour = PRODUCTS[product]
    return tuple(
        render(
            Product(shape, colour, "plain", SCENES[n % 5], list(LIGHTS)[n % 3], list(DISTANCES)[n % 3]),
            160, 160, 100 * product + n,
        )[0]
        for n in range(count)
    )  # fmt: skip


def groups(pictures) -> list[list[int]]:
    return colours.groups([colours.of_subject(picture, subject.find(picture)) for picture in pictures])


@pytest.mark.battery(112, "several products in one folder")
def test_nine_products_in_one_folder_are_said_with_an_example_of_each(tmp_path):
    for product in range(9):
        for number, picture in enumerate(shots(product, 2)):
            Image.fromarray(picture).save(tmp_path / f"{PRODUCTS[product][1]}-{number}.png")
    photos = PhotoSet.from_folder(tmp_path, "aurora")
    report = photos.report()
    (found,) = [finding for finding in report.findings if finding.kind == "several-products"]
    assert "these look like 9 different products" in found.what or "8 different" in found.what
    assert sum(colour in found.what for _, colour in PRODUCTS) >= 8 and found.severity == "warn"
    assert report.score < 75
    style = photos.report(style=True)
    assert style.score > report.score and "several-products" not in {one.kind for one in style.findings}


@pytest.mark.parametrize("count", [3, 5, 9])
def test_groups_hold_one_product_each(count):
    found = groups([picture for product in range(count) for picture in shots(product, 4)])
    assert count - 1 <= len(found) <= count + 1
    mixed = [group for group in found if len({index // 4 for index in group}) > 1]
    assert len(mixed) <= 1


def test_one_photo_each_of_nine_products_is_enough():
    assert len(groups([shots(product, 1)[0] for product in range(9)])) >= 7


@pytest.mark.parametrize("product", range(len(PRODUCTS)))
def test_one_product_in_many_places_is_one(product):
    assert groups(shots(product)) == []


@pytest.mark.battery(112, "one product is not taken for several")
def test_the_sample_product_is_one():
    pictures = [np.asarray(Image.open(path).convert("RGB")) for path in sorted(SAMPLE_PHOTOS.glob("*.jpg"))]
    assert groups(pictures) == []


def test_a_few_photos_whose_subject_was_not_found_make_no_other_product():
    others = [shots(product, 1)[0] for product in (1, 2, 3)]
    assert groups([*shots(0), *others]) == []
    assert colours.groups([None] * 30) == []


def test_a_large_set_is_judged_by_some_of_its_photos():
    one = colours.of_subject(shots(0)[0], subject.find(shots(0)[0]))
    assert colours.groups([one] * 5000) == []
