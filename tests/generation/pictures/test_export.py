"""The zip, the table and the contact sheet of a campaign."""

import csv
import io
import json
import zipfile

import pytest
from PIL import Image

from lorakit import durable
from lorakit.errors import DataError
from lorakit.generation.pictures.export import contact_sheet, inert, zip_campaign
from lorakit.generation.pictures.provenance import read_provenance


@pytest.fixture
def folder(tmp_path, campaign, adapter):
    mix = {adapter(name="=2+5"): 0.8}
    scenes = ("snow", "@SUM(A1) on {product}", "雪の中")
    campaign(tmp_path / "c", mix, scenes, ("1:1", "9:16", "728x90")).run()
    return tmp_path / "c"


def test_the_zip_has_a_folder_per_format_a_table_and_a_sheet(folder, tmp_path):
    path = zip_campaign(folder, tmp_path / "out" / "campaign.zip")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode("utf-8-sig"))))
        archive.extractall(tmp_path / "opened")
    assert {name.split("/")[0] for name in names if "/" in name} == {
        "instagram-post",
        "instagram-story",
        "google-leaderboard",
    }
    assert {"contact-sheet.png", "manifest.csv", "README.txt"} <= set(names)
    assert len(rows) == 18 and {row["file"] for row in rows} == {name for name in names if "/" in name}
    assert read_provenance(tmp_path / "opened" / rows[0]["file"]).seed == int(rows[0]["seed"])
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["campaign.zip"]


@pytest.mark.battery(50, "formula cells of a campaign's table")
def test_no_cell_of_the_table_is_a_formula(folder, tmp_path):
    with zipfile.ZipFile(zip_campaign(folder, tmp_path / "c.zip")) as archive:
        table = archive.read("manifest.csv").decode("utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(table)) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert "'@SUM(A1) on aurora bottle" in cells


@pytest.mark.battery(50, "formula cells, inert on export")
@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx", "  =cmd|' /C calc'!A0"])
def test_formula_cells_are_made_inert(cell):
    assert inert(cell) == "'" + cell
    assert inert("a-b") == "a-b" and inert(-3) == -3


def test_a_manifest_that_points_elsewhere_reaches_nothing_outside(folder, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"secret")
    first = json.loads((folder / "plan.json").read_text())["shots"][0]
    durable.append_line(folder / "manifest.jsonl", {**first, "path": "../secret.png"})
    durable.append_line(folder / "manifest.jsonl", {**first, "path": str(tmp_path / "secret.png")})
    with zipfile.ZipFile(zip_campaign(folder, tmp_path / "c.zip")) as archive:
        assert all(archive.read(name) != b"secret" for name in archive.namelist())


def test_the_contact_sheet_shows_every_picture_and_survives_a_damaged_one(folder, tmp_path):
    next((folder / "images").iterdir()).write_bytes(b"torn")
    path = contact_sheet(folder, tmp_path / "sheet.png")
    with Image.open(path) as sheet:
        colours = {tuple(colour) for _, colour in sheet.convert("RGB").getcolors(1 << 24)}
        wanted = set()
        for file in (folder / "images").iterdir():
            try:
                with Image.open(file) as image:
                    wanted.add(image.getpixel((image.width // 2, image.height // 2)))
            except OSError:
                continue
    assert len(wanted) == 17 and wanted <= colours


def test_folders_without_a_finished_campaign_are_refused_in_words(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty contains no campaign"):
        zip_campaign(tmp_path / "empty", tmp_path / "x.zip")
    for file in (folder / "images").iterdir():
        file.unlink()
    with pytest.raises(DataError, match="none of its images are finished yet"):
        contact_sheet(folder, tmp_path / "x.png")
    (folder / "plan.json").write_text("{")
    with pytest.raises(DataError, match=r"plan.json is damaged"):
        zip_campaign(folder, tmp_path / "x.zip")
    assert not (tmp_path / "x.zip").exists()
