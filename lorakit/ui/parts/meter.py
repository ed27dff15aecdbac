"""The meter beside a mix: will it be stable, who dominates, and weights that keep it in balance.

A short job measures a set of adapters once; after that the page answers every slider by itself.
"""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from lorakit.errors import LoraKitError
from lorakit.jobs import measurements
from lorakit.jobs.measurements import Measured
from lorakit.lora import stability
from lorakit.lora.mix_syntax import check_strength
from lorakit.lora.stability import GREEN, RED, StackLoad
from lorakit.lora.strength import Strength
from lorakit.store.store import Store
from lorakit.ui.parts import bases, mixing, pieces
from lorakit.ui.parts.mixing import Kept

POLL = 0.7  # seconds
TITLES = {"green": "Stable mix", "amber": "Watch this mix", "red": "This mix will break"}
LATER = "The base is not in memory yet: the mix is read when it renders."
END = 2 * RED - GREEN  # the score at the scale's right end
WORST = " Judged where most of them act at once."
MOST_BARS = 150


def look(slugs: Sequence[str], kept: Kept, base: str, savers: list[str], check_id: str) -> list[Any]:
    """What is known of the mix on the page, asking the worker if need be: meter, button, timer, check."""
    mix = mixing.spec(slugs, kept)
    if not mix:
        return [_plain("No adapter in the mix", "The base draws alone.") if slugs else "", *_nothing()]
    try:
        for slug, stated in mix.items():
            check_strength(Store().get(slug).name, stated)
        spec = _request(base, savers, mix)
        found = measurements.find(spec)
        if found is not None:
            return _answer(found, mix)
        return _ask(spec, check_id)
    except LoraKitError as error:
        return [_plain("This mix cannot be rendered", str(error), "red"), *_nothing()]


def _ask(spec: dict[str, Any], check_id: str) -> list[Any]:
    """Have the worker measure what is not known; `check_id` is what it was asked last."""
    asked = pieces.find(check_id)
    if asked is not None and asked.spec == spec:
        if pieces.is_open(asked):
            return [gr.skip()] * 4
        if asked.state == "failed":
            return [_plain("This mix cannot be rendered", asked.progress().message, "red"), *_nothing()]
        return [_plain("Not read yet", LATER), gr.update(visible=False), gr.skip(), gr.skip()]
    if asked is not None and pieces.is_open(asked):
        asked.cancel()  # nobody waits for the check of a mix that has changed since
    job = pieces.start_once("check", spec)
    return [_plain("Reading the mix…", ""), gr.update(visible=False), gr.Timer(active=True), job]


def balance(slugs: Sequence[str], kept: Kept, base: str, savers: list[str]) -> Any:
    """An update of the table with the weights that keep the mix inside the budget."""
    mix = mixing.spec(slugs, kept)
    try:
        found = measurements.find(_request(base, savers, mix))
    except LoraKitError:
        found = None
    return mixing.turned(slugs, kept, _balanced(found.load(list(mix)), mix)) if found else gr.skip()


def _request(base: str, savers: list[str], mix: dict[str, Any]) -> dict[str, Any]:
    """The check of a mix on the base as the page keeps it in memory. Raises LoraKitError."""
    return measurements.request(base or "", mix) | bases.kept(base, savers)


def _nothing() -> list[Any]:
    return [gr.update(visible=False), gr.Timer(active=False), ""]


def _answer(found: Measured, mix: dict[str, Any]) -> list[Any]:
    load = found.load(list(mix))
    levels = dict(zip(mix, stability.levels(_strengths(mix)), strict=True))
    balanced = _balanced(load, mix)
    changes = [
        f"{measurements.name_of(slug)} {balanced[slug]:g}" for slug in mix if balanced[slug] != levels[slug]
    ]
    button = gr.update(visible=bool(changes), value=f"Balance: {', '.join(changes)}"[:120])
    return [_meter(found, load, mix), button, gr.Timer(active=False), ""]


def _strengths(mix: dict[str, Any]) -> list[Strength]:
    return [Strength.from_dict(stated) for stated in mix.values()]


def _balanced(load: StackLoad, mix: dict[str, Any]) -> dict[str, float]:
    """The strengths inside the budget, by adapter."""
    return dict(zip(mix, stability.balanced_levels(load, _strengths(mix)), strict=True))


def _plain(title: str, said: str, verdict: str = "") -> str:
    return (
        f'<div class="gauge {verdict}"><div class="top"><i></i><b>{escape(title)}</b></div>'
        f"<p>{escape(said)}</p></div>"
    )


def _meter(found: Measured, load: StackLoad, mix: dict[str, Any]) -> str:
    """The verdict with its sentence, a needle on the scale, and who makes how much of the change, at the
    moment of the sampling that asks most of the base.
    """
    strengths = _strengths(mix)
    weights = stability.hardest_moment(load, strengths)
    said = load.sentence(weights) + (WORST if len(stability.moments(strengths)) > 1 else "")
    verdict, at = load.verdict(weights), min(1.0, load.score(weights) / END)
    needle = f'<span class="scale"><i style="left:{at:.0%}"></i></span>'
    shares = zip(load.names, load.shares(weights), strict=True)
    who = "".join(_share(name, share) for name, share in shares) if len(weights) > 1 else ""
    return (
        f'<div class="gauge {verdict}"><div class="top"><i></i><b>{TITLES[verdict]}</b>{needle}</div>'
        f"<p>{escape(said)}</p>" + (f'<div class="who">{who}</div>' if who else "")
        + f"{_layers(found, mix)}</div>"
    )  # fmt: skip


def _share(name: str, share: float) -> str:
    said = f"{escape(name)} {share:.0%}"
    return f'<i style="flex:{max(0.02, share):.3f}" title="{said}"><span>{said}</span></i>'


def _layers(found: Measured, mix: dict[str, Any]) -> str:
    """A bar for each layer in the model's order: the changes of all adapters, one on the other."""
    places = {slug: found.adapters.index(slug) for slug in mix}
    levels = dict(zip(mix, stability.levels(_strengths(mix)), strict=True))
    rows = [
        (name, [abs(level) * sizes[places[slug]] for slug, level in levels.items()])
        for name, sizes in found.layers[:MOST_BARS]
    ]
    top = max((sum(sizes) for _, sizes in rows), default=0.0)
    if not top:
        return ""
    bars = "".join(_bar(name, sizes, top) for name, sizes in rows)
    said = (
        f"{len(rows)} layers in the model's order, a colour for each adapter: how large its change is beside "
        f"the base's own weights, {top:.0%} at the most."
    )
    inside = f'<div class="bars">{bars}</div><p class="badge">{escape(said)}</p>'
    return f"<details><summary>Details</summary>{inside}</details>"


def _bar(name: str, sizes: list[float], top: float) -> str:
    parts = "".join(f'<i style="height:{100 * size / top:.1f}%"></i>' for size in sizes)
    return f'<span title="{escape(name)}: {sum(sizes):.1%}">{parts}</span>'
