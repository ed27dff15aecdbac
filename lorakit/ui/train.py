"""The Train tab: photos in, a product adapter out."""

import shutil
import uuid
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd

from lorakit import jobs, workspace
from lorakit.data.photos import PhotoSet
from lorakit.errors import LoraKitError
from lorakit.starter import SAMPLE_PHOTOS, SAMPLE_TRIGGER
from lorakit.store import slug_of
from lorakit.training.recipe import presets
from lorakit.ui import forms, pieces

KIND = "image"
MOST_SHOWN = 60
POLL = 1.5  # seconds


def build() -> dict[str, Any]:
    """The tab's widgets and handlers; returns what other tabs connect to."""
    job_id = gr.State("")
    seen = gr.State("")
    photos_folder = gr.State("")
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="hero"):
                gr.HTML(pieces.hero("New here?", "Train a striped bottle the base has never seen: about two minutes."))
                sample = gr.Button("Try it with the sample product", variant="primary", size="lg")
            gr.HTML(pieces.step(1, "What is it?", "A made-up name works best: you will write it in prompts to call the product."))
            trigger = gr.Textbox(label="Name of the product", placeholder="aurora bottle", max_length=80)
            gr.HTML(pieces.step(2, "Photos", "About 30, from different sides, in different places and light. Nothing is cropped away."))
            upload = gr.File(
                label="Photos or one zip", file_count="multiple", height=140,
                file_types=["image", ".zip", ".txt", ".csv", ".jsonl"],
            )  # fmt: skip
            gate = gr.HTML()
            gallery = gr.Gallery(label="Your photos", columns=6, height=220, visible=False, allow_preview=True)
            gr.HTML(pieces.step(3, "How thorough?", "Quick is enough to see whether it works."))
            preset = gr.Radio([(p.label, p.id) for p in presets(KIND, True)], value="quick", label="Training", show_label=False)
            base = gr.Dropdown(pieces.BASES[KIND], value="starter-image", label="Base model", allow_custom_value=True,
                               info="Or a folder or hub id of a FLUX.1 pipeline.")  # fmt: skip
            with gr.Accordion("Advanced", open=False):
                widgets = forms.recipe_widgets(KIND, True, "quick")
            start = gr.Button("Start training", variant="primary")
        with gr.Column(scale=6, min_width=320):
            status = gr.HTML(pieces.empty("No training yet", "It will show its progress, its loss and previews here."))
            cancel = gr.Button("Cancel training", visible=False, size="sm")
            loss = gr.LinePlot(x="step", y="loss", title="Loss: how far off the model still is", height=220, visible=False)
            previews = gr.Gallery(label="Previews: same prompts, same seeds", columns=4, height=260, visible=False)
            summary = gr.HTML(visible=False)
            make = gr.Button("Make scenes with it", variant="primary", visible=False)

    shown = [job_id, seen, status, cancel, loss, previews, summary, make]
    inputs = list(widgets.values())
    upload.change(check_photos, [upload, trigger], [photos_folder, gate, gallery], api_visibility="private")
    preset.change(lambda p, b: forms.recipe_values(KIND, b in pieces.STARTERS, p), [preset, base], inputs, api_visibility="private")
    base.change(change_base, [base], [preset, *inputs], api_visibility="private")
    sample.click(start_sample, inputs, [job_id, trigger], api_visibility="private").then(poll, [job_id, seen], shown, api_visibility="private")
    start.click(start_own, [trigger, photos_folder, base, *inputs], [job_id], api_visibility="private").then(
        poll, [job_id, seen], shown, api_visibility="private"
    )
    cancel.click(cancel_job, [job_id], [status], api_visibility="private")
    gr.Timer(POLL).tick(poll, [job_id, seen], shown, api_visibility="private", show_progress="hidden")
    return {"job_id": job_id, "make": make, "load": (latest, [], [job_id]), "poll": (poll, [job_id, seen], shown)}


def check_photos(files: list[str] | None, trigger: str) -> tuple[str, str, Any]:
    """Copy the upload into the workspace and say what the photos are worth."""
    if not files:
        return "", "", gr.update(visible=False)
    folder = workspace.uploads_folder() / uuid.uuid4().hex[:12]
    try:
        photos = take_photos([Path(file) for file in files], trigger, folder)
    except LoraKitError as error:
        gr.Warning(str(error))
        return "", pieces.empty("These cannot be used", str(error)), gr.update(visible=False)
    pictures = [(str(photo.path), photo.path.name) for photo in photos.photos[:MOST_SHOWN]]
    return str(folder), pieces.findings(photos.report()), gr.update(value=pictures, visible=True)


def take_photos(files: list[Path], trigger: str, folder: Path) -> PhotoSet:
    """Bring uploaded files and zips into `folder` and read them as one set."""
    folder.mkdir(parents=True)
    findings = []
    for file in files:
        if file.suffix.lower() == ".zip":
            findings += PhotoSet.from_zip(file, trigger or "product", folder / file.stem[:40]).skipped
        else:
            shutil.copy2(file, folder / file.name)
    photos = PhotoSet.from_folder(folder, trigger or "product")
    photos.skipped = [*findings, *photos.skipped]
    return photos


def change_base(base: str) -> list[Any]:
    """Other bases, other presets."""
    starter = base in pieces.STARTERS
    choices = [(p.label, p.id) for p in presets(KIND, starter)]
    return [gr.update(choices=choices, value="quick"), *forms.recipe_values(KIND, starter, "quick")]


def start_sample(*values: Any) -> tuple[str, str]:
    """Train the sample product on the starter base."""
    return _start(SAMPLE_TRIGGER, str(SAMPLE_PHOTOS), "starter-image", list(values)), SAMPLE_TRIGGER


def start_own(trigger: str, folder: str, base: str, *values: Any) -> str:
    """Train on the uploaded photos."""
    if not folder:
        raise gr.Error("Add photos first (step 2).", print_exception=False)
    if not (trigger or "").strip():
        raise gr.Error("Give the product a name first (step 1).", print_exception=False)
    return _start(trigger.strip(), folder, base, list(values))


def _start(trigger: str, folder: str, base: str, values: list[Any]) -> str:
    try:
        recipe = forms.to_recipe(KIND, values)
        spec = {"base": base, "name": trigger, "trigger": trigger, "photos": folder, "recipe": recipe.to_dict()}
        running = [job for job in jobs.list_jobs(["train"]) if job.state in ("queued", "running") and job.spec == spec]
        return running[0].id if running else jobs.create("train", spec).id
    except LoraKitError as error:
        raise gr.Error(str(error), print_exception=False) from error


def cancel_job(job_id: str) -> str:
    """Ask the training to stop at its next step; what it has learned stays on disk."""
    job = jobs.get(job_id)
    job.cancel()
    return pieces.status(job)


def latest() -> str:
    """The training that a page opened now should show."""
    found = jobs.list_jobs(["train"])
    return found[0].id if found else ""


def poll(job_id: str, seen: str) -> list[Any]:
    """Read the job's files and show them; nothing is sent again when nothing has changed."""
    if not job_id:
        return [gr.skip()] * 8
    job = jobs.get(job_id)
    events, state = job.events(), job.state
    mark = f"{job_id}:{state}:{len(events)}"
    if mark == seen:
        return [gr.skip()] * 8
    steps = [event for event in events if event["event"] == "step"]
    points = pd.DataFrame({"step": [e["step"] for e in steps], "loss": [e["loss"] for e in steps]})
    pictures = [(e["path"], f"step {e['step']}: {e['prompt']}") for e in events if e["event"] == "preview" and "path" in e]
    pictures = [(path, label) for path, label in pictures if Path(path).is_file()]
    result = next((e for e in reversed(events) if e["event"] == "result"), None)
    done = state == "done" and result is not None
    return [
        job_id,
        mark,
        pieces.status(job),
        gr.update(visible=state in ("queued", "running", "interrupted")),
        gr.update(value=points, visible=len(steps) > 1),
        gr.update(value=list(reversed(pictures))[:12], visible=bool(pictures)) if pictures else gr.skip(),
        gr.update(value=pieces.training_facts(result["summary"]) if done and result else "", visible=done),
        gr.update(visible=done),
    ]


def product_slug(job_id: str) -> str:
    """The slug of the adapter a finished training made."""
    job = jobs.get(job_id)
    result = next((e for e in reversed(job.events()) if e["event"] == "result"), None)
    return result["slug"] if result else slug_of(job.spec["name"])
