"""What a training will take, beside its button: a short job counts it whenever a setting changes.

The page itself loads nothing; settings that make a training fit are one click away.
"""

from html import escape
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit import durable, units
from lorakit.errors import LoraKitError
from lorakit.families.sources import STARTERS
from lorakit.jobs.queue import Job
from lorakit.ui.parts import bases, forms, pieces
from lorakit.ui.parts.forms import Form
from lorakit.ui.parts.pieces import QUIET

POLL = 0.8  # seconds
PARTS = {
    "weights": "the base's weights",
    "factors": "the adapter",
    "gradients": "its gradients",
    "optimizer": "the optimizer",
    "average": "the average",
    "activations": "a step's results on their way back",
    "transient": "the largest layer at work",
}
COUNTING = "Counting what it will take…"


def build(form: Form, data: gr.State, left_out: gr.State | None = None) -> None:
    """The card with its button, wired to the form. `data`: the folder or file to learn from; `left_out`: the
    names of what a person took out of it.
    """
    kind, names = form.kind, left_out if left_out is not None else gr.State([])
    card, use = gr.HTML(), gr.Button("Use settings that fit", visible=False, size="sm")
    time = gr.Button("Measure the time: loads the base", visible=False, size="sm")
    asked, timer = gr.State(""), gr.Timer(POLL, active=False)

    def ask(asked: str, data: str, left_out: list[str], base: str, savers: list[str], *values: Any) -> Any:
        return look(kind, asked, data, left_out, base, savers, list(values))

    def fit(asked: str, *values: Any) -> list[Any]:
        return with_way(kind, asked, list(values))

    shown = [card, use, time, timer, asked]
    changes = [part.change for part in (data, names, *form.inputs)]
    # One listener for all of them: a preset that sets twenty settings asks once.
    gr.on(changes, ask, [asked, data, names, *form.inputs], shown, trigger_mode="always_last", **QUIET)
    timer.tick(poll, [asked], shown, **QUIET)
    use.click(fit, [asked, *form.fields], [form.savers, *form.fields], **QUIET)
    time.click(measure, [asked], shown, **QUIET)


def look(
    kind: str, asked: str, data: str, left_out: list[str], base: str, savers: list[str], values: list[Any]
) -> list[Any]:
    """Ask for the forecast of these settings: card, buttons, timer, job. What was asked before is dropped."""
    before = pieces.find(asked)
    if not data and before is None and base in STARTERS:
        return [gr.skip()] * 5  # nobody has begun to fill the form in
    try:
        spec: dict[str, Any] = {"base": base or "", "recipe": forms.to_recipe(kind, values).to_dict()}
        if data:
            spec["photos" if kind == "image" else "texts"] = data
        if data and left_out:
            spec["without"] = left_out
        job = pieces.start_once("forecast", spec | bases.kept(base, savers))
    except LoraKitError as error:
        return [said("This cannot be trained", str(error), "red"), *_rest("")]
    if before is not None and before.id != job and pieces.is_open(before):
        before.cancel()
    return [said(COUNTING, "") if before is None else gr.skip(), *_rest(job, active=True)]


def poll(asked: str) -> list[Any]:
    """What has been counted so far: the same five as `look`."""
    job = pieces.find(asked)
    if job is None:
        return [gr.skip(), gr.skip(), gr.skip(), gr.Timer(active=False), ""]
    report = _report(job)
    if job.state == "failed":
        return [said("What it will take is not known", job.progress().message), *_rest("")]
    if report is None:
        return [gr.skip(), *_rest(asked, active=pieces.is_open(job))]
    ways = report.get("ways") or []
    untimed = report["fits"] is not False and report["seconds"] is None and not pieces.is_open(job)
    buttons = [gr.update(visible=bool(ways)), gr.update(visible=untimed)]
    return [card(report), *buttons, gr.Timer(active=pieces.is_open(job)), asked]


def measure(asked: str) -> list[Any]:
    """Ask again, and load the base for it: the same five as `look`."""
    job = pieces.find(asked)
    if job is None:
        return poll("")
    return [said(COUNTING, ""), *_rest(pieces.start_once("forecast", job.spec | {"measure": True}), True)]


def _report(job: Job) -> dict[str, Any] | None:
    try:
        report = durable.read_json(job.folder / "result.json")
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) else None


def _rest(asked: str, active: bool = False) -> list[Any]:
    return [gr.update(visible=False), gr.update(visible=False), gr.Timer(active=active), asked]


def with_way(kind: str, asked: str, values: list[Any]) -> list[Any]:
    """How the base is kept, and the settings, with what makes them fit."""
    job = pieces.find(asked)
    report = _report(job) if job else None
    ways = (report or {}).get("ways") or []
    if not ways:
        return [gr.skip()] * (1 + len(values))
    names = [setting.name for setting in forms.settings_for(kind)]
    changed = dict(zip(names, values, strict=True)) | ways[0]["changes"]
    return [bases.chosen(ways[0]), *(changed[name] for name in names)]


def said(title: str, text: str, verdict: str = "") -> str:
    """A card of one sentence."""
    return (
        f'<div class="gauge {verdict}"><div class="top"><i></i><b>{escape(title)}</b></div>'
        f"<p>{escape(text)}</p></div>"
    )


def card(report: dict[str, Any]) -> str:
    """The forecast in figures: memory, time, file; where the memory goes, one click deeper."""
    fits, free = report["fits"], report["capacity"]
    verdict = {True: "green", False: "red", None: ""}[fits]
    title = {True: "It fits", False: "It does not fit", None: "What it will take"}[fits]
    of = f"memory at the most, of {units.size(free)} free" if free else "memory at the most"
    rows = [(units.size(report["peak"]), of)]
    if report["seconds"] is not None:
        rows.append((f"about {units.duration(report['seconds'])}", f"for {report['steps']} steps"))
    rows.append((units.size(report["file"]), "the adapter's file"))
    text = ""
    if fits is False:
        text = "Choose a smaller base: no setting makes this one fit here."
        for way in report["ways"][:1]:
            text = f"It fits if you {way['label']}: {units.size(way['peak'])} then."
    lines = [(units.size(size), PARTS[name]) for name, size in report["parts"].items() if size]
    whole = (
        f"Training the whole base instead of {report['trained'] / report['parameters']:.1%} of it would take "
        f"{units.size(report['full'])} before a single picture or text goes through it."
    )
    host = f" The host holds {units.size(report['host'])} beside the GPU." if report["host"] else ""
    inside = pieces.facts(lines) + Markup(f'<p class="badge">{whole}{host}</p>')
    return (
        f'<div class="gauge {verdict}"><div class="top"><i></i><b>{title}</b></div>{pieces.facts(rows)}'
        f"{''.join(f'<p>{escape(each)}</p>' for each in (text, *report.get('notes', ())) if each)}"
        f"<details><summary>Where the memory goes</summary>{inside}</details></div>"
    )
