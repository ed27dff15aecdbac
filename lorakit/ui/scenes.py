"""The Product scenes tab: a mix of adapters, scenes, formats and seeds become pictures."""

from html import escape
from typing import Any

import gradio as gr

from lorakit import jobs
from lorakit.errors import LoraKitError
from lorakit.generation.formats import FORMATS
from lorakit.generation.plan import SCENES
from lorakit.store import Store
from lorakit.ui import campaigns, choices, pieces
from lorakit.ui.pieces import HIDDEN, QUIET

POLL = 2.0  # seconds
START_SCENES = ("marble-counter", "wooden-table", "garden", "neon-street")
SOCIAL = 7  # the table's first platforms, always in sight
START_FORMATS = ("instagram-post", "instagram-story", "youtube-thumbnail")


def build() -> dict[str, Any]:
    """The tab's widgets and handlers; returns what other tabs connect to."""
    job_id, seen, weights = gr.State(""), gr.State({}), gr.State({})
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            chosen, sliders = _mix_form()
            plan_inputs = _plan_form()
            base, *advanced = _advanced_form()
            total = gr.HTML()
            render = gr.Button("Render", variant="primary", size="lg")
        with gr.Column(scale=7, min_width=320, elem_classes="progress-view"):
            shown = campaigns.view()
            earlier = gr.Dropdown([], label="Earlier campaigns", info="Open one to see or download it again.")
    with sliders:
        _mix_table(chosen, weights)

    for widget in plan_inputs:
        widget.change(tell_total, plan_inputs, [total], **QUIET)
    reading = (campaigns.poll, [job_id, seen], [job_id, seen, *shown])
    settings = [chosen, weights, base, *advanced, *plan_inputs]
    render.click(start, settings, [job_id], **HIDDEN).then(*reading, **QUIET).then(**pieces.SCROLL)
    earlier.input(lambda choice: choice, [earlier], [job_id], **QUIET).then(*reading, **QUIET)
    campaigns.connect(job_id, shown)
    gr.Timer(POLL).tick(*reading, **QUIET)
    return {"chosen": chosen, "load": (on_load, plan_inputs, [chosen, job_id, earlier, total])}


def _mix_form() -> tuple[gr.Dropdown, gr.Column]:
    gr.HTML(
        pieces.step(
            1, "What to show", "Choose a product. Add a style to mix it in; the sliders say how strongly."
        )
    )
    chosen = gr.Dropdown(
        [], multiselect=True, label="Adapters in the mix", info="What you train appears here."
    )
    return chosen, gr.Column()


def _plan_form() -> list[gr.components.Component]:
    """The plan's inputs: scenes, more scenes, own scenes, pictures of each, and a row per platform."""
    gr.HTML(pieces.step(2, "Scenes", "Where the product stands."))
    scenes = choices.scene_chips(True, START_SCENES)
    with gr.Accordion("More scenes, for larger bases", open=False):
        gr.HTML('<p class="badge">The starter base has not seen these places.</p>')
        more = choices.scene_chips(False)
    own = gr.Textbox(
        label="Your own scenes, one a line", lines=2, placeholder="on a picnic blanket in the park"
    )
    gr.HTML(pieces.step(3, "Formats", "Each picture is delivered in exactly these pixels."))
    names = choices.platforms()
    with gr.Column(elem_classes="platforms"):
        formats = choices.format_rows(names[:SOCIAL], START_FORMATS)
    with gr.Accordion("More formats: ads, shops, email, web, print", open=False):
        formats += choices.format_rows(names[SOCIAL:], START_FORMATS)
    count = gr.Slider(1, 16, value=2, step=1, label="Pictures of each scene and format")
    return [scenes, more, own, count, *formats]


def _advanced_form() -> list[gr.components.Component]:
    base = gr.Dropdown(
        pieces.BASES["image"], value="starter-image", label="Base model", allow_custom_value=True
    )
    with gr.Accordion("Advanced", open=False):
        trigger = gr.Textbox(
            label="Product words", info="Stand in front of each scene. Empty: the adapters' own."
        )
        negative = gr.Textbox(label="Keep out of the picture", max_length=400)
        steps = gr.Number(0, precision=0, label="Sampling steps", info="0: what the base works best with.")
        guidance = gr.Number(0, label="Guidance", info="How closely to follow the words. 0: the base's own.")
        seed = gr.Number(0, precision=0, label="First seed", info="The same seed gives the same picture.")
    return [base, trigger, negative, steps, guidance, seed]


def _mix_table(chosen: gr.Dropdown, weights: gr.State) -> None:
    @gr.render(inputs=[chosen, weights])
    def mix_table(slugs: list[str], kept: dict[str, float]) -> None:
        names = {entry.slug: entry.name for entry in Store().list()}
        for slug in slugs or []:
            slider = gr.Slider(
                -1, 2, value=kept.get(slug, 1.0), step=0.05, label=(f"{names.get(slug, slug)}: "
                    f"strength"), key=slug,
            )  # fmt: skip
            slider.release(_weigh(slug), [slider, weights], [weights], **QUIET)


def _weigh(slug: str) -> Any:
    def weigh(value: float, kept: dict[str, float]) -> dict[str, float]:
        return {**kept, slug: value}

    return weigh


def image_adapters() -> list[tuple[str, str]]:
    """Choices for the mix: label and slug of every image adapter."""
    entries = [entry for entry in Store().list() if entry.kind == "image"]
    return [(f"{e.name} (“{e.trigger}”)" if e.trigger else e.name, e.slug) for e in entries]


def on_load(*plan_inputs: Any) -> list[Any]:
    """What a page opened now shows: the store's adapters and the latest campaign."""
    latest = jobs.list_jobs(["campaign"])
    earlier = [(campaigns.label(job), job.id) for job in latest[:30]]
    return [
        gr.update(choices=image_adapters()),
        latest[0].id if latest else "",
        gr.update(choices=earlier, value=None),
        tell_total(*plan_inputs),
    ]


def all_scenes(scenes: list[str], more: list[str], own: str | None) -> list[str]:
    """The scenes' texts: chosen ones, then the person's own lines."""
    texts = [scene.text for scene in SCENES if scene.id in (*scenes, *more)]
    return texts + [line.strip() for line in (own or "").splitlines() if line.strip()]


def all_formats(rows: tuple[list[str], ...]) -> list[str]:
    """The chosen formats of all platforms, in the table's order."""
    chosen = {id for row in rows for id in row}
    return [row.id for row in FORMATS if row.id in chosen]


def tell_total(scenes: list[str], more: list[str], own: str | None, count: float, *formats: list[str]) -> str:
    """How many pictures the plan makes."""
    places, shapes, pictures = len(all_scenes(scenes, more, own)), len(all_formats(formats)), int(count)
    said = f"pictures: {places} scenes × {shapes} formats × {pictures}"
    if not places or not shapes:
        said = "pictures: choose at least one scene and one format"
    return f'<div class="sum"><b>{places * shapes * pictures}</b> {escape(said)}</div>'


def start(
    chosen: list[str],
    weights: dict[str, float],
    base: str,
    trigger: str,
    negative: str,
    steps: float,
    guidance: float,
    seed: float,
    scenes: list[str],
    more: list[str],
    own: str,
    count: float,
    *formats: list[str],
) -> str:
    """Write the campaign's job."""
    first = int(seed or 0)
    spec: dict[str, Any] = {
        "base": base, "mix": {slug: float(weights.get(slug, 1.0)) for slug in chosen or []},
        "scenes": all_scenes(scenes, more, own), "formats": all_formats(formats),
        "seeds": list(range(first, first + int(count))),
    }  # fmt: skip
    words = {"trigger": (trigger or "").strip(), "negative": (negative or "").strip()}
    numbers = {"steps": int(steps or 0), "guidance": float(guidance or 0)}
    spec |= {name: value for name, value in (words | numbers).items() if value}
    try:
        return pieces.start_once("campaign", spec)
    except LoraKitError as error:
        raise gr.Error(str(error), print_exception=False) from error
