"""Masks find their photos by name, and photos of masks stay photos."""

import numpy as np
import pytest
from PIL import Image

from lorakit.data.photos import masks
from lorakit.errors import DataError


@pytest.fixture
def picture(tmp_path):
    """Writes a photo (noise) or a mask (white in the middle) and returns its name and path."""

    def write(name, mask=False, size=(48, 32)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        if mask:
            pixels[:] = 0
            pixels[8:24, 12:36] = 255
        Image.fromarray(pixels).save(path)
        return name, path

    return write


@pytest.mark.parametrize("name", ["a-masklabel.png", "a_mask.png", "masks/a.png", "a matte.png"])
def test_a_mask_belongs_to_the_photo_of_its_name(picture, name):
    photo, mask = picture("a.jpg"), picture(name, mask=True)
    assert masks.pair([photo, mask]) == ([photo], {"a.jpg": mask[1]}, [])


def test_a_folder_of_masks_may_stand_beside_the_photos_folder(picture):
    photo, other = picture("set/a.jpg"), picture("other/a.jpg")
    mask = picture("set_masks/a.png", mask=True)
    photos, found, alone = masks.pair([photo, other, mask])
    assert photos == [photo, other] and found == {"set/a.jpg": mask[1]} and alone == []


def test_a_photo_of_a_mask_stays_a_photo(picture):
    files = [picture("party.jpg"), picture("party_mask.jpg")]
    assert masks.pair(files) == (files, {}, [])


def test_a_mask_whose_photo_is_not_there_is_named(picture):
    photo, mask = picture("a.jpg"), picture("masks/b.png", mask=True)
    assert masks.pair([photo, mask]) == ([photo], {}, ["masks/b.png"])


def test_a_mask_comes_in_the_size_of_its_photo(picture):
    _, path = picture("a_mask.png", mask=True)
    mask = np.asarray(masks.read_mask(path, 96, 64))
    assert mask.shape == (64, 96) and mask[32, 48] == 255 and mask[0, 0] == 0


def test_what_cannot_be_used_says_what_to_do(picture, tmp_path):
    _, path = picture("a_mask.png", mask=True)
    with pytest.raises(DataError, match=r"shape differs .*48×32 for a 32×48 photo.*draw it on the photo"):
        masks.check(path, 32, 48)
    black = tmp_path / "black.png"
    Image.new("L", (48, 32)).save(black)
    with pytest.raises(DataError, match="no white"):
        masks.check(black, 48, 32)
