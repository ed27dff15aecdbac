"""The form is made of the recipe: every setting once, in sections, with defaults for the base."""

import gradio as gr

from lorakit.training.presets import presets_for
from lorakit.training.recipe import settings_for
from lorakit.training.setting import GROUPS
from lorakit.ui.parts import bases, forms

SDXL = "stabilityai/stable-diffusion-xl-base-1.0"
FLUX = "black-forest-labs/FLUX.1-dev"
LLAMA = "meta-llama/Llama-3.3-70B-Instruct"


def test_every_setting_stands_in_the_form_once_and_every_section_has_a_name():
    for kind in ("image", "text"):
        with gr.Blocks():
            form = forms.recipe_form(kind, gr.State(""))
        assert list(form.settings) == [setting.name for setting in settings_for(kind)]
        assert {setting.metadata["group"] for setting in settings_for(kind)} <= set(GROUPS)


def test_what_holds_for_photos_alone_is_said_only_where_one_trains_on_photos():
    told = {}
    for kind in ("image", "text"):
        with gr.Blocks():
            told[kind] = forms.recipe_form(kind, gr.State("")).settings["held_out"].info
    assert told["image"] == told["text"] + " Needs at least 12 photos."


def test_a_base_comes_with_the_presets_that_suit_it():
    assert [preset.id for preset in presets_for("image", "starter-image")] == ["quick", "balanced"]
    assert presets_for("image", SDXL)[0].id == "sdxl"
    assert "sdxl" not in [preset.id for preset in presets_for("image", FLUX)]
    assert "sdxl" in [preset.id for preset in presets_for("image", "/models/my-own")], "it may be one"
    assert presets_for("text", LLAMA)[0].id == "large"


def test_a_style_has_presets_of_its_own():
    assert [preset.id for preset in presets_for("image", "starter-image", style=True)] == ["style"]
    assert [preset.id for preset in presets_for("image", FLUX, style=True)] == ["style", "style-low-memory"]
    assert "style" not in [preset.id for preset in presets_for("image", FLUX)]
    with gr.Blocks():
        form = forms.recipe_form("image", gr.State("style"))
    shown = form.defaults(FLUX, style=True)
    assert shown[form.preset]["value"] == "style" and shown[form.settings["rank"]] == 32
    assert shown[form.settings["class_images"]] == 0


def test_a_distilled_base_is_said_before_a_training_with_the_full_one_a_click_away():
    with gr.Blocks() as page:
        form = forms.recipe_form("image", gr.State("product"))
        note, button = gr.HTML(), gr.Button()
    shown = bases.warn_distilled("black-forest-labs/FLUX.2-klein-4B", note, button)
    assert shown[note]["visible"] and "turn out poor" in shown[note]["value"]
    assert shown[button]["visible"] and shown[button]["value"] == "Train on FLUX.2-klein-base-4B instead"
    (click,) = [call for call in page.fns.values() if call.fn is not None and call.fn.__name__ == "take_full"]
    taken = click.fn("black-forest-labs/FLUX.2-klein-4B", "product")
    full = taken[form.base]
    assert full == "black-forest-labs/FLUX.2-klein-base-4B" and set(form.fields) < set(taken)
    shown = bases.warn_distilled(full, note, button)
    assert not shown[note]["visible"] and not shown[button]["visible"]


def test_a_preset_for_4_bits_ticks_the_box_and_a_starter_base_has_none():
    with gr.Blocks():
        form = forms.recipe_form("text", gr.State("voice"))
    shown = form.defaults(LLAMA)
    assert shown[form.preset]["value"] == "large" and shown[form.savers]["value"] == ["4-bit"]
    assert shown[form.savers]["visible"]
    assert [shown[field] for field in form.fields] == forms.recipe_values("text", LLAMA, "large")
    assert form.defaults("starter-text")[form.savers]["visible"] is False
    assert bases.kept("starter-text", ["4-bit"]) == {} == bases.kept(LLAMA, None)
