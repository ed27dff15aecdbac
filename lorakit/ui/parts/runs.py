"""A training as both tabs show it: how far it is, what it made, and how it goes on or begins anew."""

from dataclasses import dataclass
from datetime import datetime
from html import escape
from math import exp
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit import units
from lorakit.jobs.queue import ENDS, Job
from lorakit.ui import visitors
from lorakit.ui.parts import pieces, tuning
from lorakit.ui.parts.pieces import HIDDEN, QUIET

MOST_EARLIER = 30
FULL = 16  # bytes a parameter with AdamW in mixed precision: ZeRO, arXiv 1910.02054, section 3.1
STATES = {"running": "running", "queued": "waiting", "failed": "stopped", "cancelled": "cancelled"}


@dataclass(frozen=True)
class View:
    """The widgets of the job that is shown."""

    earlier: gr.Dropdown
    status: gr.HTML
    cancel: gr.Button
    go_on: gr.Button
    again: gr.Button

    @property
    def parts(self) -> list[gr.components.Component]:
        """What `head` gives values for."""
        return [self.earlier, self.status, self.cancel, self.go_on, self.again]


def view(nothing: str = "") -> View:
    """No training yet; `nothing` is the HTML that says so."""
    earlier = gr.Dropdown([], label="Trainings", visible=False)
    status = gr.HTML(nothing)
    with gr.Row(elem_classes="small-buttons"):
        return View(
            earlier,
            status,
            gr.Button("Cancel", visible=False, size="sm", min_width=120),
            gr.Button("Continue", visible=False, size="sm", min_width=120, variant="primary"),
            gr.Button("Change settings and train again", visible=False, size="sm", min_width=230),
        )


def connect(view: View, kind: str, job_id: gr.State, reading: tuple[Any, ...]) -> None:
    """What the buttons do; `reading`: how the tab reads its job."""
    view.cancel.click(pieces.cancel, [job_id], [view.status], **HIDDEN)
    view.go_on.click(go_on, [job_id], [], **HIDDEN).then(*reading, **QUIET)
    view.earlier.input(lambda chosen: chosen or "", [view.earlier], [job_id], **QUIET).then(*reading, **QUIET)


def head(job: Job) -> list[Any]:
    """Values of `View.parts`."""
    state = job.state
    ended = state in ENDS
    step = kept_step(job)
    stopped = ended and state != "done"
    words = f"Continue from step {step}" if step else "Try it again"
    rows = visitors.list_jobs([job.kind])[:MOST_EARLIER]
    return [
        gr.update(choices=[(label(row), row.id) for row in rows], value=job.id, visible=len(rows) > 1),
        pieces.status(job),
        gr.update(visible=pieces.is_open(job)),
        gr.update(visible=stopped, value=words),
        gr.update(visible=ended),
    ]


def label(job: Job) -> str:
    """A training in a list."""
    when = job.created[:16].replace("T", " ")
    try:
        when = f"{datetime.fromisoformat(job.created).astimezone():%d %b, %H:%M}"
    except ValueError:
        pass
    state = STATES.get(job.state, "")
    return f"{job.spec['name']}, {when}" + (f" ({state})" if state else "")


def kept_step(job: Job) -> int:
    """The step that a stopped training would continue from; 0 when it has no checkpoint."""
    names = [folder.name.removeprefix("step-") for folder in (job.folder / "checkpoints").glob("step-*")]
    return max((int(name) for name in names if name.isdigit()), default=0)


def go_on(job_id: str) -> None:
    """Let the worker take up a training that was cancelled or failed."""
    job = pieces.find(job_id)
    if job is None or not job.reopen():
        raise gr.Error("This training goes on already, or is gone.", print_exception=False)


def existing(job_id: str) -> Job:
    """The training called `job_id`; a message on the page when it is gone."""
    job = pieces.find(job_id)
    if job is None:
        raise gr.Error("This training is gone.", print_exception=False)
    return job


def shown(kind: str) -> str:
    """The training that a page opened now shows: the one that runs, or the newest."""
    going = [job for job in visitors.list_jobs([kind], ended=False) if job.state == "running"]
    return going[0].id if going else pieces.latest(kind)()


def rank_buttons(job_id: gr.State) -> tuple[gr.Button, gr.Button]:
    """What one click does about the rank: shrink what was made, or train it again with another one."""
    return tuning.shrink_button(job_id), gr.Button("Train again", visible=False, size="sm")


def rank_updates(result: dict[str, Any] | None) -> list[Any]:
    """Values of `rank_buttons`."""
    advice = ((result or {}).get("summary") or {}).get("advice") or {}
    change, rank = advice.get("change"), advice.get("rank")
    return [
        gr.update(visible=change == "shrink", value=f"Shrink it to rank {rank}"),
        gr.update(visible=change == "raise", value=f"Set rank {rank} to train again"),
    ]


def raised(job: Job) -> dict[str, Any]:
    """The recipe of a training with the rank that its result advises, as strong as before."""
    recipe = dict(job.spec["recipe"])
    advice = ((pieces.result(job) or {}).get("summary") or {}).get("advice") or {}
    if advice.get("change") == "raise":
        recipe["alpha"] = recipe["alpha"] * advice["rank"] / recipe["rank"]
        recipe["rank"] = advice["rank"]
    return recipe


def made(result: dict[str, Any]) -> str:
    """The end of a training: where the adapter is, what it took, and whether its rank was right."""
    summary = result["summary"]
    advice = summary.get("advice") or {}
    said = [advice["sentence"]] if advice.get("sentence") else []
    if summary.get("best_step") and summary["best_step"] < summary.get("steps", 0):
        said.insert(0, f"Step {summary['best_step']} was kept: the best on what was held out.")
    elif summary.get("best_step"):
        said.insert(
            0, "The last step was the best on what was held out: it may learn more if trained longer."
        )
    lines = Markup().join(pieces.good(line) for line in said)
    return pieces.card("It is in the store, ready to use", training_facts(summary) + lines)


def training_facts(summary: dict[str, Any]) -> str:
    """The honest comparison with full fine-tuning, after a training. What an older one does not say is left
    out.
    """
    told = {name: value for name, value in summary.items() if isinstance(value, int | float)}
    rows = []
    if "share" in told:
        rows.append((f"{told['share']:.1%}", "of the base's parameters were trained"))
    if {"size_bytes", "base_bytes"} <= set(told):
        against = f"adapter, against {units.size(told['base_bytes'])} for the base"
        rows.append((units.size(told["size_bytes"]), against))
    if {"seconds", "steps"} <= set(told):
        rows.append((units.duration(told["seconds"]), f"for {told['steps']} steps"))
    if "peak_memory_bytes" in told:
        rows.append((units.size(told["peak_memory_bytes"]), "memory at the most, all in all"))
    if not {"base_bytes", "base_parameters"} <= set(told):
        return pieces.facts(rows)
    held = told["base_bytes"] + FULL * told.get("trained_parameters", 0)
    whole = (
        f"Weights, gradients and optimizer held {units.size(held)}; to train the whole base they would "
        f"hold at least {units.size(FULL * told['base_parameters'])}, and its file would be a base's."
    )
    return pieces.facts(rows) + pieces.hint(whole)


def beside(result: dict[str, Any] | None, compared: dict[str, Any] | None) -> str:
    """A voice beside the base alone and the base with examples: figures, and one brief answered by each."""
    summary = (result or {}).get("summary") or {}
    losses = {"base": "held_out_before", "examples": "held_out_few_shot", "voice": "held_out_after"}
    measured = {name: summary.get(field) for name, field in losses.items()}
    texts = (compared or {}).get("texts") or {}
    titles = {"base": "The base alone", "examples": "The base, shown three texts", "voice": "The voice"}
    columns = "".join(_column(titles[name], measured[name], texts.get(name), name) for name in titles)
    if not texts and measured["voice"] is None:
        return ""
    asked = escape((compared or {}).get("prompt") or "")
    brief = f'<details><summary>The brief</summary><div class="copy">{asked}</div></details>' if asked else ""
    return pieces.card(
        "Was it worth training?", f'{_worth(measured)}<div class="beside">{columns}</div>{brief}'
    )


def _column(title: str, loss: float | None, text: str | None, name: str) -> str:
    figure = f"<b>{exp(min(loss, 50)):.1f}</b> perplexity" if loss is not None else ""
    body = f'<div class="text">{escape(text)}</div>' if text else ""
    return f'<div class="{name}"><h3>{escape(title)}</h3><p>{figure}</p>{body}</div>'


def _worth(measured: dict[str, float | None]) -> str:
    voice, examples, base = (measured[name] for name in ("voice", "examples", "base"))
    if voice is None or base is None:
        return '<p class="hint">No text was held out, so nothing was measured; read for yourself.</p>'
    unit = "Perplexity on texts it has not learned from: how surprised it is by them; lower is closer."
    if voice >= base:
        said = "No: it is not closer to the brand than the base alone. Add texts, or train it longer."
    elif examples is not None and voice >= examples:
        said = (
            "Not yet: three of the texts in the prompt do as well. More texts or steps make a voice worth it."
        )
    else:
        said = "Yes: it is closer to the brand than the base is, with or without examples in its prompt."
    return f'<p class="advice">{said}</p><p class="hint">{unit}</p>'
