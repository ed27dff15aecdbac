"""The meter beside a mix: will it be stable, who dominates, and weights that keep it in balance.

The page never computes it: a short job does, once for each mix (`lorakit.checks`).
"""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from lorakit import checks, jobs
from lorakit.errors import LoraKitError
from lorakit.store import Store
from lorakit.ui import mixing, pieces
from lorakit.ui.mixing import Kept

POLL = 0.7  # seconds
TITLES = {"green": "Stable mix", "amber": "Watch this mix", "red": "This mix will break"}
READING = "Reading the mix…"
LATER = "The base is not in memory yet: the mix is read when it renders."
MOST_BARS = 120


def look(slugs: Sequence[str], kept: Kept, base: str, check_id: str) -> list[Any]:
    """What is known of the mix on the page, asking the worker if need be: meter, button, timer, check."""
    mix = mixing.spec(slugs, kept)
    spec = {"base": base or "", "mix": mix}
    if not mix:
        return [_plain("No adapter in the mix", "The base draws alone.") if slugs else "", *_rest("")]
    try:
        for slug in mix:
            Store().get(slug)
        spec = jobs.checked("check", spec)
        report = checks.find(spec)
        if report is not None:
            return [_meter(report), _button(report, mix), gr.Timer(active=False), ""]
        _drop(check_id, spec)
        asked = pieces.start_once("check", spec)
    except LoraKitError as error:
        return [_plain("This mix cannot be rendered", str(error), "red"), *_rest("")]
    return [_plain(READING, ""), *_rest(asked, active=True)]


def _rest(asked: str, active: bool = False) -> list[Any]:
    return [gr.update(visible=False), gr.Timer(active=active), asked]


def _drop(check_id: str, spec: dict[str, Any]) -> None:
    """Nobody waits for the check of a mix that has changed since."""
    job = pieces.find(check_id)
    if job is not None and job.spec != spec and pieces.is_open(job):
        job.cancel()


def poll(check_id: str) -> list[Any]:
    """What the worker has found: the same four as `look`."""
    job = pieces.find(check_id)
    if job is None:
        return [gr.skip(), gr.skip(), gr.Timer(active=False), ""]
    if pieces.is_open(job):
        return [gr.skip()] * 4
    report = checks.find(job.spec)
    if report is not None:
        return [_meter(report), _button(report, job.spec["mix"]), gr.Timer(active=False), ""]
    if job.state == "failed":
        return [_plain("This mix cannot be rendered", job.progress().message, "red"), *_rest("")]
    return [_plain("Not read yet", LATER) if job.state == "done" else gr.skip(), *_rest("")]


def balance(slugs: Sequence[str], kept: Kept, base: str) -> Kept:
    """`kept` with the weights that the report suggests."""
    mix = mixing.spec(slugs, kept)
    report = checks.find({"base": base or "", "mix": mix}) or {}
    suggested = report.get("suggested") or {}
    return mixing.with_weights(
        slugs, kept, {slug: float(suggested[slug]) for slug in mix if slug in suggested}
    )


def _button(report: dict[str, Any], mix: dict[str, Any]) -> Any:
    """Balancing is offered where it would change something."""
    suggested = report.get("suggested") or {}
    wanted = report.get("verdict") != "green" and bool(suggested)
    changes = [f"{_name(slug)} {suggested[slug]:g}" for slug in mix if slug in suggested]
    return gr.update(visible=wanted, value="Balance: " + ", ".join(changes)[:120])


def _plain(title: str, said: str, verdict: str = "") -> str:
    return (
        f'<div class="gauge {verdict}"><div class="top"><i></i><b>{escape(title)}</b></div>'
        f"<p>{escape(said)}</p></div>"
    )


def _meter(report: dict[str, Any]) -> str:
    """The report of `lorakit.checks` as a card."""
    verdict = str(report.get("verdict", ""))
    title = TITLES.get(verdict, "This mix")
    score = report.get("load")
    needle = (
        f'<span class="scale"><i style="left:{100 * min(1.0, max(0.0, score)):.0f}%"></i></span>'
        if isinstance(score, int | float)
        else ""
    )
    shares = report.get("shares") or {}
    who = "".join(_share(_name(slug), float(share)) for slug, share in shares.items())
    who = f'<div class="who">{who}</div>' if len(shares) > 1 else ""
    return (
        f'<div class="gauge {escape(verdict)}"><div class="top"><i></i><b>{escape(title)}</b>{needle}</div>'
        f"<p>{escape(str(report.get('sentence', '')))}</p>{who}{_layers(report)}</div>"
    )


def _layers(report: dict[str, Any]) -> str:
    rows = [row for row in report.get("layers") or [] if isinstance(row, dict)][:MOST_BARS]
    sizes = [float(row.get("size", 0)) for row in rows]
    if not sizes:
        return ""
    top = max(*sizes, 1e-9)
    bars = "".join(
        f'<i style="height:{max(3.0, 100 * size / top):.0f}%" title="{escape(str(row.get("name", "")))}"></i>'
        for row, size in zip(rows, sizes, strict=True)
    )
    said = (
        f"{len(rows)} layers in order: how large the update is beside the base's weights, {top:.1%} at most."
    )
    inside = f'<div class="spectrum">{bars}</div><p class="badge">{escape(said)}</p>'
    return f"<details><summary>Details</summary>{inside}</details>"


def _share(name: str, share: float) -> str:
    said = f"{escape(name)} {share:.0%}"
    return f'<i style="flex:{max(0.02, share):.3f}" title="{said}"><span>{said}</span></i>'


def _name(slug: str) -> str:
    try:
        return Store().get(slug).name
    except LoraKitError:
        return slug
