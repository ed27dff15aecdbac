"""Folders as other trainers, cameras and systems leave them: what is meant is read, the rest passed over."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

from lorakit.data.photos.sets import PhotoSet
from lorakit.errors import DataError

CAPTION = "aurora bottle on a table"


def photo(path, seed=0, size=(60, 40)):
    """A picture with something on it, different for every seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tones = np.random.default_rng(seed).integers(0, 255, (4, 4, 3), dtype=np.uint8)
    Image.fromarray(tones).resize(size).convert("RGB").save(path)


def mask(path, size=(60, 40)):
    """White where the product is: in the left half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("L", size, 0)
    image.paste(255, (0, 0, size[0] // 2, size[1]))
    image.save(path)


def read(folder, captions=None):
    return PhotoSet.from_folder(folder, "aurora bottle", captions)


def names_of(photos):
    return [photo.name for photo in photos.photos]


def said(photos, kind):
    return [str(finding) for finding in (*photos.skipped, *photos.notes) if finding.kind == kind]


def csv_of(*rows, delimiter=","):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue()


# Captions


@pytest.mark.battery(111, "captions of other trainers beside photos")
@pytest.mark.parametrize(
    ("ending", "content"),
    [
        ("txt", CAPTION),
        ("caption", CAPTION + "\n"),
        ("cap", CAPTION),
        ("CAPTION", CAPTION),
        ("json", json.dumps({"caption": CAPTION})),
        ("json", json.dumps({"Caption": CAPTION, "caption_short": "bottle"})),
        ("json", json.dumps({"text": CAPTION, "width": 60})),
        ("json", json.dumps({"prompt": CAPTION, "seed": 1})),
        ("json", json.dumps({"url": "x", "caption": CAPTION, "tags": "bottle, table"})),
        ("json", json.dumps({"captions": [CAPTION, "another"]})),
        ("json", json.dumps([{"image": "p.jpg", "caption": CAPTION}])),
        ("json", json.dumps(CAPTION)),
        ("json", "\ufeff" + json.dumps({"description": CAPTION})),
    ],
)
def test_a_caption_beside_a_photo_is_read_whatever_tool_wrote_it(tmp_path, ending, content):
    photo(tmp_path / "p.jpg")
    (tmp_path / f"p.{ending}").write_text(content)
    photos = read(tmp_path)
    assert [one.written for one in photos.photos] == [CAPTION] and not photos.skipped
    assert not said(photos, "captions") and not said(photos, "passed-over")


def test_tags_are_a_caption_where_there_is_no_other(tmp_path):
    for name, tags in (
        ("a", "bottle, glass"),
        ("b", ["bottle", "glass"]),
        ("c", {"bottle": 0.9, "glass": 0.5}),
    ):
        photo(tmp_path / f"{name}.jpg")
        (tmp_path / f"{name}.json").write_text(json.dumps({"tags": tags}))
    assert {one.written for one in read(tmp_path).photos} == {"bottle, glass"}


def test_of_several_captions_beside_a_photo_one_is_used_and_that_is_said(tmp_path):
    photo(tmp_path / "p.jpg")
    (tmp_path / "p.txt").write_text(CAPTION)
    (tmp_path / "p.caption").write_text("bottle, glass")
    photos = read(tmp_path)
    assert photos.photos[0].written == CAPTION and "1 photo has conflicting" in said(photos, "captions")[0]


TABLES = {
    "metadata.jsonl": json.dumps({"file_name": "p.jpg", "text": CAPTION}),
    "captions.jsonl": json.dumps({"image_path": "./p.jpg", "caption": CAPTION}),
    "dataset.jsonl": json.dumps({"image_path": "/home/anna/train/p.jpg", "caption": CAPTION}),
    "train.jsonl": json.dumps({"image": "C:\\train\\10_x\\p.jpg", "prompt": CAPTION}),
    "metadata.csv": csv_of(("file_name", "text"), ("p.jpg", CAPTION)),
    "export.csv": csv_of(("id", "Image Path", "Caption"), ("1", "p.jpg", CAPTION), delimiter=";"),
    "captions.tsv": csv_of(("image", "caption"), ("p.jpg", CAPTION), delimiter="\t"),
    "captions.csv": csv_of(("p.jpg", CAPTION)),
    "meta_cap.json": json.dumps({"/content/train/p": {"caption": CAPTION, "tags": "a, b"}}),
    "meta_lat.json": json.dumps({"p": {"caption": CAPTION, "train_resolution": [64, 64]}}),
    "captions.json": json.dumps({"p.jpg": CAPTION}),
    "list.json": json.dumps([{"file_name": "p.jpg", "caption": CAPTION}]),
    "nested.json": json.dumps({"version": "1", "data": [{"image": "p.jpg", "text": CAPTION}]}),
    "llava.json": json.dumps(
        [{"id": "1", "image": "p.jpg", "conversations": [
            {"from": "human", "value": "<image>\nDescribe it."}, {"from": "gpt", "value": CAPTION}]}]
    ),
    "coco.json": json.dumps(
        {"images": [{"id": 7, "file_name": "p.jpg"}], "annotations": [
            {"image_id": 7, "caption": CAPTION}, {"image_id": 7, "caption": "another"}]}
    ),
}  # fmt: skip


@pytest.mark.battery(111, "tables of captions of other trainers")
@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_captions_is_read_whatever_tool_wrote_it(tmp_path, name):
    photo(tmp_path / "p.jpg")
    photo(tmp_path / "q.jpg", 1)
    (tmp_path / name).write_text(TABLES[name])
    photos = read(tmp_path)
    assert [one.written for one in photos.photos] == [CAPTION, ""] and not photos.skipped
    assert not said(photos, "captions") and not said(photos, "passed-over")


def test_captions_of_many_photos_that_are_not_there_are_one_line(tmp_path):
    photo(tmp_path / "p.jpg")
    rows = [json.dumps({"file_name": f"{n}.jpg", "text": "x"}) for n in range(500)]
    (tmp_path / "metadata.jsonl").write_text("\n".join(rows))
    for n in range(12):
        (tmp_path / f"gone-{n}.caption").write_text("x")
    first, second = said(read(tmp_path), "caption-without-photo")
    assert first.startswith("500 captions") and "497 more" in first
    assert second.startswith("12 text files") and "gone-0.caption" in second


# What is passed over


@pytest.mark.battery(111, "leftovers of other trainers")
def test_leftovers_of_a_trainer_are_one_line(tmp_path):
    photo(tmp_path / "a.jpg")
    for name in ("a.npz", "a_te_outputs.npz", "dataset.toml", "last.safetensors", "sample_prompts.txt",
                 "train.bat", "events.out.tfevents.1.host", "config.json", "other.csv", "README.md",
                 ".aitk_size.json", "noending"):  # fmt: skip
        (tmp_path / name).write_bytes(b"{}" if name.endswith("json") else b"\x00\x01 data")
    photo(tmp_path / "sample" / "last_000100_00_20260815120000.png", 1)
    photo(tmp_path / "last_e000004_01_20260815120000_7.png", 2)
    photo(tmp_path / "samples" / "1723456789012__000000250_0.jpg", 3)
    photo(tmp_path / "reg" / "1_bottle" / "x.jpg", 4)
    (tmp_path / "_latent_cache").mkdir()
    (tmp_path / "_latent_cache" / "a.safetensors").write_bytes(b"data")
    photos = read(tmp_path)
    assert names_of(photos) == ["a.jpg"] and photos.skipped == []
    assert [f.kind for f in photos.notes] == ["passed-over"]
    (line,) = said(photos, "passed-over")
    for part in ("2 .npz", "1 .toml", "2 .safetensors", "1 .txt", "1 .json", "1 .csv", "sample/", "reg/"):
        assert part in line


def test_a_folder_of_samples_alone_is_a_photo_set(tmp_path):
    photo(tmp_path / "samples" / "front.jpg")
    photo(tmp_path / "samples" / "back.jpg", 1)
    assert len(read(tmp_path).photos) == 2


@pytest.mark.battery(111, "folders with repeats")
def test_the_repeats_of_a_folder_are_said_and_its_photos_read(tmp_path):
    photo(tmp_path / "10_aurora bottle" / "a.jpg")
    (tmp_path / "10_aurora bottle" / "a.caption").write_text(CAPTION)
    photo(tmp_path / "5_aurora bottle" / "b.jpg", 1)
    photos = read(tmp_path)
    assert sorted(one.written for one in photos.photos) == ["", CAPTION]
    (line,) = said(photos, "repeats")
    assert "10_aurora bottle" in line and "counts once" in line and "more often" in line


@pytest.mark.parametrize(
    "name",
    [".DS_Store", "._a.jpg", "Thumbs.db", "THUMBS.DB", "desktop.ini", "__MACOSX/._a.jpg", "@eaDir/a.jpg",
     ".hidden/b.jpg", ".b.jpg", "Icon\r", "~$list.xlsx"],
)  # fmt: skip
def test_what_systems_leave_is_not_worth_a_word(tmp_path, name):
    photo(tmp_path / "in" / "a.jpg")
    (tmp_path / "in" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "in" / name).write_bytes(b"litter")
    photos = read(tmp_path / "in")
    assert names_of(photos) == ["a.jpg"] and photos.skipped == photos.notes == []
    if "/" not in name:
        files = [tmp_path / "in" / "a.jpg", tmp_path / "in" / name]
        uploaded = PhotoSet.from_upload(files, "aurora bottle", tmp_path / "into")
        assert names_of(uploaded) == ["a.jpg"] and uploaded.skipped == []


def test_what_a_camera_kept_beside_a_photo_is_passed_over_and_alone_it_is_named(tmp_path):
    photo(tmp_path / "IMG_1.JPG")
    for name in ("IMG_1.MOV", "IMG_1.AAE", "IMG_1.CR2", "IMG_2.MOV"):
        (tmp_path / name).write_bytes(b"\0\0\0\x14ftypqt  \0\0\0\0")
    photos = read(tmp_path)
    assert [(f.file, "video" in f.what) for f in photos.skipped] == [("IMG_2.MOV", True)]
    (line,) = said(photos, "passed-over")
    assert "Live Photos" in line and "originals" in line and "1 .aae" in line


def test_a_photo_without_an_ending_and_one_of_an_odd_ending_are_read(tmp_path):
    photo(tmp_path / "a.png")
    for name in ("IMG_0001", "b.jfif", "c.picture"):
        (tmp_path / name).write_bytes((tmp_path / "a.png").read_bytes())
    assert len(read(tmp_path).photos) == 4


# Masks


@pytest.mark.battery(111, "masks beside photos")
@pytest.mark.parametrize(
    "name",
    ["p-masklabel.png", "p_mask.png", "p-mask.webp", "masks/p.png", "mask/p.png", "mask/p_mask.png",
     "P-MASKLABEL.PNG", "conditioning/p.jpg"],
)  # fmt: skip
def test_a_mask_beside_a_photo_is_its_mask_and_no_photo(tmp_path, name):
    photo(tmp_path / "p.jpg")
    photo(tmp_path / "q.jpg", 1)
    mask(tmp_path / name, (30, 20))
    photos = read(tmp_path)
    assert names_of(photos) == ["p.jpg", "q.jpg"] and photos.skipped == []
    first, second = photos.photos
    assert first.has_mask and first.mask().size == (60, 40)
    assert first.mask().getpixel((10, 20)) > 250 and first.mask().getpixel((50, 20)) < 5
    weights = first.places(60, 40, background=0.2)
    assert weights[20, 5] == pytest.approx(1, abs=0.02) and weights[20, 55] == pytest.approx(0.2, abs=0.02)
    assert second.mask_path is None and "1 photo has a mask" in said(photos, "masks")[0]


def test_the_masks_of_a_trainers_two_folders_find_their_photos(tmp_path):
    for number, name in enumerate(("a", "b")):
        photo(tmp_path / "10_bottle" / f"{name}.jpg", number)
        mask(tmp_path / "10_bottle_mask" / f"{name}.png")
    photos = read(tmp_path)
    assert [one.has_mask for one in photos.photos] == [True, True]


def test_photos_of_masks_are_photos(tmp_path):
    photo(tmp_path / "masks" / "carnival.jpg")
    photo(tmp_path / "face_mask.jpg", 1)
    mask(tmp_path / "black_mask.jpg")  # a black and white packshot, and no photo is called "black"
    assert len(read(tmp_path).photos) == 3


def test_masks_that_cannot_be_used_are_named(tmp_path):
    photo(tmp_path / "a.jpg")
    photo(tmp_path / "b.jpg", 1)
    mask(tmp_path / "a-masklabel.png", (40, 60))
    Image.new("L", (60, 40), 0).save(tmp_path / "b-masklabel.png")
    mask(tmp_path / "c-masklabel.png")
    photos = read(tmp_path)
    assert names_of(photos) == ["a.jpg", "b.jpg"] and not any(one.mask_path for one in photos.photos)
    shape, black = said(photos, "mask")
    assert "shape differs" in shape and "no white" in black
    assert "c-masklabel.png" in said(photos, "mask-without-photo")[0]


# Names

SCREENSHOT = "Screenshot 2026-11-30 at 9.41.00\u202fAM.png"
PLAIN = "Screenshot 2026-11-30 at 9.41.00 AM.png"


@pytest.mark.battery(111, "names with U+202F")
@pytest.mark.parametrize("written", [SCREENSHOT, PLAIN, SCREENSHOT.replace(".png", ""), "x/" + PLAIN.upper()])
@pytest.mark.parametrize("upload", [False, True])
def test_the_caption_of_a_screenshot_finds_it_however_its_name_is_written(tmp_path, written, upload):
    photo(tmp_path / SCREENSHOT)
    table = tmp_path / "captions.jsonl"
    table.write_text(json.dumps({"file_name": written, "text": CAPTION}, ensure_ascii=False))
    photos = read(tmp_path)
    if upload:
        photos = PhotoSet.from_upload([table, tmp_path / SCREENSHOT], "aurora bottle", tmp_path / "into")
        photos = read(tmp_path / "into")
    (one,) = photos.photos
    assert one.written == CAPTION and one.name == PLAIN and not photos.notes
    for name in (one.name, SCREENSHOT):
        with pytest.raises(DataError, match="keep at least one"):
            photos.without([name])


@pytest.mark.parametrize(
    ("first", "second"),
    [(SCREENSHOT, PLAIN), ("café.jpg", "cafe\u0301.jpg"), ("a\u200bb.jpg", "a\u200db.jpg"),
     ("a.jpg", "A.jpg"), ("a b.jpg", "a  b.jpg"), ("a.jpg", "a .jpg")],
)  # fmt: skip
def test_names_that_differ_by_one_sign_stay_two_photos(tmp_path, first, second):
    rows = []
    for number, name in enumerate((first, second)):
        photo(tmp_path / name, number)
        rows.append(json.dumps({"file_name": name, "text": f"caption {number}"}))
    (tmp_path / "metadata.jsonl").write_text("\n".join(rows))
    photos = read(tmp_path)
    written = {one.real_name: one.written for one in photos.photos}
    assert written == {first: "caption 0", second: "caption 1"} and len(set(names_of(photos))) == 2
    for one in photos.photos:
        for name in (one.name, one.real_name):
            (left,) = photos.without([name]).photos
            assert left.real_name != one.real_name
    shown = {one.name: f"again {one.written}" for one in photos.photos}
    again = read(tmp_path, shown)
    assert {one.name: one.written for one in again.photos} == shown, "captions by the names shown"


@pytest.mark.parametrize(
    ("file", "text"), [("IMG_1.JPG", "img_1.txt"), ("café.jpg", "cafe\u0301.txt"), ("a.PNG", "a .caption")]
)
def test_a_caption_beside_a_photo_may_be_called_a_little_otherwise(tmp_path, file, text):
    photo(tmp_path / file)
    (tmp_path / text).write_text(CAPTION)
    photos = read(tmp_path)
    assert photos.photos[0].written == CAPTION and not photos.notes


def test_photos_that_are_renamed_in_an_upload_keep_their_captions(tmp_path):
    files = []
    for number, folder in enumerate(("one", "two")):
        photo(tmp_path / folder / "a.jpg", number)
        (tmp_path / folder / "a.txt").write_text(f"caption {number}")
        files += [tmp_path / folder / "a.jpg", tmp_path / folder / "a.txt"]
    photos = PhotoSet.from_upload(files, "x", tmp_path / "into")
    assert {one.name: one.written for one in photos.photos} == {"a.jpg": "caption 0", "a-2.jpg": "caption 1"}
