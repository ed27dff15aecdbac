"""A training as the page shows it: how far it is, what it made, how it resumes, and what it leads to."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit.events import Compared, Event, ImagePreview, TextPreview, Trained
from lorakit.jobs.queue import ENDS, Job
from lorakit.store import store
from lorakit.ui import visitors
from lorakit.ui.parts import insight, pictures, pieces, results, tuning
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates
from lorakit.ui.parts.subjects import VOICE, subject_of

KINDS = ["train", "voice"]  # of jobs that are trainings
POLL = 1.5  # seconds
MOST_EARLIER = 30
PREVIEWS_SHOWN = 12
QUOTED = 2  # of the newest samples
STATES = {"running": "running", "queued": "waiting", "failed": "failed", "cancelled": "cancelled"}
NOTHING = "Start one to watch its progress and previews here."


@dataclass(frozen=True)
class View:
    """The widgets of the training that is shown. `seen`: how much of it the page has."""

    job_id: gr.State
    seen: gr.State
    earlier: gr.Dropdown
    status: gr.HTML
    cancel: gr.Button
    resume: gr.Button
    again: gr.Button
    go_on: gr.Button  # with what was made, in another tab
    compared: gr.HTML
    previews: gr.Gallery
    made: gr.HTML
    shrink: gr.Button
    larger: gr.Button
    loss: gr.LinePlot
    insight: gr.HTML

    @property
    def parts(self) -> list[Any]:
        """What `poll` gives values for."""
        return [getattr(self, field.name) for field in fields(self)]


def view() -> View:
    """No training yet."""
    job_id, seen = gr.State(""), gr.State({})
    earlier = gr.Dropdown([], label="Trainings", visible=False)
    status = gr.HTML(pieces.empty("No training yet", NOTHING))
    with gr.Row(elem_classes="small-buttons"):
        cancel = gr.Button("Cancel", visible=False, size="sm", min_width=120)
        resume = gr.Button("Resume", visible=False, size="sm", min_width=120, variant="primary")
        again = gr.Button("Change settings and retrain", visible=False, size="sm", min_width=230)
    go_on = gr.Button("Make scenes or write with it", variant="primary", size="lg", visible=False)
    compared = gr.HTML(visible=False)
    previews = gr.Gallery(
        label="Previews so far (same prompts, same seeds)", columns=4, height="auto", visible=False,
        object_fit="contain", elem_classes="results",
    )  # fmt: skip
    made = gr.HTML(visible=False)
    shrink, larger = tuning.shrink_button(job_id), gr.Button("Retrain", visible=False, size="sm")
    loss = gr.LinePlot(
        x="step", y="loss", color="of", title="Loss: how far off the model still is", height=220,
        visible=False, color_map=insight.COLOURS, color_title="on",
    )  # fmt: skip
    looked = gr.HTML(visible=False)
    return View(
        job_id, seen, earlier, status, cancel, resume, again, go_on, compared, previews, made, shrink, larger,
        loss, looked,
    )  # fmt: skip


def connect(view: View) -> dict[str, Any]:
    """What its buttons do; returns how the page reads it, as an event takes it."""

    def poll(job_id: str, seen: dict[str, Any]) -> Any:
        return show(view, job_id, seen)

    reading = {"fn": poll, "inputs": [view.job_id, view.seen], "outputs": view.parts, **QUIET}
    view.cancel.click(pieces.cancel, [view.job_id], [view.status], **HIDDEN)
    view.resume.click(go_on, [view.job_id], [], **HIDDEN).then(**reading)
    view.earlier.input(lambda chosen: chosen or "", [view.earlier], [view.job_id], **QUIET).then(**reading)
    gr.Timer(POLL).tick(**reading)
    return reading


def show(view: View, job_id: str, seen: dict[str, Any]) -> Any:
    """What is new of a training; nothing changes where the page has it already."""
    job = pieces.find(job_id)
    mark = pieces.mark(job) if job else ""
    if job is None or (seen or {}).get("mark") == mark:
        return gr.skip()
    history, result = job.history(), trained(job)
    drawn = [event for event in history if isinstance(event, ImagePreview)]
    count = [job_id, len(drawn)]
    shown = {view.job_id: job_id, view.seen: {"mark": mark, "previews": count}, **_head(view, job)}
    if (seen or {}).get("previews") != count:
        shown[view.previews] = _previews(drawn, job.spec.get("trigger", ""))
    points = insight.losses(history)
    return shown | {
        view.loss: gr.update(value=points, visible=len(points) > 1),
        **_result(view, job, history, result),
    }


def _head(view: View, job: Job) -> Updates:
    """Which training it is, how far, and what can be done about it."""
    state = job.state
    ended, step = state in ENDS, kept_step(job)
    rows = visitors.list_jobs(KINDS)[:MOST_EARLIER]
    choices = [(label(row), row.id) for row in rows]
    return {
        view.earlier: gr.update(choices=choices, value=job.id, visible=len(rows) > 1),
        view.status: pieces.status(job),
        view.cancel: gr.update(visible=pieces.is_open(job)),
        view.resume: gr.update(
            visible=ended and state != "done", value=f"Resume from step {step}" if step else "Try again"
        ),
        view.again: gr.update(visible=ended),
    }


def _result(view: View, job: Job, history: list[Event], result: Trained | None) -> Updates:
    """What was made, and what it is like while it is made."""
    advice = advised(result)
    change, rank = advice.get("change"), advice.get("rank")
    last = next((event for event in reversed(history) if isinstance(event, Compared)), None)
    compared = results.beside(result, last) if result and job.kind == VOICE.job else ""
    looked = _looked(job, history, done=result is not None)
    return {
        view.go_on: gr.update(visible=result is not None, value=subject_of(job.kind, job.spec).next),
        view.compared: gr.update(value=compared, visible=bool(compared)),
        view.made: gr.update(value=results.made(result) if result else "", visible=result is not None),
        view.shrink: gr.update(visible=change == "shrink", value=f"Shrink to rank {rank}"),
        view.larger: gr.update(visible=change == "raise", value=f"Fill in rank {rank} to retrain"),
        view.insight: gr.update(value=looked, visible=bool(looked)),
    }


def _previews(drawn: list[ImagePreview], trigger: str) -> Any:
    shown = []
    for event in reversed(drawn[-PREVIEWS_SHOWN:]):
        image = pictures.small(event.path)
        if image is not None:
            scene = event.prompt.removeprefix(trigger).strip(" ,") or event.prompt
            shown.append((image, f"step {event.step} · {scene}"))
    return gr.update(value=shown, visible=bool(shown))


def _looked(job: Job, history: list[Event], done: bool) -> Markup:
    """How it is learning: for a voice also what it writes so far, and what it could not learn from."""
    texts = [event.text for event in history if isinstance(event, TextPreview)][-QUOTED:]
    quoted = Markup().join(Markup('<div class="copy">{}</div>').format(text) for text in texts)
    shown = Markup('<p class="caption">What it writes so far</p>{}').format(quoted) if texts else Markup()
    shown += insight.looked(history)
    if done and texts:
        shown = Markup("<details><summary>How it learned</summary>{}</details>").format(shown)
    # What was not learned is never folded away.
    return pieces.finding_lines(pieces.findings_of(job)) + shown


def label(job: Job) -> str:
    """A training in a list."""
    when = job.created[:16].replace("T", " ")
    try:
        when = f"{datetime.fromisoformat(job.created).astimezone():%d %b, %H:%M}"
    except ValueError:
        pass
    state = STATES.get(job.state, "")
    what = subject_of(job.kind, job.spec).id
    return f"{job.spec['name']}: {what}, {when}" + (f" ({state})" if state else "")


def kept_step(job: Job) -> int:
    """The step that a stopped training would resume from; 0 when it has no checkpoint."""
    names = [folder.name.removeprefix("step-") for folder in (job.folder / "checkpoints").glob("step-*")]
    return max((int(name) for name in names if name.isdigit()), default=0)


def go_on(job_id: str) -> None:
    """Let the worker take up a training that was cancelled or failed."""
    job = pieces.find(job_id)
    if job is None or not job.reopen():
        message = "This training is already running, or no longer exists."
        raise gr.Error(message, print_exception=False)


def existing(job_id: str) -> Job:
    """The training called `job_id`; a message on the page when there is none."""
    job = pieces.find(job_id)
    if job is None:
        raise gr.Error("This training no longer exists.", print_exception=False)
    return job


def shown() -> str:
    """The training that a page opened now shows: the one that runs, or the newest."""
    rows = visitors.list_jobs(KINDS)
    return next((job.id for job in rows if job.state == "running"), rows[0].id if rows else "")


def trained(job: Job) -> Trained | None:
    """What a finished training says it made."""
    result = pieces.result(job)
    return result if isinstance(result, Trained) else None


def advised(result: Trained | None) -> dict[str, Any]:
    """What a result advises about the rank."""
    return (result.summary.get("advice") if result else None) or {}


def raised(job: Job) -> dict[str, Any]:
    """The recipe of a training with the rank that its result advises, as strong as before."""
    recipe, advice = dict(job.spec["recipe"]), advised(trained(job))
    if advice.get("change") == "raise":
        recipe["alpha"] = recipe["alpha"] * advice["rank"] / recipe["rank"]
        recipe["rank"] = advice["rank"]
    return recipe


def slug_of(job_id: str) -> str:
    """The slug of the adapter that a training made."""
    job = existing(job_id)
    made = trained(job)
    return made.slug if made else store.slug_of(job.spec["name"])


def is_voice(job_id: str) -> bool:
    """Is it a voice that it teaches?"""
    return existing(job_id).kind == VOICE.job
