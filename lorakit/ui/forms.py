"""Dataclass <-> widgets: the Advanced form is made from Recipe's fields, so a new setting shows up by itself."""

from dataclasses import Field
from typing import Any

import gradio as gr

from lorakit.training.recipe import Recipe, from_preset, settings_for


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
    whole = setting.type is int or setting.type == "int"
    return gr.Number(value, label=label, info=rules["help"], precision=0 if whole else None)
