"""Where the ground begins, on renders that know it."""

import numpy as np
from PIL import Image

from lorakit.generation.pictures.ground import find_ground
from lorakit.starter.build.render import empty_scene
from lorakit.starter.build.scenes import SCENES

SIZES = ((128, 128), (144, 256), (256, 144), (96, 176), (320, 64))
LINED = [scene.id for scene in SCENES if scene.id != "studio"]


def _scene(scene: str, number: int) -> tuple[Image.Image, float]:
    image, horizon = empty_scene(scene, *SIZES[number % len(SIZES)], 900 + number)
    return Image.fromarray(image), horizon


def test_the_line_is_found_within_a_percent_of_the_height_on_fifty_renders():
    scenes = [_scene(LINED[number % len(LINED)], number) for number in range(50)]
    errors = []
    for image, horizon in scenes:
        found = find_ground(image)
        assert found is not None
        errors.append(100 * abs(found - horizon))
    assert np.mean(errors) < 0.75 and max(errors) < 5


def test_a_seamless_backdrop_has_no_line():
    assert [find_ground(_scene("studio", number)[0]) for number in range(5)] == [None] * 5
    assert find_ground(Image.new("RGB", (40, 30), "white")) is None


def test_what_stands_before_the_line_does_not_move_it():
    image, horizon = _scene("wood", 0)
    pixels = np.array(image)
    pixels[20:110, 40:80] = (30, 60, 200)
    assert abs(find_ground(Image.fromarray(pixels)) - horizon) < 0.02


def test_any_mode_and_any_size_will_do():
    for size in ((1, 1), (3, 500), (500, 3)):
        assert find_ground(Image.new("L", size, 128)) is None
    halves = Image.new("RGBA", (50, 100), "white")
    halves.paste("black", (0, 60, 50, 100))
    assert abs(find_ground(halves) - 0.6) < 0.02
