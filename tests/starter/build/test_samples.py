"""The sample product's photos differ in place, shape and light, and carry their captions."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from lorakit.starter.build import samples


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("samples") / "photos"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples, "COUNT", 8)
        samples.make(made, "aurora bottle")
    return made


def test_each_photo_has_the_trigger_and_its_place_as_a_caption(folder):
    captions = [path.read_text().strip() for path in sorted(folder.glob("*.txt"))]
    assert len(captions) == len(list(folder.glob("*.jpg"))) == 8
    assert Counter(captions) == {f"aurora bottle {place}": 2 for place in samples.SCENES.values()}


def test_no_two_photos_are_alike_and_they_come_in_several_shapes(folder):
    photos = [Image.open(path) for path in sorted(folder.glob("*.jpg"))]
    assert {photo.size for photo in photos} == set(samples.SIZES)
    assert len({np.asarray(photo).tobytes() for photo in photos}) == 8


def test_what_was_there_before_is_replaced_as_a_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "COUNT", 1)
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "old.jpg").write_bytes(b"old")
    samples.make(folder, "aurora bottle")
    assert sorted(path.name for path in folder.iterdir()) == ["00.jpg", "00.txt"]
