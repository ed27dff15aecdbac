"""The forms of a campaign say what was set, and how many images that makes."""

import gradio as gr
import pytest

from lorakit.generation.pictures.formats import FORMATS
from lorakit.generation.pictures.plan import SCENES
from lorakit.ui.parts import plan_form
from lorakit.ui.parts.plan_form import START_FORMATS, START_SCENES, Plan


@pytest.fixture(scope="module")
def forms():
    with gr.Blocks():
        return plan_form.plan_form(), plan_form.sampling_form()


def values(form, **changed):
    """What the inputs hold at first, with some of them changed by name."""
    named = {getattr(form, name): value for name, value in changed.items()}
    return {part: named.get(part, part.value) for part in form.inputs}


def test_the_form_starts_with_scenes_and_formats_that_exist(forms):
    plan = forms[0].read(values(forms[0]))
    assert plan.scenes == [scene.text for scene in SCENES if scene.id in START_SCENES]
    assert plan.formats == [row.id for row in FORMATS if row.id in START_FORMATS]
    assert (len(plan.scenes), len(plan.formats), plan.count) == (4, 3, 2)
    assert "24" in plan.total and "4 scenes × 3 formats × 2" in plan.total


def test_own_scenes_stand_behind_chosen_ones_a_line_each(forms):
    given = values(forms[0], scenes=["garden"], typed=" in the snow \n\n on a boat\n")
    scene = next(scene.text for scene in SCENES if scene.id == "garden")
    assert forms[0].read(given).scenes == [scene, "in the snow", "on a boat"]


def test_without_scenes_or_formats_it_says_what_to_choose():
    for plan in (Plan(), Plan(["a"]), Plan([], ["1:1"])):
        assert "choose at least one scene and one format" in plan.total


def test_only_what_was_set_of_the_sampling_is_asked_for(forms):
    stated, seed = forms[1].read(values(forms[1], base="starter-image"))
    assert stated["base"] == "starter-image" and seed == 0
    assert not {"trigger", "negative", "steps", "guidance"} & set(stated)
    given = values(forms[1], base="starter-image", trigger=" aurora bottle ", steps=12, guidance=2.5, seed=9)
    stated, seed = forms[1].read(given)
    assert (stated["trigger"], stated["steps"], stated["guidance"], seed) == ("aurora bottle", 12, 2.5, 9)
