"""One setting of a training: its default, unit, range, choices and help, and the checks of its value."""

import math
from collections.abc import Callable
from dataclasses import Field, dataclass, field
from typing import Any

# The sections of a form and of the command line's help, in their order, with their titles.
GROUPS = {
    "basic": "Basics",
    "data": "Data",
    "optimisation": "Optimizer",
    "adapter": "LoRA",
    "saving": "Previews and checkpoints",
}


def setting(
    default: Any,
    help: str,
    group: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    kinds: tuple[str, ...] = ("image", "text"),
    photos: str = "",
) -> Any:
    """A field that carries its unit, range, choices, help and the section of a form it stands in.

    `kinds` says for which trainings it means something; `photos` is added to the help where it is one on
    photos.
    """
    metadata = {
        "help": help,
        "group": group,
        "unit": unit,
        "low": low,
        "high": high,
        "choices": choices,
        "kinds": kinds,
        "photos": photos,
    }
    return field(default=default, metadata=metadata)


def help_for(setting: Field, kind: str) -> str:
    """What a setting is for, in the words for a training of this kind ("image" or "text")."""
    rules = setting.metadata
    return f"{rules['help']} {rules['photos']}" if kind == "image" and rules["photos"] else rules["help"]


def problem_with(setting: Field, value: Any) -> str:
    """What is wrong with `value` for this setting, beginning with its name; empty when nothing is."""
    rules, stated = setting.metadata, f"{setting.name} is {value!r}"
    if setting.type in (bool, str):
        if not isinstance(value, setting.type):
            return f"{stated}; it must be {'true or false' if setting.type is bool else 'text'}"
        if rules["choices"] and value not in rules["choices"]:
            return f"{stated}; choose one of {', '.join(rules['choices'])}"
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        return f"{stated}; it must be a number"
    if setting.type is int and value != int(value):
        return f"{stated}; it must be a whole number"
    if not rules["low"] <= value <= rules["high"]:
        return f"{setting.name} is {value:g}; it must be between {rules['low']:g} and {rules['high']:g}"
    return ""


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond any float
        return False


@dataclass(frozen=True)
class Rule:
    """What settings cannot be together, or one in itself: `broken` takes their values in this order."""

    settings: tuple[str, ...]
    broken: Callable[..., bool]
    message: str
