"""Dataclass <-> widgets: the Advanced form is made from Recipe's fields: a new setting shows up by itself."""

from collections.abc import Sequence
from dataclasses import Field, dataclass
from typing import Any

import gradio as gr

from lorakit.families.pairs import to_train_on
from lorakit.families.sources import STARTERS
from lorakit.training.presets import from_preset, presets_for
from lorakit.training.recipe import Recipe, settings_for
from lorakit.training.setting import GROUPS, help_for
from lorakit.ui.parts import bases, pieces
from lorakit.ui.parts.pieces import QUIET

# Names that their fields' names do not spell as people do.
NAMES = {
    "lora_plus": "LoRA+", "rslora": "rsLoRA", "dora": "DoRA", "pissa": "PiSSA", "min_snr": "Min-SNR gamma",
    "ema": "Weight averaging (EMA)", "max_grad_norm": "Gradient clipping",
    "accumulate": "Gradient accumulation", "held_out": "Held-out share", "backgrounds": "Extra backgrounds",
    "checkpoint_minutes": "Checkpoint every", "checkpoint_every": "Checkpoint every",
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """The widgets of one tab: how thorough, on which base, how it is kept, and every setting."""

    kind: str  # "image" | "text"
    preset: gr.Radio
    base: gr.Dropdown
    savers: gr.CheckboxGroup
    settings: dict[str, gr.components.Component]

    @property
    def fields(self) -> list[gr.components.Component]:
        """The settings' widgets, in the order of `settings_for`."""
        return list(self.settings.values())

    @property
    def inputs(self) -> list[gr.components.Component]:
        """What a handler that starts or counts a training takes: base, savers, and the settings."""
        return [self.base, self.savers, *self.fields]


def recipe_form(kind: str) -> Form:
    """How thorough, on which base, and every setting under Advanced; they keep each other in step."""
    gr.HTML(pieces.step(3, "How thorough?", "Quick is enough to see whether it works."))
    starter = bases.offered(kind)[0][1]
    first = presets_for(kind, starter)[0].id
    preset = gr.Radio(_choices(kind, starter), value=first, label="Training", show_label=False)
    base = bases.choice(kind)
    instead = bases.full_base(base)
    savers = bases.savers(base)
    with gr.Accordion("Advanced", open=False):
        form = Form(kind, preset, base, savers, recipe_widgets(kind, starter, first))

    def change_preset(preset: str, base: str) -> list[Any]:
        return [_savers(kind, base, preset), *recipe_values(kind, base, preset)]

    def change_base(base: str) -> list[Any]:
        return defaults(kind, base)

    def take_full(base: str) -> list[Any]:
        full = to_train_on(base) or base
        return [full, *defaults(kind, full)]

    preset.input(change_preset, [preset, base], [savers, *form.fields], **QUIET)
    # Of a person alone: what a page sets by itself brings its own settings.
    base.input(change_base, [base], [preset, savers, *form.fields], **QUIET)
    instead.click(take_full, [base], [base, preset, savers, *form.fields], **QUIET)
    return form


def defaults(kind: str, base: str) -> list[Any]:
    """The presets of a base with its first one chosen, how it is kept then, and that preset's values."""
    first = presets_for(kind, base)[0].id
    chosen = gr.update(choices=_choices(kind, base), value=first)
    return [chosen, _savers(kind, base, first), *recipe_values(kind, base, first)]


def _savers(kind: str, base: str, preset: str) -> Any:
    quantize = next(row.quantize for row in presets_for(kind, base) if row.id == preset)
    small = base in STARTERS
    return gr.update(visible=not small, value=[] if small or not quantize else ["4-bit"])


def on_starter(kind: str, starter: str, base: str, values: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The settings for a training on a starter base, and what the form's preset, savers and settings become.

    A form that is for another base than a starter gets the starter's settings; otherwise its own are kept.
    """
    if base in STARTERS:
        return list(values), [gr.skip()] * (2 + len(values))
    shown = defaults(kind, starter)
    return shown[2:], shown


def filled(kind: str, spec: dict[str, Any], recipe: dict[str, Any]) -> list[Any]:
    """Preset, base, savers and settings as a job has them; none of the presets is chosen."""
    base = spec["base"]
    preset = gr.update(choices=_choices(kind, base), value=None)
    savers = gr.update(visible=base not in STARTERS, value=bases.chosen(spec))
    return [preset, base, savers, *values_of(kind, recipe)]


def _choices(kind: str, base: str) -> list[tuple[str, str]]:
    return [(preset.label, preset.id) for preset in presets_for(kind, base)]


def recipe_widgets(kind: str, base: str, preset: str) -> dict[str, gr.components.Component]:
    """One widget per setting that means something for "image" or "text", in sections, with the preset's
    values.
    """
    values = from_preset(preset, kind, base in STARTERS).to_dict()
    made: dict[str, gr.components.Component] = {}
    for group, title in GROUPS.items():
        members = [setting for setting in settings_for(kind) if setting.metadata["group"] == group]
        if group == "basic":
            made |= _section(kind, members, values)
            continue
        with gr.Accordion(title, open=False):
            made |= _section(kind, members, values)
    return {setting.name: made[setting.name] for setting in settings_for(kind)}


def _section(kind: str, members: list[Field], values: dict[str, Any]) -> dict[str, gr.components.Component]:
    """Numbers and choices side by side, then what is only on or off."""
    switches = [setting for setting in members if isinstance(values[setting.name], bool)]
    made = {}
    with gr.Row(equal_height=True):
        for setting in members:
            if setting not in switches:
                made[setting.name] = _widget(kind, setting, values[setting.name])
    for setting in switches:
        made[setting.name] = _widget(kind, setting, values[setting.name])
    return made


def recipe_values(kind: str, base: str, preset: str) -> list[Any]:
    """The preset's values in the order of `recipe_widgets`, for when another preset is chosen."""
    return values_of(kind, from_preset(preset, kind, base in STARTERS).to_dict())


def values_of(kind: str, recipe: dict[str, Any]) -> list[Any]:
    """A recipe's values in the order of `recipe_widgets`; a setting that it lacks has its default."""
    recipe = Recipe().to_dict() | recipe
    return [recipe[setting.name] for setting in settings_for(kind)]


def to_recipe(kind: str, values: list[Any]) -> Recipe:
    """The recipe of the widgets' values. Raises RecipeError that names the setting."""
    return Recipe.from_dict({s.name: v for s, v in zip(settings_for(kind), values, strict=True)})


def _widget(kind: str, setting: Field, value: Any) -> gr.components.Component:
    rules, info = setting.metadata, help_for(setting, kind)
    label = NAMES.get(setting.name) or setting.name.replace("_", " ").capitalize()
    label += f" ({rules['unit']})" if rules["unit"] and rules["unit"] not in label.lower() else ""
    if isinstance(value, bool):
        return gr.Checkbox(value, label=label, info=info)
    size: dict[str, Any] = {"min_width": 190, "scale": 1}
    if rules["choices"]:
        return gr.Dropdown(list(rules["choices"]), value=value, label=label, info=info, **size)
    if isinstance(value, str):
        return gr.Textbox(value, label=label, info=info, **size)
    precision = 0 if setting.type is int else None
    return gr.Number(value, label=label, info=info, precision=precision, **size)
