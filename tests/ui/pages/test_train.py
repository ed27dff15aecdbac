"""The Train tab's handlers: what an upload says, and what a click starts."""

import re
import zipfile

import gradio as gr
import pytest
from PIL import Image

from lorakit.data.photos import file_types
from lorakit.jobs import queue
from lorakit.starter import SAMPLE_PHOTOS
from lorakit.ui.pages import train
from lorakit.ui.parts import forms, gate

FLUX = "black-forest-labs/FLUX.1-dev"


def values(**changes):
    recipe = dict(zip(names(), forms.recipe_values("image", "starter-image", "quick"), strict=True)) | changes
    return list(recipe.values())


def names():
    return [setting.name for setting in forms.settings_for("image")]


def own(trigger="mug", folder=str(SAMPLE_PHOTOS), left_out=(), captions=None, **changes):
    return train.start_own(
        trigger, folder, list(left_out), captions or {}, "starter-image", [], *values(**changes)
    )


def test_a_file_that_is_no_picture_is_named_and_the_others_are_kept(tmp_path):
    (tmp_path / "brief.png").write_text("not a picture")
    Image.effect_noise((600, 600), 50).convert("RGB").save(tmp_path / "front.png")
    folder, out, _, _ = train.check_photos([str(tmp_path / "brief.png"), str(tmp_path / "front.png")])
    said, _, cards = train.judge("x", folder, out, "starter-image", 16)
    assert "brief.png" in said and "1 photo:" in said
    assert cards.count("<img") == 1 and "front.png" in cards and "brief.png" not in cards


def test_an_upload_without_any_picture_says_so_and_gives_nothing_to_train_on(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing to see")
    folder, _, _, said = train.check_photos([str(tmp_path / "notes.txt")])
    assert folder == "" and "cannot be used" in said
    assert train.judge("x", folder, [], "starter-image", 16)[2] == ""


@pytest.mark.battery(111, "HEIC on the page")
def test_heic_photos_are_learned_and_shown_and_what_cannot_be_read_says_what_to_do(tmp_path):
    file_types.formats()
    Image.effect_noise((600, 600), 50).convert("RGB").save(tmp_path / "IMG_1.HEIC")
    (tmp_path / "IMG_1.MOV").write_bytes(b"\0\0\0\x14ftypqt  \0\0\0\0")
    (tmp_path / "b.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    folder, out, _, _ = train.check_photos([str(path) for path in tmp_path.iterdir()])
    said, _, cards = train.judge("x", folder, out, "starter-image", 16)
    assert "1 photo:" in said and "b.heic" in said and "Most Compatible" in said and "IMG_1.MOV" not in said
    assert "IMG_1.HEIC" in cards and "data:image/jpeg;base64" in cards


def test_the_upload_hides_no_file_that_the_studio_reads():
    with gr.Blocks():
        upload = train._photos_form()["upload"]
    assert upload.file_types is None


@pytest.mark.battery(102, "a zip with refused entries beside readable photos, on the page")
def test_what_a_zip_held_back_is_said_beside_the_photos_that_could_be_read(tmp_path):
    Image.effect_noise((600, 600), 50).convert("RGB").save(tmp_path / "front.png")
    with zipfile.ZipFile(tmp_path / "shoot.zip", "w") as archive:
        archive.write(tmp_path / "front.png", "front.png")
        for name in ("../up.jpg", "/etc/abs.jpg", "more.zip", "a.zip", "b.zip", "c.zip", "d.zip", "e.7z"):
            archive.writestr(name, b"data")
    folder, out, _, said = train.check_photos([str(tmp_path / "shoot.zip")])
    assert said == gr.skip()
    said = train.judge("x", folder, out, "starter-image", 16)[0]
    assert "2 files: a path out of the ZIP file (../up.jpg, /etc/abs.jpg)" in said
    assert "6 files: an archive inside the ZIP file (more.zip, a.zip, b.zip, c.zip and 2 more)" in said
    assert "1 photo:" in said


@pytest.mark.battery(51, "HTML shown inert")
def test_what_a_person_wrote_is_shown_as_text(tmp_path):
    for name in ("<img src=x onerror=alert(1)>.png", '"><script>.png'):
        Image.effect_noise((600, 600), 50).convert("RGB").save(tmp_path / name)
    (tmp_path / "<b>.png").write_text("broken")
    folder = train.check_photos([str(path) for path in tmp_path.iterdir()])[0]
    shown = "".join(map(str, train.judge("<i>x", folder, [], "starter-image", 16)))
    assert (
        "<img src=x" not in shown
        and "<script" not in shown
        and "<b>.png" not in shown
        and "<i>x" not in shown
    )


@pytest.fixture
def mixed(tmp_path):
    """The sample's photos, one of them again, and one that shows nothing."""
    for path in sorted(SAMPLE_PHOTOS.glob("*.jpg"))[:12]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    first = sorted(tmp_path.iterdir())[0]
    (tmp_path / "twin.jpg").write_bytes(first.read_bytes())
    Image.new("RGB", (300, 300), "grey").save(tmp_path / "blank.png")
    return train.check_photos([str(path) for path in tmp_path.iterdir()])[0]


def test_problems_come_first_and_a_person_decides_what_is_left_out(mixed):
    said, _, cards = train.judge("mug", mixed, [], "starter-image", 16)
    assert "14 photos" in said and "12 to keep, 2 to leave out" in said and "Leave out the 2" in cards
    names = re.findall('data-name="([^"]+)"', cards)
    assert names[:2] == ["blank.png", "twin.jpg"] and len(names) == 14
    assert cards.count(" checked") == 14, "nothing is left out by itself"
    left_out = gate.received(["blank.png", "twin.jpg"])
    said, _, cards = train.judge("mug", mixed, left_out, "starter-image", 16)
    assert "12 photos" in said and "2 left out by you" in said and cards.count(" checked") == 12
    assert queue.get(own(folder=mixed, left_out=left_out)).spec["without"] == left_out
    with pytest.raises(gr.Error, match="all photos were left out"):
        own(folder=mixed, left_out=[p.name for p in gate.photos_in(mixed, "mug").photos])
    assert gate.received({"x": 1}) == [] == gate.received(None)


def test_what_is_cut_from_a_photo_and_put_around_it_is_drawn(tmp_path):
    Image.effect_noise((640, 600), 50).convert("RGB").save(tmp_path / "cut.png")
    Image.effect_noise((1200, 200), 50).convert("RGB").save(tmp_path / "long.png")
    folder = train.check_photos([str(path) for path in tmp_path.iterdir()])[0]
    cards = train.judge("mug", folder, [], "starter-image", 16)[2]
    assert "cropped by" in cards and "padded by" in cards
    assert cards.count('class="frame padded"') == 1 and cards.count('<i style="position:absolute') == 1


def test_the_rank_that_fits_the_photos_is_one_click_away(mixed):
    few = [f"{name}" for name in (p.name for p in gate.photos_in(mixed, "mug").photos[:8])]
    said, button, _ = train.judge("mug", mixed, few, "starter-image", 16)
    assert "Rank 8" in said and button["visible"] and "rank 8" in button["value"]
    assert train.set_rank("mug", mixed, few, 16, 32.0) == [8, 16.0], "as strong as before"
    assert not train.judge("mug", mixed, few, "starter-image", 8)[1]["visible"]


@pytest.mark.parametrize(("trigger", "folder", "words"), [(" ", "/x", "name"), ("mug", "", "photos")])
def test_what_is_missing_is_asked_for(trigger, folder, words):
    with pytest.raises(gr.Error, match=words):
        own(trigger, folder)


def test_a_setting_that_cannot_be_is_named():
    with pytest.raises(gr.Error, match="rank"):
        own(rank=0)
    assert queue.list_jobs() == []


def test_a_second_click_starts_no_second_training():
    first = own(steps=3)
    assert own(steps=3) == first
    assert len(queue.list_jobs(["train"])) == 1


def test_the_sample_always_trains_on_the_base_it_was_made_for():
    job_id, _, base, preset, savers, *fields = train.start_sample(FLUX, ["4-bit"], *values(steps=999))
    spec = queue.get(job_id).spec
    assert base == spec["base"] == "starter-image" and "quantize" not in spec
    assert spec["recipe"]["steps"] == 900 == fields[names().index("steps")], "the page follows"
    assert preset["value"] == "quick" and savers["value"] == []
    job_id, *_, kept = train.start_sample("starter-image", [], *values(steps=7))
    assert queue.get(job_id).spec["recipe"]["steps"] == 7 and kept == gr.skip()


def test_a_large_base_is_kept_as_the_boxes_say():
    job_id = train.start_own("mug", str(SAMPLE_PHOTOS), [], {}, FLUX, ["4-bit", "offload"], *values())
    spec = queue.get(job_id).spec
    assert spec["quantize"] == "nf4" and spec["offload"] is True
    again = train.fill(job_id)
    assert again[:4] == ["mug", str(SAMPLE_PHOTOS), [], {}]
    assert again[5] == FLUX and again[6]["value"] == ["4-bit", "offload"] and again[7:] == values()


def test_a_job_is_read_again_only_when_something_happened():
    job_id = own()
    first = train.poll(job_id, {})
    assert "Waiting" in first[3]
    assert all(part == gr.skip() for part in train.poll(job_id, first[1]))
    queue.get(job_id).emit({"event": "step", "step": 1, "total": 10, "loss": 0.5, "seconds": 1.0})
    assert train.poll(job_id, first[1])[1] != first[1]
