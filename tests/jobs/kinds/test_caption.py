"""Captions that a model proposes: a job like others, read by a person before anything is learned."""

import json

import gradio as gr
import pytest
from PIL import Image

from lorakit.data.photos.sets import PhotoSet
from lorakit.jobs import queue
from lorakit.jobs.kinds import caption
from lorakit.jobs.kinds import train as train_kind
from lorakit.jobs.loaded_bases import Bases
from lorakit.jobs.run import run_job
from lorakit.terminal import cli
from lorakit.ui.parts import captions, forms, photo_gate, training_data, training_page
from lorakit.ui.parts.subjects import PRODUCT
from tests.families.tiny_captioner import save_blip


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_blip(tmp_path_factory.mktemp("captioner")))


@pytest.fixture
def folder(tmp_path):
    """Three photos; one has a caption beside it."""
    files = []
    for name, colour in (("a", "red"), ("b", "green"), ("c", "navy")):
        Image.new("RGB", (80, 60), colour).save(tmp_path / f"{name}.png")
        files.append(tmp_path / f"{name}.png")
    (tmp_path / "b.txt").write_text("zelto in the garden")
    return training_data.check_photos([str(file) for file in (*files, tmp_path / "b.txt")]).path


@pytest.fixture(scope="module")
def listed():
    with gr.Blocks():
        return captions.build(gr.State(""), gr.State([]), "")


def run(job_id, stopping=lambda: False):
    job = queue.get(job_id)
    assert job.acquire()
    job.start()
    run_job(job, Bases(), stopping)
    return job


def names(html):
    return [part.split('"')[0] for part in html.split('data-caption="')[1:]]


def test_what_has_no_caption_is_described_and_shown_before_it_is_learned(folder, model, listed):
    job_id = captions.start(folder, [], {}, model)
    assert captions.start(folder, [], {}, model) == job_id, "a second click starts nothing"
    assert queue.get(job_id).is_short
    shown = listed.poll(job_id, folder, {}, [])
    assert "Waiting" in shown[listed.status] and shown[listed.cancel]["visible"]
    assert shown[listed.timer].active and listed.written not in shown
    job = run(job_id)
    assert job.state == "done" and [e for e in job.events() if e["event"] == "phase"][-1]["done"] == 2
    shown = listed.poll(job_id, folder, {}, [])
    assert "Finished" in shown[listed.status] and not shown[listed.cancel]["visible"]
    assert not shown[listed.timer].active
    written, by_model = shown[listed.written], shown[listed.by_model]
    assert set(written) == {"a.png", "c.png"} == set(by_model) and all(written.values())
    drawn = listed.draw(folder, written, by_model)
    html = drawn[listed.rows]
    assert names(html) == ["a.png", "b.png", "c.png"] and html.count("suggested") == 2
    assert "zelto in the garden" in html and "3 of 3" in drawn[listed.whole]["label"]
    corrected = captions.received({"a.png": "by the sea"}, written)
    values = forms.recipe_values("image", "starter-image", "quick")
    given = ("product", "zelto", folder, [], corrected, "", "starter-image", [])
    spec = queue.get(training_page.start(*given, *values)).spec
    assert spec["captions"] == written | {"a.png": "by the sea"}
    learned = train_kind.examples(spec).photos
    assert [photo.caption for photo in learned] == [
        "zelto, by the sea", "zelto in the garden", f"zelto, {written['c.png']}",
    ]  # fmt: skip
    assert listed.written not in listed.poll("gone", folder, {}, [])


def test_what_a_person_wrote_meanwhile_stays(folder, model, listed):
    job_id = captions.start(folder, [], {}, model)
    run(job_id)
    written = listed.poll(job_id, folder, {"a.png": "mine"}, [])[listed.written]
    assert written["a.png"] == "mine" and written["c.png"]
    assert listed.written not in listed.poll(job_id, "another folder", {}, []), "these are other photos"


def test_a_stopped_job_goes_on_with_the_next_photo(folder, model):
    job_id = captions.start(folder, ["c.png"], {}, model)
    job = run(job_id, stopping=lambda: True)
    assert job.state == "interrupted" and caption.proposed(job.folder / caption.OUT) == {}
    (job.folder / caption.OUT).write_text(json.dumps({"file_name": "a.png", "text": "kept"}) + '\n{"file_na')
    assert run(job_id).state == "done"
    assert caption.proposed(job.folder / caption.OUT) == {"a.png": "kept"}


def test_a_model_that_describes_nothing_ends_the_job_in_words(folder):
    job = run(captions.start(folder, [], {}, "starter-text"))
    assert job.state == "failed" and "can't describe images" in job.progress().message


def test_what_cannot_be_asked_for_is_said(folder, monkeypatch):
    with pytest.raises(gr.Error, match="Enter a captioning model"):
        captions.start(folder, [], {}, " ")
    with pytest.raises(gr.Error, match="Every photo has a caption"):
        captions.start(folder, ["a.png", "c.png"], {}, "x/y")
    with pytest.raises(gr.Error, match="Add photos"):
        captions.start("", [], {}, "x/y")
    with pytest.raises(gr.Error, match="not an address"):
        captions.start(folder, [], {}, "https://example.com/model")
    monkeypatch.setenv("LORAKIT_CAPTIONER", " owner/name ")
    assert caption.configured() == "owner/name"


@pytest.mark.battery(51, "HTML shown inert")
def test_what_a_caption_holds_is_shown_as_text(folder, listed):
    html = listed.draw(folder, {"a.png": "</textarea><script>alert(1)</script>"}, [])[listed.rows]
    assert "<script" not in html and "&lt;script" in html
    sent = {"a.png": 5, "b.png": "x" * 9000, 3: "three"}
    assert captions.received(sent, {"c.png": "c"}) == {"c.png": "c", "b.png": "x" * 2000, "3": "three"}
    assert captions.received(["a"], {}) == {}


def test_the_page_judges_the_captions_as_they_were_corrected(folder):
    photos = photo_gate.read(folder, "zelto", {"a.png": "zelto, masterpiece"})
    said = photo_gate.verdict(photos, [], "starter-image", PRODUCT)
    assert "praise of the photo" in said and "1 photo has no caption" in said
    assert photo_gate.photos_in(folder, "zelto").photos[0].written == "", "the upload is as it was"


def test_the_terminal_writes_a_table_beside_the_photos(folder, model, capsys, monkeypatch):
    assert cli.main(["caption", folder]) == 1 and "--model is missing" in capsys.readouterr().err
    monkeypatch.setenv("LORAKIT_CAPTIONER", model)
    assert cli.main(["caption", folder]) == 0
    assert "a.png:" in capsys.readouterr().out
    photos = PhotoSet.from_folder(folder, "zelto").photos
    assert all(photo.written for photo in photos) and photos[1].written == "zelto in the garden"
    assert cli.main(["caption", folder]) == 0 and "every photo has a caption" in capsys.readouterr().out
