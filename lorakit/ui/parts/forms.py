"""Dataclass <-> widgets: the Advanced form is made from Recipe's fields, so it has every new setting."""

from collections.abc import Sequence
from dataclasses import Field, dataclass
from typing import Any

import gradio as gr

from lorakit.families.pairs import to_train_on
from lorakit.families.sources import STARTERS
from lorakit.training.presets import from_preset, presets, presets_for
from lorakit.training.recipe import Recipe, settings_for
from lorakit.training.setting import GROUPS, help_for
from lorakit.ui.parts import bases, pieces
from lorakit.ui.parts.pieces import QUIET, Updates
from lorakit.ui.parts.subjects import STYLE

# Settings that mean nothing for a style.
OF_A_PRODUCT = ("background_weight", "backgrounds", "class_prompt", "class_images", "class_weight")

# Names that their fields' names do not spell as people do.
NAMES = {
    "lora_plus": "LoRA+", "rslora": "rsLoRA", "dora": "DoRA", "pissa": "PiSSA", "min_snr": "Min-SNR gamma",
    "ema": "Weight averaging (EMA)", "max_grad_norm": "Gradient clipping",
    "accumulate": "Gradient accumulation", "held_out": "Held-out share", "backgrounds": "Extra backgrounds",
    "checkpoint_minutes": "Checkpoint every", "checkpoint_every": "Checkpoint every",
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """The widgets of one kind of training: how thorough, on which base model, how it is kept in memory, and
    every setting.
    """

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

    @property
    def all(self) -> list[gr.components.Component]:
        """What may be set from elsewhere."""
        return [self.preset, *self.inputs]

    def with_values(self, values: Sequence[Any]) -> Updates:
        """The settings, given in the order of `fields`."""
        return dict(zip(self.fields, values, strict=True))

    def of_preset(self, base: str, preset: str) -> Updates:
        """How the base is kept, and the settings, as a preset has them."""
        return {
            self.savers: _savers(self.kind, base, preset),
            **self.with_values(recipe_values(self.kind, base, preset)),
        }

    def defaults(self, base: str, style: bool = False) -> Updates:
        """The presets of a base, for a style or anything else, with the first one chosen."""
        choices = _choices(self.kind, base, style)
        first = choices[0][1]
        return {self.preset: gr.update(choices=choices, value=first), **self.of_preset(base, first)}

    def filled(self, spec: dict[str, Any], recipe: dict[str, Any]) -> Updates:
        """The form as a job has it; none of the presets is chosen."""
        base = spec["base"]
        choices = _choices(self.kind, base, spec.get("subject") == STYLE.id)
        return {
            self.preset: gr.update(choices=choices, value=None),
            self.base: base,
            self.savers: gr.update(visible=base not in STARTERS, value=bases.chosen(spec)),
            **self.with_values(values_of(self.kind, recipe)),
        }

    def on_starter(self, starter: str, base: str, values: Sequence[Any]) -> tuple[list[Any], Updates]:
        """The settings for a training on a starter model, and what of the form changes for it.

        A form for another base than a starter gets the starter's settings; otherwise its own are kept.
        """
        if base in STARTERS:
            return list(values), {self.base: starter}
        changed = self.defaults(starter)
        return [changed[field] for field in self.fields], {self.base: starter, **changed}


def recipe_form(kind: str, subject: gr.components.Component) -> Form:
    """How thorough, on which base, and every setting under Advanced; they keep each other in step. `subject`
    holds the id of what is trained.
    """
    gr.HTML(pieces.step(3, "How thorough?", "The first is enough to see whether it works."))
    starter = bases.offered(kind)[0][1]
    choices = _choices(kind, starter)
    preset = gr.Radio(choices, value=choices[0][1], label="Training", show_label=False)
    base = bases.choice(kind)
    instead = bases.full_base(base)
    savers = bases.savers(base)
    with gr.Accordion("Advanced", open=False):
        form = Form(kind, preset, base, savers, recipe_widgets(kind, starter, choices[0][1]))

    def change_preset(preset: str, base: str) -> Updates:
        return form.of_preset(base, preset)

    def change_base(base: str, subject: str) -> Updates:
        return form.defaults(base, subject == STYLE.id)

    def take_full(base: str, subject: str) -> Updates:
        full = to_train_on(base) or base
        return {form.base: full, **form.defaults(full, subject == STYLE.id)}

    preset.input(change_preset, [preset, base], [savers, *form.fields], **QUIET)
    # Of a person alone: what a page sets by itself brings its own settings.
    base.input(change_base, [base, subject], [preset, savers, *form.fields], **QUIET)
    instead.click(take_full, [base, subject], form.all, **QUIET)
    return form


def _savers(kind: str, base: str, preset: str) -> Any:
    rows = presets(kind, base in STARTERS)
    quantize = next(row.quantize for row in rows if row.id == preset)
    small = base in STARTERS
    return gr.update(visible=not small, value=[] if small or not quantize else ["4-bit"])


def _choices(kind: str, base: str, style: bool = False) -> list[tuple[str, str]]:
    return [(preset.label, preset.id) for preset in presets_for(kind, base, style)]


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
