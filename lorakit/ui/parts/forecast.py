"""What a training will take, beside its button: a short job counts it whenever a setting changes.

The page itself loads nothing; settings that make a training fit are one click away.
"""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit import durable, units
from lorakit.errors import LoraKitError
from lorakit.families.sources import STARTERS
from lorakit.jobs.queue import Job
from lorakit.ui.parts import bases, forms, pieces
from lorakit.ui.parts.forms import Form
from lorakit.ui.parts.pieces import QUIET, Updates

POLL = 0.8  # seconds
PARTS = {
    "weights": "base model’s weights",
    "factors": "adapter",
    "gradients": "its gradients",
    "optimizer": "optimizer",
    "average": "averaged weights (EMA)",
    "activations": "activations",
    "transient": "working memory of the largest layer",
}
COUNTING = "Estimating memory and time…"
UNUSABLE, UNKNOWN = "Can’t train with these settings", "Couldn’t make an estimate"


@dataclass(frozen=True)
class Forecast:
    """The card with its buttons. `asked`: the job that counts."""

    form: Form
    card: gr.HTML
    use: gr.Button
    time: gr.Button
    timer: gr.Timer
    asked: gr.State

    @property
    def parts(self) -> list[Any]:
        """What its handlers give values for."""
        return [self.card, self.use, self.time, self.timer, self.asked]

    def look(
        self, asked: str, data: str, left_out: list[str], base: str, savers: list[str], values: list[Any]
    ) -> Any:
        """Ask for the forecast of these settings. What was asked before is dropped."""
        before = pieces.find(asked)
        if not data and before is None and base in STARTERS:
            return gr.skip()  # nobody has begun to fill the form in
        kind = self.form.kind
        try:
            recipe = forms.to_recipe(kind, values).to_dict()
            spec: dict[str, Any] = {"base": base or "", "recipe": recipe}
            spec |= {"photos" if kind == "image" else "texts": data} if data else {}
            spec |= {"without": left_out} if data and left_out else {}
            job = pieces.start_once("forecast", spec | bases.kept(base, savers))
        except LoraKitError as error:
            return {self.card: told(UNUSABLE, str(error), "red"), **self._waiting("")}
        if before is not None and before.id != job and pieces.is_open(before):
            before.cancel()
        counting = {self.card: told(COUNTING, "")} if before is None else {}
        return {**counting, **self._waiting(job, active=True)}

    def poll(self, asked: str) -> Updates:
        """What has been counted so far."""
        job = pieces.find(asked)
        if job is None:
            return {self.timer: gr.Timer(active=False), self.asked: ""}
        report, going = _report(job), pieces.is_open(job)
        if job.state == "failed":
            return {self.card: told(UNKNOWN, job.progress().message), **self._waiting("")}
        if report is None:
            return self._waiting(asked, active=going)
        untimed = report["fits"] is not False and report["seconds"] is None and not going
        return {
            self.card: card(report),
            self.use: gr.update(visible=bool(report.get("ways"))),
            self.time: gr.update(visible=untimed),
            self.timer: gr.Timer(active=going),
            self.asked: asked,
        }

    def measure(self, asked: str) -> Updates:
        """Ask again, and load the base model for it."""
        job = pieces.find(asked)
        if job is None:
            return self.poll("")
        again = pieces.start_once("forecast", job.spec | {"measure": True})
        return {self.card: told(COUNTING, ""), **self._waiting(again, active=True)}

    def fit(self, asked: str) -> Any:
        """How the base is kept, and the settings, with what makes them fit."""
        job = pieces.find(asked)
        report = _report(job) if job else None
        ways = (report or {}).get("ways") or []
        if not ways:
            return gr.skip()
        settings = self.form.settings
        changed = {settings[name]: value for name, value in ways[0]["changes"].items()}
        return {self.form.savers: bases.chosen(ways[0]), **changed}

    def _waiting(self, asked: str, active: bool = False) -> Updates:
        hidden = gr.update(visible=False)
        return {self.use: hidden, self.time: hidden, self.timer: gr.Timer(active=active), self.asked: asked}


def build(form: Form, data: gr.State, left_out: gr.State) -> Forecast:
    """The card, wired to the form. `data`: the folder or file to learn from; `left_out`: the names of what a
    person took out of it.
    """
    forecast = Forecast(
        form, gr.HTML(), gr.Button("Use settings that fit", visible=False, size="sm"),
        gr.Button("Measure time (loads the base model)", visible=False, size="sm"),
        gr.Timer(POLL, active=False), gr.State(""),
    )  # fmt: skip
    asked = forecast.asked

    def ask(asked: str, data: str, left_out: list[str], base: str, savers: list[str], *values: Any) -> Any:
        return forecast.look(asked, data, left_out, base, savers, list(values))

    changes = [part.change for part in (data, left_out, *form.inputs)]
    # One listener for all of them: a preset that sets twenty settings asks once.
    inputs = [asked, data, left_out, *form.inputs]
    gr.on(changes, ask, inputs, forecast.parts, trigger_mode="always_last", **QUIET)
    forecast.timer.tick(forecast.poll, [asked], forecast.parts, **QUIET)
    forecast.use.click(forecast.fit, [asked], [form.savers, *form.fields], **QUIET)
    forecast.time.click(forecast.measure, [asked], forecast.parts, **QUIET)
    return forecast


def _report(job: Job) -> dict[str, Any] | None:
    try:
        report = durable.read_json(job.folder / "result.json")
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) else None


def told(title: str, text: str, verdict: str = "") -> Markup:
    """A card of one sentence."""
    frame = Markup('<div class="gauge {}"><div class="top"><i></i><b>{}</b></div><p>{}</p></div>')
    return frame.format(verdict, title, text)


def card(report: dict[str, Any]) -> Markup:
    """The forecast in figures: memory, time, file; where the memory goes, one click deeper."""
    fits, free = report["fits"], report["capacity"]
    verdict = {True: "green", False: "red", None: ""}[fits]
    title = {True: "Fits in memory", False: "Doesn’t fit in memory", None: "Estimate"}[fits]
    rows = [(units.size(report["peak"]), f"peak memory ({units.size(free)} free)" if free else "peak memory")]
    if report["seconds"] is not None:
        rows.append((f"about {units.duration(report['seconds'])}", f"for {report['steps']} steps"))
    rows.append((units.size(report["file"]), "adapter file"))
    text = ""
    if fits is False:
        text = "No setting makes this base model fit here. Choose a smaller one."
        for way in report["ways"][:1]:
            text = f"To make it fit, {way['label']} (peak memory: {units.size(way['peak'])})."
    told = [Markup("<p>{}</p>").format(each) for each in (text, *report.get("notes", ())) if each]
    frame = Markup(
        '<div class="gauge {}"><div class="top"><i></i><b>{}</b></div>{}{}'
        "<details><summary>Where the memory goes</summary>{}</details></div>"
    )
    return frame.format(verdict, title, pieces.facts(rows), Markup().join(told), _memory(report))


def _memory(report: dict[str, Any]) -> Markup:
    lines = [(units.size(size), PARTS[name]) for name, size in report["parts"].items() if size]
    whole = (
        f"Full fine-tuning, instead of {report['trained'] / report['parameters']:.1%} as many parameters, "
        f"would need {units.size(report['full'])} before the first example."
    )
    if report["host"]:
        whole += f" Another {units.size(report['host'])} is held in system memory."
    return pieces.facts(lines) + Markup('<p class="badge">{}</p>').format(whole)
