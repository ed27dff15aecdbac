"""What a campaign is to show and how it is sampled: the forms, and what was set in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit.generation.pictures.formats import FORMATS
from lorakit.generation.pictures.plan import SCENES
from lorakit.ui.parts import bases, choices, pieces

START_SCENES = ("marble-counter", "wooden-table", "garden", "neon-street")
START_FORMATS = ("instagram-post", "instagram-story", "youtube-thumbnail")
Values = Mapping[Any, Any]  # component -> what it holds, as a handler of a set of inputs gets it


@dataclass(frozen=True)
class Plan:
    """The scenes' texts, the formats' ids, and how many images of each."""

    scenes: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    count: int = 1

    @property
    def total(self) -> Markup:
        """How many images it makes."""
        places, shapes = len(self.scenes), len(self.formats)
        text = f"images: {places} scenes × {shapes} formats × {self.count}"
        if not places or not shapes:
            text = "images: choose at least one scene and one format"
        return pieces.total(places * shapes * self.count, text)


@dataclass(frozen=True)
class PlanForm:
    """The plan's inputs: scenes, more scenes, own scenes, images of each, and a row per platform."""

    scenes: gr.CheckboxGroup
    more: gr.CheckboxGroup
    typed: gr.Textbox
    count: gr.Slider
    formats: list[gr.CheckboxGroup]

    @property
    def inputs(self) -> set[Any]:
        """What `read` needs."""
        return {self.scenes, self.more, self.typed, self.count, *self.formats}

    def read(self, values: Values) -> Plan:
        """What is set."""
        library = (*values[self.scenes], *values[self.more])
        lines = [line.strip() for line in (values[self.typed] or "").splitlines()]
        chosen = {id for row in self.formats for id in values[row]}
        return Plan(
            [scene.text for scene in SCENES if scene.id in library] + [line for line in lines if line],
            [row.id for row in FORMATS if row.id in chosen],
            int(values[self.count]),
        )


@dataclass(frozen=True)
class SamplingForm:
    """The base model and how it samples."""

    base: gr.Dropdown
    savers: gr.CheckboxGroup
    trigger: gr.Textbox
    negative: gr.Textbox
    steps: gr.Number
    guidance: gr.Number
    seed: gr.Number

    @property
    def inputs(self) -> set[Any]:
        """What `read` needs."""
        return set(vars(self).values())

    def read(self, values: Values) -> tuple[dict[str, Any], int]:
        """The fields of a campaign's spec that are set, and the first seed."""
        base = values[self.base]
        stated = {
            "trigger": (values[self.trigger] or "").strip(),
            "negative": (values[self.negative] or "").strip(),
            "steps": int(values[self.steps] or 0),
            "guidance": float(values[self.guidance] or 0),
        }
        fields = {name: value for name, value in stated.items() if value}
        return {"base": base, **bases.kept(base, values[self.savers]), **fields}, int(values[self.seed] or 0)


def plan_form() -> PlanForm:
    """Scenes and formats to choose from."""
    gr.HTML(pieces.step(2, "Scenes", "Where to place the product."))
    scenes = choices.scene_chips(True, START_SCENES)
    with gr.Accordion("More scenes (for larger base models)", open=False):
        gr.HTML(Markup('<p class="badge">The starter model wasn\'t trained on these.</p>'))
        more = choices.scene_chips(False)
    typed = gr.Textbox(
        label="Your own scenes, one per line", lines=2, placeholder="on a picnic blanket in the park"
    )
    gr.HTML(pieces.step(3, "Formats", "Every image comes out at exactly this size in pixels."))
    with gr.Column(elem_classes="platforms"):
        formats = choices.format_rows(True, START_FORMATS)
    with gr.Accordion("More formats: ads, shops, email, web, print", open=False):
        formats += choices.format_rows(False, START_FORMATS)
    count = gr.Slider(1, 16, value=2, step=1, label="Images per scene and format")
    return PlanForm(scenes, more, typed, count, formats)


def sampling_form() -> SamplingForm:
    """The base model, and under Advanced what a campaign rarely needs."""
    base = bases.choice("image")
    savers = bases.savers(base)
    with gr.Accordion("Advanced", open=False):
        trigger = gr.Textbox(
            label="Trigger words",
            info="Placed before each scene. Leave empty to use the adapters' own.",
        )
        negative = gr.Textbox(
            label="Negative prompt", info="What must not appear in the images.", max_length=400
        )
        steps = gr.Number(0, precision=0, label="Sampling steps", info="0 = the base model's default.")
        guidance = gr.Number(
            0, label="Guidance", info="How closely to follow the prompt. 0 = the base model's default."
        )
        seed = gr.Number(0, precision=0, label="First seed", info="The same seed gives the same image.")
    return SamplingForm(base, savers, trigger, negative, steps, guidance, seed)
