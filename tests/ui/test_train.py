"""The Train tab's handlers: what an upload says, and what a click starts."""

import gradio as gr
import pytest
from PIL import Image

from lorakit import jobs
from lorakit.starter import SAMPLE_PHOTOS
from lorakit.ui import forms, train


def values(**changes):
    recipe = dict(zip(names(), forms.recipe_values("image", True, "quick"), strict=True)) | changes
    return list(recipe.values())


def names():
    return [setting.name for setting in forms.settings_for("image")]


def test_a_file_that_is_no_picture_is_named_and_the_others_are_kept(tmp_path):
    (tmp_path / "brief.png").write_text("not a picture")
    Image.effect_noise((600, 600), 50).convert("RGB").save(tmp_path / "front.png")
    folder, said, shown = train.check_photos([str(tmp_path / "brief.png"), str(tmp_path / "front.png")], "x")
    assert "brief.png" in said and "1 photo" in said
    assert folder and len(shown["value"]) == 1


def test_an_upload_without_any_picture_says_so_and_gives_nothing_to_train_on(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing to see")
    folder, said, shown = train.check_photos([str(tmp_path / "notes.txt")], "x")
    assert folder == "" and "cannot be used" in said and not shown["visible"]


def test_what_a_person_wrote_is_shown_as_text(tmp_path):
    name = "<img src=x onerror=alert(1)>.png"
    (tmp_path / name).write_text("broken")
    Image.new("RGB", (600, 600), "red").save(tmp_path / "ok.png")
    _, said, _ = train.check_photos([str(tmp_path / name), str(tmp_path / "ok.png")], "x")
    assert "<img" not in said


@pytest.mark.parametrize(("trigger", "folder", "words"), [(" ", "/x", "name"), ("mug", "", "photos")])
def test_what_is_missing_is_asked_for(trigger, folder, words):
    with pytest.raises(gr.Error, match=words):
        train.start_own(trigger, folder, "starter-image", False, *values())


def test_a_setting_that_cannot_be_is_named():
    with pytest.raises(gr.Error, match="rank"):
        train.start_own("mug", str(SAMPLE_PHOTOS), "starter-image", False, *values(rank=0))
    assert jobs.list_jobs() == []


def test_a_second_click_starts_no_second_training():
    first = train.start_own("mug", str(SAMPLE_PHOTOS), "starter-image", False, *values(steps=3))
    assert train.start_own("mug", str(SAMPLE_PHOTOS), "starter-image", False, *values(steps=3)) == first
    assert len(jobs.list_jobs(["train"])) == 1


def test_the_sample_always_trains_on_the_base_it_was_made_for():
    job_id, _, base = train.start_sample("black-forest-labs/FLUX.1-dev", *values(steps=999))
    spec = jobs.get(job_id).spec
    assert base == spec["base"] == "starter-image" and spec["recipe"]["steps"] != 999


def test_a_job_is_read_again_only_when_something_happened():
    job_id = train.start_own("mug", str(SAMPLE_PHOTOS), "starter-image", False, *values())
    first = train.poll(job_id, {})
    assert "Waiting" in first[2]
    assert all(part == gr.skip() for part in train.poll(job_id, first[1]))
    jobs.get(job_id).emit({"event": "step", "step": 1, "total": 10, "loss": 0.5, "seconds": 1.0})
    assert train.poll(job_id, first[1])[1] != first[1]
