"""What is said of a set as a whole: its number, its background, its products."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from lorakit.data.photos import whole_set
from lorakit.data.photos.look import take_look


@pytest.fixture(scope="module")
def look():
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    return replace(take_look(Image.fromarray(noise).resize((64, 64))), figure=None, colours=None)


@pytest.fixture(scope="module")
def photos(look):
    """Makes a number of photos, each of another place."""
    random = np.random.default_rng(1)

    def make(count):
        return [
            SimpleNamespace(name=f"{number}.jpg", look=replace(look, border=random.uniform(0, 255, (12, 3))))
            for number in range(count)
        ]

    return make


def said(found):
    return [(one.kind, one.severity) for one in found]


@pytest.mark.parametrize(
    ("count", "alike", "found"),
    [
        (1, 0, [("few", "warn")]),
        (9, 0, [("few", "warn")]),
        (12, 5, [("few", "warn")]),
        (15, 0, [("few", "info")]),
        (30, 0, []),
        (201, 0, [("many", "info")]),
    ],
)
def test_the_number_of_different_photos_counts(photos, count, alike, found):
    assert said(whole_set.findings(photos(count), alike)) == found


def test_a_style_wants_different_things(photos):
    (of_product,) = whole_set.findings(photos(3), 0)
    (of_style,) = whole_set.findings(photos(3), 0, style=True)
    assert "angles" in of_product.advice and "different things" in of_style.advice
    assert of_product.what == "only 3 photos"


def test_one_background_is_remarked_on(look):
    same = [SimpleNamespace(name=f"{number}.jpg", look=look) for number in range(30)]
    (found,) = whole_set.findings(same, 0)
    assert found.kind == "one-background" and found.advice.endswith("part of the product")
    (found,) = whole_set.findings(same, 0, style=True)
    assert found.advice.endswith("part of the style")


def test_several_products_are_named_by_an_example_each(photos, monkeypatch):
    monkeypatch.setattr(whole_set.colours, "groups", lambda looks: [[0, 2, 4], [1]])
    (found,) = whole_set.findings(photos(30), 0)
    assert found.what == "these look like 2 different products by colour: 0.jpg and 2 more; 1.jpg"
    assert whole_set.findings(photos(30), 0, style=True) == []
