"""The settings of a training as options, each made from its field of Recipe."""

import argparse
from dataclasses import fields
from typing import Any

from lorakit.families.sources import STARTERS
from lorakit.training.presets import from_preset, presets_for
from lorakit.training.recipe import Recipe, settings_for
from lorakit.training.setting import GROUPS, help_for

PREFIX = "recipe_"
TYPES = {setting.name: setting.type for setting in fields(Recipe)}
SWITCHES = tuple(f"--{name.replace('_', '-')}" for name, type_ in TYPES.items() if type_ is bool)


def add_settings(parser: argparse.ArgumentParser, kind: str) -> None:
    """An option for every setting that means something for "image" or "text", in sections."""
    for group, title in GROUPS.items():
        section = parser.add_argument_group(title)
        if group == "basic":
            section.add_argument(
                "--preset", help="quick, balanced, ... (default: the first that fits the base model)"
            )
        for setting in settings_for(kind):
            if setting.metadata["group"] == group:
                help = help_for(setting, kind).replace("%", "%%")
                section.add_argument(
                    f"--{setting.name.replace('_', '-')}",
                    dest=PREFIX + setting.name,
                    help=help,
                    **_shape(setting.type, setting.metadata),
                )


def _shape(type_: Any, rules: Any) -> dict[str, Any]:
    """How an option is written: a switch, one of some words, or a value in its unit."""
    if type_ is bool:
        return {"action": argparse.BooleanOptionalAction}
    if rules["choices"]:
        return {"metavar": "{" + ",".join(rules["choices"]) + "}"}
    return {"metavar": rules["unit"].upper() or {str: "TEXT"}.get(type_, "NUMBER")}


def recipe_of(options: argparse.Namespace, kind: str) -> Recipe:
    """The preset with what the options change. Raises RecipeError that names all that is wrong."""
    changes = {
        name: _number(value) if type_ in (int, float) else value
        for name, type_ in TYPES.items()
        if (value := getattr(options, PREFIX + name, None)) is not None
    }
    preset = options.preset or presets_for(kind, options.base)[0].id
    return from_preset(preset, kind, options.base in STARTERS, **changes)


def _number(text: str) -> float | str:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text  # the recipe says which setting is wrong, with the others that are
