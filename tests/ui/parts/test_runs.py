"""A training on the page: going on after a stop, beginning anew, and what it made."""

import gradio as gr
import pytest

from lorakit.jobs import queue
from lorakit.training.recipe import Recipe
from lorakit.ui.parts import runs, tuning

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


def test_a_failed_training_says_from_which_step_it_goes_on_and_waits_again_after_the_click():
    job = training({"event": "started"}, {"event": "failed", "error": "disk full", "advice": ""})
    (job.folder / "checkpoints" / "step-00000040").mkdir(parents=True)
    _, status, cancel, go_on, again = runs.head(job)
    assert "disk full" in status and not cancel["visible"]
    assert go_on["visible"] and go_on["value"] == "Continue from step 40" and again["visible"]
    runs.go_on(job.id)
    assert job.state == "queued" and queue.claim(["voice"]).id == job.id
    with pytest.raises(gr.Error, match="goes on already"):
        runs.go_on(job.id)
    job.release()


def test_without_a_checkpoint_it_is_tried_again():
    job = training()
    job.cancel()
    assert runs.head(job)[3]["value"] == "Try it again"


def test_earlier_trainings_are_listed_with_how_they_ended():
    first = training({"event": "failed", "error": "x", "advice": ""})
    assert runs.head(first)[0]["visible"] is False, "one alone is no list"
    second = training()
    choices = dict((id, label) for label, id in runs.head(second)[0]["choices"])
    assert "(stopped)" in choices[first.id] and "(waiting)" in choices[second.id]


def test_a_page_opened_now_shows_what_runs_and_not_what_waits():
    first = training()
    running = queue.claim(["voice"])
    training()
    assert runs.shown("voice") == running.id == first.id


def test_a_result_says_which_step_was_kept_and_offers_to_shrink_or_to_train_with_more():
    job = finished()
    said = runs.made(runs.pieces.result(job))
    assert "4.8%" in said and "Step 400 was kept" in said and "4 of its 16 ranks" in said
    assert "held 37 MB" in said and "at least 216 MB" in said
    shrink, again = runs.rank_updates(runs.pieces.result(job))
    assert shrink["visible"] and shrink["value"] == "Shrink it to rank 4" and not again["visible"]
    more = finished(advice={"rank": 32, "change": "raise", "sentence": "try 32"}, best_step=480)
    shrink, again = runs.rank_updates(runs.pieces.result(more))
    assert again["visible"] and not shrink["visible"]
    assert "trained longer" in runs.made(runs.pieces.result(more))
    recipe = runs.raised(more)
    assert (recipe["rank"], recipe["alpha"]) == (32, 32.0), "as strong as before"
    assert [part["visible"] for part in runs.rank_updates(None)] == [False, False]


def test_nothing_is_shrunk_before_there_is_something():
    with pytest.raises(gr.Error, match="made anything yet"):
        tuning.shrink_trained(training().id)


@pytest.mark.parametrize(
    ("base", "examples", "voice", "words"),
    [
        (3.0, 2.5, 2.0, "Yes"), (3.0, 1.5, 2.0, "Not yet"), (2.0, 1.5, 2.5, "No:"),
        (None, None, None, "read for yourself"),
    ],
)  # fmt: skip
def test_a_voice_is_told_apart_from_examples_in_the_prompt_in_figures_and_texts(base, examples, voice, words):
    result = {"summary": {"held_out_before": base, "held_out_few_shot": examples, "held_out_after": voice}}
    compared = {"prompt": "Write", "texts": {"base": "plain", "examples": "<b>near", "voice": "dry"}}
    said = runs.beside(result, compared)
    assert words in said and "plain" in said and "dry" in said and "<b>near" not in said
    assert runs.beside({"summary": {}}, None) == "", "a training from before it was measured"
