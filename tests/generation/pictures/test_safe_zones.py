"""Safe zones over a copy of an image."""

import numpy as np
from PIL import Image

from lorakit.generation.pictures.formats import find
from lorakit.generation.pictures.safe_zones import preview, with_safe_zones


def test_safe_zones_are_marked_and_the_picture_itself_is_left_alone():
    story = find("instagram-story")
    picture = Image.new("RGB", (108, 192), (0, 0, 0))
    marked = np.asarray(with_safe_zones(picture, story))
    assert marked[5, 50].any() and marked[-5, 50].any() and not marked[96, 50].any()
    assert not np.asarray(picture).any()


def test_a_preview_is_a_small_copy_with_the_zones_and_the_file_stays(tmp_path):
    path = tmp_path / "story.png"
    Image.new("RGB", (1080, 1920)).save(path)
    before = path.read_bytes()
    size, values = preview(path, "instagram-story", 480)
    marked = np.frombuffer(values, np.uint8).reshape(size[1], size[0], 3)
    assert size == (270, 480) and path.read_bytes() == before
    red = marked[:, 100, 0] > 0
    assert red[: round(0.14 * 480) - 2].all() and red[round(0.8 * 480) + 2 :].all()
    assert not red[round(0.14 * 480) + 4 : round(0.8 * 480) - 4].any()


def test_a_format_without_zones_stays_as_it_is():
    image = Image.new("RGB", (60, 40), (9, 9, 9))
    assert not find("x-post").has_safe_zones and find("tiktok").has_safe_zones
    assert np.array_equal(np.asarray(with_safe_zones(image, find("x-post"))), np.asarray(image))
