"""The Product scenes tab: the plan that a page's choices make, and its pictures."""

import gradio as gr
import pytest

from lorakit import jobs
from lorakit.generation.formats import FORMATS
from lorakit.generation.scenes import SCENES
from lorakit.ui import campaigns, choices, scenes


def start(**changes):
    page = {
        "chosen": [], "weights": {}, "base": "starter-image", "trigger": "", "negative": "", "steps": 0,
        "guidance": 0, "seed": 5, "scenes": ["snow"], "more": ["picnic"], "own": "on the moon\n\n",
        "count": 2,
    } | changes  # fmt: skip
    return scenes.start(*page.values(), ["instagram-story"], ["a4-portrait"])


def test_the_total_is_told_before_anything_is_rendered():
    said = scenes.tell_total(["snow", "garden"], [], "on the moon", 2, ["instagram-post"], ["x-post"])
    assert "<b>12</b>" in said and "3 scenes × 2 formats × 2" in said
    assert "choose at least one" in scenes.tell_total([], [], "", 2, ["instagram-post"])


def test_the_page_becomes_a_campaign():
    spec = jobs.get(start(chosen=["mug", "film"], weights={"film": 0.4}, steps=8)).spec
    assert spec["mix"] == {"mug": 1.0, "film": 0.4}
    assert spec["scenes"] == ["in the snow", "on a checked picnic blanket in a sunny park", "on the moon"]
    assert spec["formats"] == ["instagram-story", "a4-portrait"]
    assert spec["seeds"] == [5, 6] and spec["steps"] == 8 and "guidance" not in spec


@pytest.mark.parametrize(
    ("change", "words"),
    [({"own": "x" * 10_000}, "10,000|characters"), ({"scenes": [], "more": [], "own": ""}, "scene")],
)
def test_what_cannot_be_rendered_is_said_at_once(change, words):
    with pytest.raises(gr.Error, match=words):
        start(**change)
    assert jobs.list_jobs() == []


def test_a_campaign_that_waits_shows_no_pictures_and_can_be_cancelled():
    job_id = start()
    shown = campaigns.poll(job_id, {})
    assert "Waiting" in shown[2] and shown[3]["visible"]
    assert campaigns.pictures_of(job_id) == []
    assert "Cancelled" in campaigns.pieces.cancel(job_id)


def test_every_scene_and_every_format_is_offered_once_and_drawn():
    rules = choices.style()
    with gr.Blocks():
        rows = choices.format_rows(choices.platforms(), ())
        chips = [choices.scene_chips(True), choices.scene_chips(False)]
    assert [value for row in rows for _, value in row.choices] == [row.id for row in FORMATS]
    assert [value for row in chips for _, value in row.choices] == [scene.id for scene in SCENES]
    assert all(f'name="{row.id}"' in rules for row in (*FORMATS, *SCENES))
