"""Dataclass <-> widgets: the Advanced form is made from Recipe's fields: a new setting shows up by itself."""

from dataclasses import Field
from typing import Any

import gradio as gr

from lorakit.training.presets import from_preset, presets
from lorakit.training.recipe import Recipe, settings_for
from lorakit.ui import pieces
from lorakit.ui.pieces import QUIET

BASE_HELP = {
    "image": "Or a folder, a .safetensors file or a hub id (owner/name@revision) of FLUX, SDXL or SD 1.5.",
    "text": "Or a folder or a hub id (owner/name@revision) of any causal language model.",
}


def recipe_form(kind: str) -> tuple[gr.Radio, gr.Dropdown, dict[str, gr.components.Component]]:
    """How thorough, on which base, and every setting under Advanced; they keep each other in step."""
    starter = pieces.bases(kind)[0][1]
    gr.HTML(pieces.step(3, "How thorough?", "Quick is enough to see whether it works."))
    preset = gr.Radio(
        _choices(kind, True), value=presets(kind, True)[0].id, label="Training", show_label=False
    )
    base = gr.Dropdown(
        pieces.bases(kind), value=starter, label="Base model", allow_custom_value=True, info=BASE_HELP[kind]
    )
    badge = gr.HTML(pieces.badge(starter))
    with gr.Accordion("Advanced", open=False):
        widgets = recipe_widgets(kind, True, preset.value)
    fields = list(widgets.values())

    def change_preset(preset: str, base: str) -> list[Any]:
        return recipe_values(kind, base in pieces.STARTERS, preset)

    def change_base(base: str) -> list[Any]:
        starter = base in pieces.STARTERS
        first = presets(kind, starter)[0].id
        chosen = gr.update(choices=_choices(kind, starter), value=first)
        return [pieces.badge(base), chosen, *recipe_values(kind, starter, first)]

    preset.input(change_preset, [preset, base], fields, **QUIET)
    base.change(change_base, [base], [badge, preset, *fields], **QUIET)
    return preset, base, widgets


def _choices(kind: str, starter: bool) -> list[tuple[str, str]]:
    return [(preset.label, preset.id) for preset in presets(kind, starter)]


def recipe_widgets(kind: str, starter: bool, preset: str) -> dict[str, gr.components.Component]:
    """One widget per setting that means something for "image" or "text", with the preset's values."""
    values = from_preset(preset, kind, starter).to_dict()
    return {setting.name: _widget(setting, values[setting.name]) for setting in settings_for(kind)}


def recipe_values(kind: str, starter: bool, preset: str) -> list[Any]:
    """The preset's values in the order of `recipe_widgets`, for when another preset is chosen."""
    values = from_preset(preset, kind, starter).to_dict()
    return [values[setting.name] for setting in settings_for(kind)]


def to_recipe(kind: str, values: list[Any]) -> Recipe:
    """The recipe of the widgets' values. Raises RecipeError that names the setting."""
    return Recipe.from_dict({s.name: v for s, v in zip(settings_for(kind), values, strict=True)})


def _widget(setting: Field, value: Any) -> gr.components.Component:
    rules = setting.metadata
    label = setting.name.replace("_", " ").capitalize() + (f" ({rules['unit']})" if rules["unit"] else "")
    if isinstance(value, bool):
        return gr.Checkbox(value, label=label, info=rules["help"])
    if rules["choices"]:
        return gr.Dropdown(list(rules["choices"]), value=value, label=label, info=rules["help"])
    if isinstance(value, str):
        return gr.Textbox(value, label=label, info=rules["help"])
    whole = setting.type is int or setting.type == "int"
    return gr.Number(value, label=label, info=rules["help"], precision=0 if whole else None)
