"""The images that teach the starter to keep its scenes empty."""

from PIL import Image

from lorakit.starter.build.render import empty_scene
from lorakit.starter.build.scenes import SCENES
from lorakit.starter.build.stage import EACH, TRIGGER, make_photos


def test_every_scene_is_shown_in_every_shape_with_its_words(tmp_path):
    make_photos(tmp_path / "photos")
    captions = [path.read_text().strip() for path in sorted((tmp_path / "photos").glob("*.txt"))]
    assert len(captions) == EACH * len(SCENES) and all(text.startswith(TRIGGER) for text in captions)
    for scene in SCENES:
        assert {f"{TRIGGER} {phrase}" for phrase in scene.phrases} <= set(captions)
    sizes = {Image.open(path).size for path in (tmp_path / "photos").glob("*.png")}
    assert len(sizes) == 3


def test_an_empty_scene_says_where_its_ground_begins():
    image, horizon = empty_scene("beach", 64, 48, 3)
    assert image.shape == (48, 64, 3) and 0.5 < horizon < 0.7
