"""The contact sheet shows every picture, and a damaged one leaves a gap."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lorakit.generation.pictures import sheet

RED, BLUE = (200, 20, 20), (20, 20, 200)
PLAN = {"base": "starter-image", "adapters": []}


@pytest.fixture
def entries(tmp_path):
    """Two pictures of two scenes in a campaign's folder."""
    rows = []
    for name, colour, scene in (("a", RED, "snow"), ("b", BLUE, "studio")):
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.new("RGB", (1080, 1080), colour).save(tmp_path / "images" / f"{name}.png")
        rows.append(
            {"id": name, "path": f"images/{name}.png", "scene": scene, "format": "1:1", "seed": 1, "mix": 0}
        )
    return rows


def has(drawn, colour):
    return bool((np.asarray(drawn) == colour).all(-1).any())


def test_every_picture_is_on_the_sheet(tmp_path, entries):
    drawn = sheet.draw_sheet(tmp_path, entries, PLAN)
    assert drawn.width == sheet.WIDTH and has(drawn, RED) and has(drawn, BLUE)
    assert drawn.height > sheet.draw_sheet(tmp_path, entries[:1], PLAN).height, "each scene has its row"


def test_a_damaged_picture_leaves_a_gap(tmp_path, entries):
    (tmp_path / "images" / "a.png").write_bytes(b"no picture")
    drawn = sheet.draw_sheet(tmp_path, entries, PLAN)
    assert not has(drawn, RED) and has(drawn, BLUE)


def test_only_the_first_pictures_fit_on_one_sheet(tmp_path, entries, monkeypatch):
    monkeypatch.setattr(sheet, "MOST", 1)
    drawn = sheet.draw_sheet(tmp_path, entries, PLAN)
    assert has(drawn, RED) and not has(drawn, BLUE)


def test_a_thumbnail_keeps_its_ratio(tmp_path, entries):
    Image.new("RGB", (3000, 300), RED).save(tmp_path / "images" / "a.png")
    small = sheet.thumbnail(tmp_path, entries[0])
    assert small.width == sheet.WIDEST and small.height == round(sheet.WIDEST / 10)


@pytest.mark.parametrize("text", ["a very long name of a scene " * 5, "とても長い場面の名前" * 10])
def test_a_long_text_ends_within_its_room(text):
    paper = Image.new("RGB", (600, 40), "white")
    sheet.write(ImageDraw.Draw(paper), (10, 5), text, 15, (0, 0, 0), room=200)
    inked = np.flatnonzero((np.asarray(paper) < 128).any((0, 2)))
    assert 100 < inked.max() < 212
