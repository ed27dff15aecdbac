"""The meter beside a mix: will it be stable, who dominates, and strengths that keep it in balance.

A short job measures a set of adapters once; after that the page answers every slider by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit.errors import LoraKitError
from lorakit.jobs import measurements
from lorakit.jobs.measurements import Measured
from lorakit.lora import stability
from lorakit.lora.mix_syntax import check_strength
from lorakit.lora.stability import GREEN, RED, StackLoad
from lorakit.lora.strength import Strength
from lorakit.store.store import Store
from lorakit.ui.parts import bases, mixing, pieces
from lorakit.ui.parts.mixing import MixSettings
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates

POLL = 0.7  # seconds
TITLES = {"green": "Stable mix", "amber": "Borderline mix", "red": "Unstable mix"}
LATER = "The mix is checked once the base model is loaded."
END = 2 * RED - GREEN  # the score at the scale's right end
WORST = " Checked at the step where the combined change is largest."
MOST_BARS = 150
Mix = dict[str, Any]  # adapter -> its strength, as a job's spec keeps it


@dataclass(frozen=True)
class Meter:
    """The meter's widgets; `check_id` is the job that was asked last to measure the mix."""

    gauge: gr.HTML
    balance: gr.Button
    timer: gr.Timer
    check_id: gr.State

    @property
    def parts(self) -> list[gr.components.Component]:
        """What `look` fills."""
        return [self.gauge, self.balance, self.timer, self.check_id]

    def connect(
        self,
        chosen: gr.State,
        settings: gr.BrowserState,
        base: gr.Dropdown,
        savers: gr.CheckboxGroup,
        table: gr.HTML,
    ) -> None:
        """The meter follows the mix's `table` and the base model; its button turns the table."""
        asked = [chosen, settings, base, savers]
        self.balance.click(balance, asked, [table], **HIDDEN)
        # One listener for all that changes the meter: two could answer in the wrong order.
        gr.on(
            [table.input, base.change, savers.change, self.timer.tick], self.look, [*asked, self.check_id],
            self.parts, trigger_mode="always_last", **QUIET,
        )  # fmt: skip

    def look(
        self, slugs: Sequence[str], settings: MixSettings, base: str, savers: list[str], check_id: str
    ) -> Updates:
        """What is known of the mix on the page, asking the worker if need be."""
        mix = mixing.spec(slugs, settings)
        if not mix:
            words = "Images come from the base model only."
            return self._idle(_plain("All adapters are off", words) if slugs else Markup())
        try:
            for slug, stated in mix.items():
                check_strength(Store().get(slug).name, stated)
            spec = _request(base, savers, mix)
            measured = measurements.find(spec)
            return self._ask(spec, check_id) if measured is None else self._answer(measured, mix)
        except LoraKitError as error:
            return self._refused(str(error))

    def _ask(self, spec: dict[str, Any], check_id: str) -> Updates:
        """Have the worker measure what is not known yet."""
        asked = pieces.find(check_id)
        hidden = {self.balance: gr.update(visible=False)}
        if asked is not None and asked.spec == spec:
            if pieces.is_open(asked):
                return {part: gr.skip() for part in self.parts}
            if asked.state == "failed":
                return self._refused(asked.progress().message)
            return hidden | {self.gauge: _plain("Not checked yet", LATER)}
        if asked is not None and pieces.is_open(asked):
            asked.cancel()  # nobody waits for the check of a mix that has changed since
        job_id = pieces.start_once("check", spec)
        reading = {self.gauge: _plain("Checking the mix…", ""), self.check_id: job_id}
        return hidden | reading | {self.timer: gr.Timer(active=True)}

    def _answer(self, measured: Measured, mix: Mix) -> Updates:
        load = measured.load(list(mix))
        old, new = stability.levels(_strengths(mix)), stability.balanced_levels(load, _strengths(mix))
        changes = [
            f"{name} {after:g}" for name, before, after in zip(load.names, old, new, strict=True)
            if before != after
        ]  # fmt: skip
        button = gr.update(visible=bool(changes), value=f"Balance: {', '.join(changes)}"[:120])
        return self._idle(_gauge(measured, load, mix)) | {self.balance: button}

    def _refused(self, reason: str) -> Updates:
        return self._idle(_plain("Can't use this mix", reason, "red"))

    def _idle(self, html: Markup) -> Updates:
        """No check is waited for, and there is nothing to balance."""
        off = {self.balance: gr.update(visible=False), self.timer: gr.Timer(active=False)}
        return off | {self.gauge: html, self.check_id: ""}


def view() -> Meter:
    """The meter, empty."""
    return Meter(
        gr.HTML(), gr.Button("Balance", visible=False, size="sm"), gr.Timer(POLL, active=False), gr.State("")
    )


def balance(slugs: Sequence[str], settings: MixSettings, base: str, savers: list[str]) -> Any:
    """An update of the table with the strengths that keep the mix inside the budget."""
    mix = mixing.spec(slugs, settings)
    try:
        measured = measurements.find(_request(base, savers, mix))
    except LoraKitError:
        measured = None
    if measured is None:
        return gr.skip()
    turned = stability.balanced_levels(measured.load(list(mix)), _strengths(mix))
    return mixing.turned(slugs, settings, dict(zip(mix, turned, strict=True)))


def _request(base: str, savers: list[str], mix: Mix) -> dict[str, Any]:
    """The check of a mix on the base as the page keeps it in memory. Raises LoraKitError."""
    return measurements.request(base or "", mix) | bases.kept(base, savers)


def _strengths(mix: Mix) -> list[Strength]:
    return [Strength.from_dict(stated) for stated in mix.values()]


def _plain(title: str, text: str, verdict: str = "") -> Markup:
    return Markup('<div class="gauge {}"><div class="top"><i></i><b>{}</b></div><p>{}</p></div>').format(
        verdict, title, text
    )


def _gauge(measured: Measured, load: StackLoad, mix: Mix) -> Markup:
    """The verdict with its sentence, a needle on the scale, and who makes how much of the change, at the
    moment of the sampling that asks most of the base.
    """
    strengths = _strengths(mix)
    weights = stability.hardest_moment(load, strengths)
    sentence = load.sentence(weights) + (WORST if len(stability.moments(strengths)) > 1 else "")
    verdict, at = load.verdict(weights), min(1.0, load.score(weights) / END)
    shares = zip(load.names, load.shares(weights), strict=True)
    who = Markup().join(_share(name, share) for name, share in shares) if len(weights) > 1 else Markup()
    return Markup(
        '<div class="gauge {}"><div class="top"><i></i><b>{}</b>'
        '<span class="scale"><i style="left:{:.0%}"></i></span></div><p>{}</p>{}{}</div>'
    ).format(
        verdict, TITLES[verdict], at, sentence,
        Markup('<div class="who">{}</div>').format(who) if who else "", _layers(measured, mix),
    )  # fmt: skip


def _share(name: str, share: float) -> Markup:
    return Markup('<i style="flex:{:.3f}" title="{words}"><span>{words}</span></i>').format(
        max(0.02, share), words=f"{name} {share:.0%}"
    )


def _layers(measured: Measured, mix: Mix) -> Markup:
    """A bar for each layer in the model's order: the changes of all adapters, one on the other."""
    levels = zip(map(measured.adapters.index, mix), stability.levels(_strengths(mix)), strict=True)
    placed = list(levels)
    rows = [
        (name, [abs(level) * sizes[place] for place, level in placed])
        for name, sizes in measured.layers[:MOST_BARS]
    ]
    top = max((sum(sizes) for _, sizes in rows), default=0.0)
    if not top:
        return Markup()
    return Markup(
        '<details><summary>Details</summary><div class="bars">{}</div><p class="badge">{} layers in order, '
        "one colour per adapter: size of each change relative to the base model's weights (max. {:.0%}).</p>"
        "</details>"
    ).format(Markup().join(_bar(name, sizes, top) for name, sizes in rows), len(rows), top)


def _bar(name: str, sizes: list[float], top: float) -> Markup:
    parts = Markup().join(Markup('<i style="height:{:.1f}%"></i>').format(100 * size / top) for size in sizes)
    return Markup('<span title="{}: {:.1%}">{}</span>').format(name, sum(sizes), parts)
