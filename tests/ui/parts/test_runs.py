"""A training on the page: going on after a stop, beginning anew, and what it made."""

import gradio as gr
import pytest

from lorakit import events
from lorakit.jobs import queue
from lorakit.training.recipe import Recipe
from lorakit.ui.parts import results, runs, tuning

SUMMARY = {
    "share": 0.048, "size_bytes": 2_600_000, "base_bytes": 27_000_000, "seconds": 150.0, "steps": 480,
    "peak_memory_bytes": 900_000_000, "base_parameters": 13_500_000, "best_step": 400,
    "trained_parameters": 650_000,
    "advice": {"rank": 4, "change": "shrink", "sentence": "It used 4 of its 16 ranks: shrink it to 4."},
}  # fmt: skip


def training(*events, **recipe):
    spec = {"base": "starter-text", "name": "Nordal", "texts": "/x.csv", "recipe": Recipe(**recipe).to_dict()}
    job = queue.create("voice", spec)
    for event in events:
        job.emit(event)
    return job


def finished(**summary):
    return training(
        {"event": "started"},
        {"event": "result", "slug": "nordal", "summary": SUMMARY | summary},
        {"event": "done"},
    )


@pytest.fixture(scope="module")
def view():
    with gr.Blocks():
        return runs.view()


def test_a_failed_training_says_from_which_step_it_resumes_and_waits_again_after_the_click(view):
    job = training({"event": "started"}, {"event": "failed", "error": "disk full", "advice": ""})
    (job.folder / "checkpoints" / "step-00000040").mkdir(parents=True)
    shown = runs.show(view, job.id, {})
    assert "disk full" in shown[view.status] and not shown[view.cancel]["visible"]
    assert shown[view.resume]["visible"] and shown[view.resume]["value"] == "Resume from step 40"
    assert shown[view.again]["visible"] and not shown[view.go_on]["visible"]
    runs.go_on(job.id)
    assert job.state == "queued" and queue.claim(["voice"]).id == job.id
    with pytest.raises(gr.Error, match="already running"):
        runs.go_on(job.id)
    job.release()


def test_without_a_checkpoint_it_is_tried_again(view):
    job = training()
    job.cancel()
    assert runs.show(view, job.id, {})[view.resume]["value"] == "Try again"


def test_earlier_trainings_of_all_kinds_are_listed_with_how_they_ended(view):
    first = training({"event": "failed", "error": "x", "advice": ""})
    assert runs.show(view, first.id, {})[view.earlier]["visible"] is False, "one alone is no list"
    photos = {"base": "starter-image", "name": "Mug", "trigger": "mug", "photos": "/x", "recipe": {}}
    second = queue.create("train", photos | {"subject": "style"})
    choices = runs.show(view, second.id, {})[view.earlier]["choices"]
    labels = {id: label for label, id in choices}
    assert "Nordal: voice" in labels[first.id] and "(failed)" in labels[first.id]
    assert "Mug: style" in labels[second.id] and "(waiting)" in labels[second.id]


def test_a_page_opened_now_shows_what_runs_and_not_what_waits():
    first = training()
    running = queue.claim(["voice"])
    training()
    assert runs.shown() == running.id == first.id
    running.release()


def test_a_training_is_read_again_only_when_something_happened(view):
    job = training()
    first = runs.show(view, job.id, {})
    assert "Waiting" in first[view.status]
    assert runs.show(view, job.id, first[view.seen]) == gr.skip() == runs.show(view, "gone", {})
    job.emit({"event": "step", "step": 1, "total": 10, "loss": 0.5, "seconds": 1.0})
    assert runs.show(view, job.id, first[view.seen])[view.seen] != first[view.seen]


def test_a_result_says_which_step_was_kept_and_offers_to_shrink_or_to_train_with_more(view):
    shown = runs.show(view, finished().id, {})
    made = shown[view.made]["value"]
    assert "4.8%" in made and "Step 400 was kept" in made and "4 of its 16 ranks" in made
    assert "took 37 MB" in made and "at least 216 MB" in made
    assert "relative to the base model" in made
    assert shown[view.shrink]["visible"] and shown[view.shrink]["value"] == "Shrink to rank 4"
    assert not shown[view.larger]["visible"]
    assert shown[view.go_on]["visible"] and shown[view.go_on]["value"] == "Write with it"
    more = finished(advice={"rank": 32, "change": "raise", "sentence": "try 32"}, best_step=480)
    shown = runs.show(view, more.id, {})
    assert shown[view.larger]["visible"] and not shown[view.shrink]["visible"]
    assert shown[view.larger]["value"] == "Fill in rank 32 to retrain"
    assert "training longer" in shown[view.made]["value"]
    recipe = runs.raised(more)
    assert (recipe["rank"], recipe["alpha"]) == (32, 32.0), "as strong as before"
    waiting = runs.show(view, training().id, {})
    assert not waiting[view.shrink]["visible"] and not waiting[view.larger]["visible"]


def test_what_a_voice_writes_is_shown_as_text_and_folded_when_it_is_done(view):
    sample = {"event": "preview", "step": 4, "text": "<b>Tea</b> first."}
    looked = runs.show(view, training(sample).id, {})[view.insight]["value"]
    assert "&lt;b&gt;Tea" in looked and "<details>" not in looked
    done = training(sample, {"event": "result", "slug": "nordal", "summary": SUMMARY}, {"event": "done"})
    assert "<details>" in runs.show(view, done.id, {})[view.insight]["value"]


def test_what_was_made_is_found_by_its_training():
    assert runs.slug_of(finished().id) == "nordal" and runs.is_voice(finished().id)
    with pytest.raises(gr.Error, match="no longer exists"):
        runs.slug_of("gone")


def test_nothing_is_shrunk_before_there_is_something():
    with pytest.raises(gr.Error, match="made anything yet"):
        tuning.shrink_trained(training().id)


@pytest.mark.parametrize(
    ("base", "examples", "voice", "words"),
    [
        (3.0, 2.5, 2.0, "Yes"), (3.0, 1.5, 2.0, "Not yet"), (2.0, 1.5, 2.5, "No:"),
        (None, None, None, "Compare the results yourself"),
    ],
)  # fmt: skip
def test_a_voice_is_told_apart_from_examples_in_the_prompt_in_figures_and_texts(base, examples, voice, words):
    losses = {"held_out_before": base, "held_out_few_shot": examples, "held_out_after": voice}
    result = events.Trained("dry", losses)
    compared = events.Compared(3, "Write", {"base": "plain", "examples": "<b>near", "voice": "dry"})
    said = results.beside(result, compared)
    assert words in said and "plain" in said and "dry" in said and "<b>near" not in said
    assert results.beside(events.Trained(), None) == "", "a training from before it was measured"
