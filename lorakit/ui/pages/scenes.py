"""The Product scenes tab: a mix of adapters, scenes, formats and seeds become images."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from lorakit.errors import LoraKitError
from lorakit.families.pairs import to_render_on
from lorakit.generation.pictures.formats import find
from lorakit.generation.pictures.plan import plan
from lorakit.jobs.fields import mixes_of
from lorakit.store.store import Store
from lorakit.ui import visitors
from lorakit.ui.parts import campaigns, combining, compare, meter, mixing, pieces, plan_form
from lorakit.ui.parts.mixing import CHOSEN, MixSettings
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates
from lorakit.ui.parts.plan_form import Plan, PlanForm, SamplingForm, Values


@dataclass(frozen=True)
class Tab:
    """The tab's widgets. `chosen`: the adapters in the mix; `settings`: what the browser keeps of each;
    `first`: the mix saved as A.
    """

    add: gr.Dropdown
    chosen: gr.State
    settings: gr.BrowserState
    first: gr.BrowserState
    table: gr.HTML
    meter: meter.Meter
    comparing: compare.Form
    plan: PlanForm
    sampling: SamplingForm
    total: gr.HTML
    generate: gr.Button
    campaign: campaigns.View
    earlier: gr.Dropdown

    @property
    def inputs(self) -> set[Any]:
        """What a campaign is made of."""
        return {self.chosen, self.settings, *self.plan.inputs, *self.sampling.inputs}

    def on_load(self, values: Values) -> Updates:
        """What a page opened now shows: the adapters and the latest campaign."""
        latest = visitors.list_jobs(["campaign"])
        listed = [(campaigns.label(job), job.id) for job in latest[:30]]
        return {
            self.add: gr.update(choices=image_adapters()),
            self.campaign.job_id: latest[0].id if latest else "",
            self.earlier: gr.update(choices=listed, value=None),
            self.total: self.plan.read(values).total,
        }

    def refresh(self, chosen: list[str]) -> Updates:
        """The adapters as choices, and those of the mix that still exist."""
        return {self.add: gr.update(choices=image_adapters()), self.chosen: still_there(chosen)}

    def take(self, slug: str) -> Updates:
        """A mix of this adapter alone, and the base model to use it on: its own or its distilled partner."""
        mix = still_there([slug])
        trained_on = Store().get(slug).base if mix else ""
        base = to_render_on(trained_on) or trained_on or gr.skip()
        return {self.chosen: mix, self.sampling.base: base}

    def spec(self, values: Values) -> dict[str, Any]:
        """The page as a campaign's spec."""
        wanted = self.plan.read(values)
        fields, seed = self.sampling.read(values)
        return fields | {
            "mix": mixing.spec(values[self.chosen], values[self.settings]),
            "scenes": wanted.scenes, "formats": wanted.formats,
            "seeds": list(range(seed, seed + wanted.count)),
        }  # fmt: skip

    def start(self, values: Values) -> str:
        """Write the campaign's job."""
        return _start(self.spec(values))

    def start_comparing(self, values: Values) -> str:
        """Write the job that tries several mixes on the same scenes and seed, in the first format only."""
        spec, form = self.spec(values), self.comparing
        try:
            mixes = compare.mixes(
                values[form.what], values[form.strengths], values[self.chosen], values[self.settings],
                values[self.first] or {},
            )  # fmt: skip
        except LoraKitError as error:
            raise pieces.problem(error) from error
        formats, seeds = spec["formats"][:1] or ["1:1"], spec["seeds"][:1]
        return _start(spec | {"mix": mixes, "formats": formats, "seeds": seeds})

    def show_total(self, values: Values) -> Any:
        """How many images the plan makes."""
        return self.plan.read(values).total

    def show_comparing(self, values: Values) -> Updates:
        """Whether strengths are asked for, and how many images the comparison makes."""
        form = self.comparing
        varied = compare.varies_strength(values[form.what])
        try:
            count = len(compare.numbers(values[form.strengths])) if varied else 2
            total = comparison_total(self.plan.read(values), count)
        except LoraKitError as error:
            total = pieces.total("", str(error))
        return {form.strengths: gr.update(visible=varied), form.total: total}


def remembered() -> tuple[gr.BrowserState, gr.BrowserState]:
    """What the browser keeps, so that a reload or a restart of the app loses nothing: the mix, and mix A.

    Made outside all tabs, since a tab that was not opened yet keeps nothing.
    """
    mix, first = (
        gr.BrowserState({}, storage_key=f"lorakit-{name}", secret=name) for name in ("mix", "mix-a")
    )
    return mix, first


def build(settings: gr.BrowserState, first: gr.BrowserState) -> Tab:
    """The tab with its handlers. `settings`, `first`: `remembered`."""
    chosen = gr.State([])
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            add, table, gauge = _mix_form(settings)
            comparing = compare.form()
            below_mix = gr.Column()
            wanted, sampling = plan_form.plan_form(), plan_form.sampling_form()
            with gr.Column(elem_classes="primary-bar"):
                total = gr.HTML()
                generate = gr.Button("Generate images", variant="primary", size="lg")
        with gr.Column(scale=7, min_width=320, elem_classes="progress-view"):
            campaign = campaigns.view()
            earlier = gr.Dropdown([], label="Earlier campaigns", info="Open one to see or download it again.")
    with below_mix:
        combining.form(chosen, settings, sampling.base, sampling.savers)
    tab = Tab(
        add, chosen, settings, first, table, gauge, comparing, wanted, sampling, total, generate, campaign,
        earlier,
    )  # fmt: skip
    _connect_mix(tab)
    _connect_comparing(tab)
    _connect_campaign(tab)
    return tab


def _mix_form(settings: gr.BrowserState) -> tuple[gr.Dropdown, gr.HTML, meter.Meter]:
    gr.HTML(
        pieces.step(
            1,
            "What to show",
            "Choose a product, then add a style if you like. Sliders set each one's strength.",
        )
    )
    # One at a time: a dropdown of many values, once set by the server, reports changes without end (6.31).
    add = gr.Dropdown([], label="Add to the mix", info="Adapters you train appear here.")
    return add, mixing.view(settings, listed=True), meter.view()


def _connect_mix(tab: Tab) -> None:
    """Adapters come by the list and leave by their row; the table follows the choice, the meter both."""
    # Each of several quick clicks in its turn.
    turns: dict[str, Any] = {**QUIET, "trigger_mode": "multiple", "concurrency_id": "mix"}
    mixing.connect_adding(tab.add, tab.chosen, **turns)
    tab.table.select(mixing.take_out, [tab.chosen], [tab.chosen], **turns)
    tab.chosen.change(mixing.table, [tab.chosen, tab.settings], [tab.table], **QUIET)
    tab.meter.connect(tab.chosen, tab.settings, tab.sampling.base, tab.sampling.savers, tab.table)


def _connect_comparing(tab: Tab) -> None:
    """What is offered follows the mix."""
    form = tab.comparing
    offering = (compare.offers, [tab.chosen, tab.first, form.what], [form.what])
    counted = {form.what, form.strengths, *tab.plan.inputs}
    counting = (tab.show_comparing, counted, [form.strengths, form.total])
    tab.chosen.change(*offering, **QUIET).then(*counting, **QUIET)
    form.save.click(compare.save_first, [tab.chosen, tab.settings], [tab.first], **QUIET).then(
        *offering, **QUIET
    )
    gr.on([part.change for part in counted], *counting, trigger_mode="always_last", **QUIET)
    asked = {form.what, form.strengths, tab.first, *tab.inputs}
    form.go.click(tab.start_comparing, asked, [tab.campaign.job_id], **HIDDEN).then(
        *tab.campaign.reading, **QUIET
    ).then(**pieces.SCROLL)


def _connect_campaign(tab: Tab) -> None:
    """The button starts a campaign, and the list of earlier ones opens one."""
    job_id, reading = tab.campaign.job_id, tab.campaign.reading
    # One listener for all of them, as for the meter: two could answer in the wrong order.
    gr.on(
        [part.change for part in tab.plan.inputs], tab.show_total, tab.plan.inputs, [tab.total],
        trigger_mode="always_last", **QUIET,
    )  # fmt: skip
    tab.generate.click(tab.start, tab.inputs, [job_id], **HIDDEN).then(*reading, **QUIET).then(
        **pieces.SCROLL
    )
    tab.earlier.input(lambda choice: choice, [tab.earlier], [job_id], **QUIET).then(*reading, **QUIET)
    tab.campaign.connect()


def image_adapters() -> list[tuple[str, str]]:
    """Choices for the mix: label and slug of every image adapter."""
    entries = [entry for entry in Store().list() if entry.kind == "image"]
    return [(f"{e.name} (“{e.trigger}”)" if e.trigger else e.name, e.slug) for e in entries]


def still_there(slugs: list[str] | None) -> list[str]:
    """Those of the adapters that still exist."""
    known = {slug for _, slug in image_adapters()}
    return [slug for slug in slugs or [] if slug in known]


def restore(settings: MixSettings) -> list[str]:
    """The adapters that were in the mix when the page was left."""
    return still_there((settings or {}).get(CHOSEN) or [])  # type: ignore[arg-type]


def comparison_total(wanted: Plan, count: int) -> Any:
    """How many images a comparison of `count` mixes makes."""
    shape = find(wanted.formats[0]).name if wanted.formats else "square"
    return compare.total(len(wanted.scenes), count, shape)


def _start(spec: dict[str, Any]) -> str:
    try:
        _check(spec)
        return pieces.start_once("campaign", spec)
    except LoraKitError as error:
        raise pieces.problem(error) from error


def _check(spec: dict[str, Any]) -> None:
    """Raise LoraKitError for what a worker would refuse only after a wait: an adapter that was trashed since
    it was chosen, a prompt that is too long with the trigger words.
    """
    store, mixes = Store(), mixes_of(spec)
    entries = {slug: store.get(slug) for mix in mixes for slug in mix}
    for mix in mixes if "trigger" not in spec else []:
        words = [entries[slug].trigger for slug, stated in mix.items() if len(mixes) > 1 or stated != 0]
        plan(spec["scenes"], spec["formats"][:1], spec["seeds"][:1], words)
