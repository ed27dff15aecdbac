"""What is said of one photo, for each figure that is out of its limits."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageFilter

from lorakit.data.photos.buckets import Framing
from lorakit.data.photos.lettering import NONE, Lettering
from lorakit.data.photos.look import take_look
from lorakit.data.photos.single_photo import findings_of

AREA = 512 * 512


@pytest.fixture(scope="module")
def plain():
    """The look of a photo with which nothing is wrong, but for what a test changes."""
    noise = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((64, 64), Image.BICUBIC).filter(ImageFilter.GaussianBlur(1))
    return replace(
        take_look(image), blur=0.001, bright=0.0, dark=0.0, level=220.0, spread=50.0, blocks=0.0, quality=95,
        lettering=NONE,
    )  # fmt: skip


def kinds(look, width=1024, height=1024):
    photo = SimpleNamespace(look=look, name="a.jpg", width=width, height=height)
    framing = Framing((512, 512), (0, 0, width, height), (0, 0, 0, 0), (width, height))
    return [(found.kind, found.severity) for found in findings_of(photo, framing, AREA)]


def test_nothing_is_said_of_a_good_photo(plain):
    assert kinds(plain) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"blur": 0.01}, [("blurred", "warn")]),
        ({"bright": 0.3}, [("overexposed", "warn")]),
        ({"dark": 0.7}, [("underexposed", "warn")]),
        ({"level": 40.0}, [("underexposed", "warn")]),
        ({"level": 40.0, "blur": 0.01}, [("underexposed", "warn")]),  # of a dark photo blur is not known
        ({"blocks": 0.95}, [("blocky", "warn")]),
        ({"quality": 10}, [("blocky", "warn")]),
        ({"spread": 1.0, "level": 40.0}, [("blank", "warn")]),
        ({"lettering": Lettering(9, "in the lower right corner", True)}, [("lettering", "warn")]),
        ({"lettering": Lettering(9, "in the middle", False)}, [("print", "info")]),
    ],
)
def test_each_figure_has_its_finding(plain, change, found):
    assert kinds(replace(plain, **change)) == found


def test_size_and_shape_are_judged_against_the_base(plain):
    assert kinds(plain, 450, 450) == [("small", "info")]
    assert kinds(plain, 300, 300) == [("small", "warn")]
    assert kinds(plain, 3000, 1000) == [("odd-ratio", "warn")]


def test_blocks_are_not_seen_in_a_photo_that_is_made_much_smaller(plain):
    assert kinds(replace(plain, blocks=0.95), 4000, 4000) == []
