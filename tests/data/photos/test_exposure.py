"""White is no fault: packshots, white products, glass and gloss are not overexposed; burnt ones are."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from benchmarks import packshots
from lorakit.data.photos import exposure, lettering, look, subject
from lorakit.data.photos.sets import PhotoSet


def is_overexposed(image: Image.Image) -> bool:
    small = subject.shrunk(np.asarray(image), look.EDGES_SIDE)
    found = Image.fromarray(subject.find(small)).resize(small.shape[1::-1], Image.Resampling.NEAREST)
    return exposure.lost_to_white(small, np.asarray(found)) > 0


@pytest.mark.battery(112, "white products on white")
def test_of_packshots_of_every_kind_none_is_overexposed(monkeypatch):
    monkeypatch.setattr(packshots, "SIDE", 256)
    shots = packshots.packshots(2 * len(packshots.KINDS), 40)
    assert {shot.kind for shot in shots} == {kind.__name__ for kind in packshots.KINDS}
    assert [shot.kind for shot in shots if is_overexposed(shot.image)] == []


def test_most_packshots_that_are_burnt_are_still_found(monkeypatch):
    monkeypatch.setattr(packshots, "SIDE", 256)
    shots = packshots.burnt_packshots(12, 40, 0.5)
    assert sum(is_overexposed(shot.image) for shot in shots) >= 8


@pytest.mark.battery(112, "a white product that nearly touches the border")
def test_a_white_product_that_nearly_touches_the_border_keeps_its_verdict(tmp_path):
    y, x = np.mgrid[-1 : 1 : 1600 * 1j, -1 : 1 : 1600 * 1j]
    tone = np.full((1600, 1600), 255.0)
    body = (np.abs(x) < 0.985) & (np.abs(y) < 0.985)
    shade = 252 - 40 * np.abs(x) ** 3 - 10 * np.cos(y * 40) ** 8
    tone[body] = shade[body]
    pixels = np.repeat(tone[..., None], 3, -1).clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "shirt.jpg", quality=92)
    (judged,) = PhotoSet.from_folder(tmp_path, "shirt").report().judged
    assert "overexposed" not in {finding.kind for finding in judged.findings}


def test_a_black_product_before_white_and_a_small_one_before_black_are_not_underexposed():
    white = np.full((300, 300), 255.0)
    white[20:280, 40:260] = 3
    assert exposure.lost_to_black(white) == 0
    black = np.zeros((300, 300))
    black[140:150, 140:160] = 230
    assert exposure.lost_to_black(black) == 0
    room = np.full((300, 300), 120.0)
    room[30:270, 30:270] = 2
    assert exposure.lost_to_black(room) > 0.5


def bottle(words_at: tuple[int, int], ink=(255, 255, 255), size=640) -> Image.Image:
    """A blue bottle in a beige place, with a line of words somewhere."""
    image = Image.new("RGB", (size, size), (200, 190, 180))
    draw = ImageDraw.Draw(image)
    draw.rectangle((140, 120, 520, 500), fill=(40, 90, 160))
    draw.text(words_at, "AURORA 500", font=ImageFont.load_default(40), fill=ink, anchor="mm")
    return image


@pytest.mark.parametrize(
    ("at", "place"),
    [
        ((330, 560), "at the bottom"),
        ((510, 570), "in the lower right corner"),
        ((130, 60), "upper left corner"),
    ],
)
def test_lettering_outside_the_product_is_placed_and_lowers_the_verdict(tmp_path, at, place):
    bottle(at, (20, 20, 20)).save(tmp_path / "a.png")
    (judged,) = PhotoSet.from_folder(tmp_path, "bottle").report().judged
    (finding,) = [finding for finding in judged.findings if finding.kind in ("lettering", "print")]
    assert finding.kind == "lettering" and place in finding.what and "outside the product" in finding.what
    assert judged.verdict == "retake"


@pytest.mark.battery(112, "the product's own print")
def test_lettering_on_the_product_is_a_remark_that_costs_nothing(tmp_path):
    bottle((330, 300)).save(tmp_path / "a.png")
    bottle((330, 300)).crop((160, 140, 500, 480)).resize((640, 640)).save(tmp_path / "close.png")
    for judged in PhotoSet.from_folder(tmp_path, "bottle").report().judged:
        assert not {finding.kind for finding in judged.findings} & {"lettering"}
        assert judged.verdict == "keep" and judged.score == 100


def test_the_print_of_a_carton_that_is_as_white_as_its_background_is_its_own():
    image = Image.new("RGB", (640, 640), "white")
    draw = ImageDraw.Draw(image)
    for row in range(3):
        draw.text(
            (320, 240 + 70 * row),
            "ORGANIC OATS",
            font=ImageFont.load_default(50),
            fill=(20, 60, 30),
            anchor="mm",
        )
    pixels = np.asarray(image)
    assert not lettering.find(pixels, subject.find(pixels)).outside
