"""Delivering a render in a format's exact pixels."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lorakit.generation.pictures.fitting import deliver
from lorakit.generation.pictures.formats import FORMATS, find, render_size


def disc(width: int, height: int) -> Image.Image:
    """A white disc in the middle of a grey picture: its shape shows any distortion."""
    image = Image.new("RGB", (width, height), (90, 90, 90))
    radius = min(width, height) * 0.3
    middle = width / 2, height / 2
    box = (middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius)
    ImageDraw.Draw(image).ellipse(box, fill=(255, 255, 255))
    return image


def extent(image: Image.Image) -> tuple[int, int]:
    """Width and height of what is bright."""
    bright = np.asarray(image.convert("L")) > 172
    return int(bright.any(0).sum()), int(bright.any(1).sum())


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.id)
def test_every_format_gets_its_exact_pixels_without_distortion(row):
    width, height = render_size(row, 256 * 256, 16)
    delivered = deliver(disc(width, height), row)
    assert delivered.size == (row.width, row.height) and delivered.mode == "RGB"
    across, down = extent(delivered)
    assert across / down == pytest.approx(1, abs=0.06)


def test_a_long_format_keeps_the_whole_picture_and_continues_its_edges_smoothly():
    picture = disc(192, 80)
    banner = np.asarray(deliver(picture, find("728x90")), np.float32)
    shown = np.asarray(picture.resize((216, 90), Image.Resampling.LANCZOS), np.float32)
    left = (728 - 216) // 2
    assert np.array_equal(banner[:, left : left + 216], shown)
    assert np.abs(np.diff(banner[:, left - 5 : left + 5], axis=1)).max() < 3, "no seam"
    assert banner[:, : left - 40].max() < 120, "the product is not seen a second time"


def test_a_tall_format_is_continued_above_and_below():
    tower = np.asarray(deliver(disc(80, 192), find("160x600")))
    assert tower.shape == (600, 160, 3)
    assert (tower[:80] < 120).all() and (tower[-80:] < 120).all()


def test_transparent_and_grey_pictures_are_delivered_too():
    for mode in ("RGBA", "L", "P"):
        assert deliver(Image.new(mode, (64, 64)), find("1:1")).mode == "RGB"
