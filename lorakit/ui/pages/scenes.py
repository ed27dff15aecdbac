"""The Product scenes tab: a mix of adapters, scenes, formats and seeds become pictures."""

from html import escape
from typing import Any

import gradio as gr

from lorakit.errors import LoraKitError
from lorakit.families.pairs import to_render_on
from lorakit.generation.pictures.formats import FORMATS, find
from lorakit.generation.pictures.plan import SCENES, plan
from lorakit.jobs.specs import mixes_of
from lorakit.store.store import Store
from lorakit.ui import visitors
from lorakit.ui.parts import (
    bases,
    campaigns,
    choices,
    compare,
    meter,
    mixing,
    pieces,
    tuning,
)
from lorakit.ui.parts.mixing import CHOSEN, Kept
from lorakit.ui.parts.pieces import HIDDEN, QUIET

POLL = 2.0  # seconds
START_SCENES = ("marble-counter", "wooden-table", "garden", "neon-street")
SOCIAL = 7  # the table's first platforms, always in sight
START_FORMATS = ("instagram-post", "instagram-story", "youtube-thumbnail")


def remembered() -> tuple[gr.BrowserState, gr.BrowserState]:
    """What the browser keeps, so that a reload or a restart of the app loses nothing: the mix, and mix A.

    Made outside all tabs, since a tab that was not opened yet keeps nothing.
    """
    mix, first = (
        gr.BrowserState({}, storage_key=f"lorakit-{name}", secret=name) for name in ("mix", "mix-a")
    )
    return mix, first


def build(kept: gr.BrowserState, first: gr.BrowserState) -> dict[str, Any]:
    """The tab's widgets and handlers; returns what other tabs connect to. `kept`, `first`: `remembered`."""
    job_id, seen, check_id, chosen = gr.State(""), gr.State({}), gr.State(""), gr.State([])
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            add, table, gauge, balance = _mix_form(kept)
            comparing = compare.form()
            combining = gr.Column()
            plan_inputs = _plan_form()
            base, *advanced = _advanced_form()
            total = gr.HTML()
            render = gr.Button("Render", variant="primary", size="lg")
        with gr.Column(scale=7, min_width=320, elem_classes="progress-view"):
            shown = campaigns.view()
            earlier = gr.Dropdown([], label="Earlier campaigns", info="Open one to see or download it again.")

    with combining:
        tuning.form(chosen, kept, base, advanced[0])
    # One listener for all of them, as for the meter: two could answer in the wrong order.
    counted = [widget.change for widget in plan_inputs]
    gr.on(counted, tell_total, plan_inputs, [total], trigger_mode="always_last", **QUIET)
    reading = (campaigns.poll, [job_id, seen], [job_id, seen, *shown])
    settings = [chosen, kept, base, *advanced, *plan_inputs]
    render.click(start, settings, [job_id], **HIDDEN).then(*reading, **QUIET).then(**pieces.SCROLL)
    earlier.input(lambda choice: choice, [earlier], [job_id], **QUIET).then(*reading, **QUIET)
    campaigns.connect(job_id, shown)
    gr.Timer(POLL).tick(*reading, **QUIET)
    _connect_choice(add, chosen, table)
    _connect_mix([chosen, kept, base, advanced[0]], table, check_id, gauge, balance)
    go = _connect_comparing(comparing, chosen, kept, first, plan_inputs)
    go.click(start_comparing, [*comparing[:2], first, *settings], [job_id], **HIDDEN).then(
        *reading, **QUIET
    ).then(**pieces.SCROLL)
    return {
        "take": [chosen, base],
        "restore": (restore, [kept], [chosen]),
        "load": (on_load, plan_inputs, [add, job_id, earlier, total]),
        "again": (offer, [chosen], [add, chosen]),
    }


def _mix_form(kept: gr.BrowserState) -> tuple[gr.Dropdown, gr.HTML, gr.HTML, gr.Button]:
    gr.HTML(
        pieces.step(
            1, "What to show", "Choose a product. Add a style to mix it in; the sliders say how strongly."
        )
    )
    # One at a time: a dropdown of many values, once set by the server, reports changes without end (6.31).
    add = gr.Dropdown(
        [],
        label="Add to the mix",
        info="What you train appears here. Each is in the mix once: its slider says how strongly.",
    )
    table, gauge = mixing.view(kept, listed=True), gr.HTML()
    return add, table, gauge, gr.Button("Balance", visible=False, size="sm")


def _connect_choice(add: gr.Dropdown, chosen: gr.State, table: gr.HTML) -> None:
    """Adapters come by the list and leave by their row, each of several quick clicks in its turn."""
    turns: dict[str, Any] = {**QUIET, "trigger_mode": "multiple", "concurrency_id": "mix"}
    add.input(mixing.put_in, [add, chosen], [chosen, add], **turns)
    table.select(mixing.take_out, [chosen], [chosen], **turns)


def _connect_mix(
    asked: list[Any], table: gr.HTML, check_id: gr.State, gauge: gr.HTML, balance: gr.Button
) -> None:
    """The table follows the choice, the meter follows both; `asked`: choice, what is kept, base, savers."""
    timer = gr.Timer(meter.POLL, active=False)
    chosen, kept, base, savers = asked
    chosen.change(mixing.table, [chosen, kept], [table], **QUIET)
    balance.click(meter.balance, asked, [table], **HIDDEN)
    # One listener for all that changes the meter: two could answer in the wrong order.
    gr.on(
        [table.input, base.change, savers.change, timer.tick], meter.look, [*asked, check_id],
        [gauge, balance, timer, check_id], trigger_mode="always_last", **QUIET,
    )  # fmt: skip


def _connect_comparing(
    comparing: list[Any],
    chosen: gr.State,
    kept: gr.BrowserState,
    first: gr.BrowserState,
    plan_inputs: list[Any],
) -> gr.Button:
    """What is offered follows the mix; returns the button that starts."""
    what, weights, total, keep, go = comparing
    offering = (compare.offers, [chosen, kept, first, what], [what])
    telling = (tell_comparing, [what, weights, *plan_inputs], [weights, total])
    chosen.change(*offering, **QUIET).then(*telling, **QUIET)
    keep.click(compare.keep_first, [chosen, kept], [first], **QUIET).then(*offering, **QUIET)
    changed = [widget.change for widget in (what, weights, *plan_inputs)]
    gr.on(changed, *telling, trigger_mode="always_last", **QUIET)
    return go


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
    base = bases.choice("image")
    savers = bases.savers(base)
    with gr.Accordion("Advanced", open=False):
        trigger = gr.Textbox(
            label="Product words", info="Stand in front of each scene. Empty: the adapters' own."
        )
        negative = gr.Textbox(label="Keep out of the picture", max_length=400)
        steps = gr.Number(0, precision=0, label="Sampling steps", info="0: what the base works best with.")
        guidance = gr.Number(0, label="Guidance", info="How closely to follow the words. 0: the base's own.")
        seed = gr.Number(0, precision=0, label="First seed", info="The same seed gives the same picture.")
    return [base, savers, trigger, negative, steps, guidance, seed]


def image_adapters() -> list[tuple[str, str]]:
    """Choices for the mix: label and slug of every image adapter."""
    entries = [entry for entry in Store().list() if entry.kind == "image"]
    return [(f"{e.name} (“{e.trigger}”)" if e.trigger else e.name, e.slug) for e in entries]


def on_load(*plan_inputs: Any) -> list[Any]:
    """What a page opened now shows: the store's adapters and the latest campaign."""
    latest = visitors.list_jobs(["campaign"])
    earlier = [(campaigns.label(job), job.id) for job in latest[:30]]
    return [
        gr.update(choices=image_adapters()),
        latest[0].id if latest else "",
        gr.update(choices=earlier, value=None),
        tell_total(*plan_inputs),
    ]


def offer(chosen: list[str]) -> list[Any]:
    """The store's adapters as choices, and those of the mix that are still there."""
    offered = image_adapters()
    known = {slug for _, slug in offered}
    return [gr.update(choices=offered), [slug for slug in chosen or [] if slug in known]]


def take(slug: str) -> list[Any]:
    """A mix of this adapter alone, and the base to render it on: the distilled partner of its own, if any."""
    mix = offer([slug])[1]
    own = Store().get(slug).base if mix else ""
    return [mix, to_render_on(own) or own or gr.skip()]


def restore(kept: Kept) -> list[str]:
    """The adapters that were in the mix when the page was left."""
    return offer((kept or {}).get(CHOSEN) or [])[1]


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


def tell_comparing(what: str, weights: str, *plan_inputs: Any) -> list[Any]:
    """Whether weights are asked for, and how many pictures the comparison makes."""
    scenes, more, own, _, *formats = plan_inputs
    shapes = all_formats(tuple(formats))
    varied = str(what or "").startswith("weights:")
    try:
        count = len(compare.numbers(weights)) if varied else 2
    except LoraKitError as error:
        return [gr.update(visible=varied), f'<div class="sum">{escape(str(error))}</div>']
    shape = find(shapes[0]).name if shapes else "square"
    return [gr.update(visible=varied), compare.tell(len(all_scenes(scenes, more, own)), count, shape)]


def start(*page: Any) -> str:
    """Write the campaign's job; `page` is what `build` lists as settings."""
    try:
        return _start(campaign_spec(*page))
    except LoraKitError as error:
        raise pieces.problem(error) from error


def start_comparing(what: str, weights: str, first: dict[str, Any], *page: Any) -> str:
    """Write the job that renders several mixes on the same scenes and seed, in the first format only."""
    try:
        spec = campaign_spec(*page)
        spec |= {
            "mix": compare.mixes(what, weights, page[0], page[1], first or {}),
            "formats": spec["formats"][:1] or ["1:1"],
            "seeds": spec["seeds"][:1],
        }
        return _start(spec)
    except LoraKitError as error:
        raise pieces.problem(error) from error


def _start(spec: dict[str, Any]) -> str:
    store, mixes = Store(), mixes_of(spec)
    # Trashed since it was chosen: said at once, not after a wait.
    entries = {slug: store.get(slug) for mix in mixes for slug in mix}
    for mix in mixes if "trigger" not in spec else []:
        words = [entries[slug].trigger for slug, stated in mix.items() if len(mixes) > 1 or stated != 0]
        plan(
            spec["scenes"], spec["formats"][:1], spec["seeds"][:1], words
        )  # too long with them, said at once
    return pieces.start_once("campaign", spec)


def campaign_spec(
    chosen: list[str],
    kept: Kept,
    base: str,
    savers: list[str],
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
) -> dict[str, Any]:
    """The page as a campaign's spec."""
    start = int(seed or 0)
    spec: dict[str, Any] = {
        "base": base, **bases.kept(base, savers), "mix": mixing.spec(chosen, kept),
        "scenes": all_scenes(scenes, more, own), "formats": all_formats(formats),
        "seeds": list(range(start, start + int(count))),
    }  # fmt: skip
    words = {"trigger": (trigger or "").strip(), "negative": (negative or "").strip()}
    numbers = {"steps": int(steps or 0), "guidance": float(guidance or 0)}
    return spec | {name: value for name, value in (words | numbers).items() if value}
