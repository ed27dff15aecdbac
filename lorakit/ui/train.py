"""The Train tab: photos in, a product adapter out."""

import uuid
from pathlib import Path
from typing import Any

import gradio as gr

from lorakit import workspace
from lorakit.data.photos import PhotoSet
from lorakit.data.quality import QualityReport
from lorakit.errors import LoraKitError
from lorakit.starter import SAMPLE_PHOTOS, SAMPLE_TRIGGER
from lorakit.store import slug_of
from lorakit.ui import forecast, forms, insight, pictures, pieces
from lorakit.ui.pieces import HIDDEN, QUIET

KIND = "image"
MOST_SHOWN = 60
PREVIEWS_SHOWN = 12
SAMPLE_SHOWN = 6
POLL = 2.0  # seconds


def build() -> dict[str, Any]:
    """The tab's widgets and handlers; returns what other tabs connect to."""
    job_id, seen, photos_folder = gr.State(""), gr.State({}), gr.State("")
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            sample = _invitation()
            trigger, upload, gate, gallery = _photos_form()
            _, base, widgets = forms.recipe_form(KIND)
            quantize, _ = forecast.build(KIND, base, widgets, photos_folder)
            start = gr.Button("Start training", variant="primary", size="lg")
        with gr.Column(scale=6, min_width=320, elem_classes="progress-view"):
            shown = _progress_view()
    cancel, make = shown[1], shown[5]
    inputs = list(widgets.values())
    reading = (poll, [job_id, seen], [job_id, seen, *shown])
    upload.change(check_photos, [upload, trigger], [photos_folder, gate, gallery], **HIDDEN)
    sample.click(start_sample, [base, *inputs], [job_id, trigger, base], **HIDDEN).then(
        *reading, **QUIET
    ).then(**pieces.SCROLL)
    start.click(start_own, [trigger, photos_folder, base, quantize, *inputs], [job_id], **HIDDEN).then(
        *reading, **QUIET
    ).then(**pieces.SCROLL)
    cancel.click(pieces.cancel, [job_id], [shown[0]], **HIDDEN)
    gr.Timer(POLL).tick(*reading, **QUIET)
    return {"job_id": job_id, "make": make, "load": (pieces.latest("train"), [], [job_id])}


def _invitation() -> gr.Button:
    photos = sorted(SAMPLE_PHOTOS.glob("*.jpg"))[:SAMPLE_SHOWN]
    strip = pieces.strip([pictures.uri(photo) for photo in photos])
    with gr.Column(elem_classes="hero"):
        gr.HTML(
            pieces.hero(
                "New here?",
                "Teach the studio a product it has never seen, from 30 photos. It takes a few minutes.",
            )
            + strip
        )
        return gr.Button("Try it with the sample product", variant="primary", size="lg")


def _photos_form() -> tuple[gr.Textbox, gr.File, gr.HTML, gr.Gallery]:
    gr.HTML(
        pieces.step(1, "What is it?", "A made-up name works best: you will write it to call the product.")
    )
    trigger = gr.Textbox(label="Name of the product", placeholder="aurora bottle", max_length=80)
    gr.HTML(
        pieces.step(
            2,
            "Photos",
            "About 30, from different sides, in different places and light. Nothing is cropped away.",
        )
    )
    upload = gr.File(
        label="Photos or one zip", file_count="multiple", height=140,
        file_types=["image", ".zip", ".txt", ".csv", ".jsonl"],
    )  # fmt: skip
    gate = gr.HTML()
    gallery = gr.Gallery(label="Your photos", columns=5, height=240, visible=False, object_fit="cover")
    return trigger, upload, gate, gallery


def _progress_view() -> list[gr.components.Component]:
    """Status, cancel, loss, previews, summary, and the button that goes on."""
    return [
        gr.HTML(pieces.empty("No training yet", ("Start one and watch it learn here: how far it is, and "
            "what it draws so far."))),
        gr.Button("Cancel training", visible=False, size="sm"),
        gr.Gallery(label=("What it draws so far: same words, same "
            "seeds"), columns=4, height="auto", visible=False,
                   object_fit="contain", elem_classes="results"),
        gr.LinePlot(x="step", y="loss", color="of", title=("Loss: how far off the model still "
            "is"), height=220, visible=False, color_map=insight.COLOURS, color_title="on"),
        gr.HTML(visible=False),
        gr.Button("Make scenes with it", variant="primary", size="lg", visible=False),
        gr.HTML(visible=False),
    ]  # fmt: skip


def check_photos(files: list[str] | None, trigger: str) -> tuple[str, str, Any]:
    """Copy the upload into the workspace and say what the photos are worth."""
    if not files:
        return "", "", gr.update(visible=False)
    folder = workspace.uploads_folder() / uuid.uuid4().hex[:12]
    try:
        photos = PhotoSet.from_upload(files, (trigger or "").strip() or "product", folder)
        report = photos.report()
    except LoraKitError as error:
        return "", pieces.empty("These cannot be used", str(error)), gr.update(visible=False)
    shown = [
        (pictures.small(photo.path), _caption(report, photo.path)) for photo in photos.photos[:MOST_SHOWN]
    ]
    shown = [(image, caption) for image, caption in shown if image is not None]
    return str(folder), pieces.findings(report), gr.update(value=shown, visible=bool(shown))


def _caption(report: QualityReport, path: Path) -> str:
    said = "; ".join(finding.what for finding in report.of(path.name))
    return f"⚠ {path.name}: {said}" if said else path.name


def start_sample(base: str, *values: Any) -> tuple[str, str, str]:
    """Train the sample product on the starter base, with the page's settings when they are for that base."""
    if base not in pieces.STARTERS:
        values = tuple(forms.recipe_values(KIND, True, "quick"))
    return (
        _start(SAMPLE_TRIGGER, str(SAMPLE_PHOTOS), "starter-image", list(values)),
        SAMPLE_TRIGGER,
        "starter-image",
    )


def start_own(trigger: str, folder: str, base: str, quantize: bool, *values: Any) -> str:
    """Train on the uploaded photos."""
    if not (trigger or "").strip():
        raise gr.Error("Give the product a name first (step 1).", print_exception=False)
    if not folder:
        raise gr.Error("Add photos first (step 2).", print_exception=False)
    return _start(trigger.strip(), folder, base, list(values), quantize)


def _start(trigger: str, folder: str, base: str, values: list[Any], quantize: bool = False) -> str:
    try:
        recipe = forms.to_recipe(KIND, values).to_dict()
        spec = {"base": base, "name": trigger, "trigger": trigger, "photos": folder, "recipe": recipe}
        if quantize:
            spec["quantize"] = "nf4"
        return pieces.start_once("train", spec)
    except LoraKitError as error:
        raise pieces.problem(error) from error


def poll(job_id: str, seen: dict[str, Any]) -> list[Any]:
    """Read the job's files and show what is new: job, seen, and the seven parts of the progress view."""
    job = pieces.find(job_id)
    mark = pieces.mark(job) if job else ""
    if job is None or seen.get("mark") == mark:
        return [gr.skip()] * 9
    events = job.events()
    points = insight.losses(events)
    looked = insight.looked(events)
    drawn = [event for event in events if event["event"] == "preview" and "path" in event]
    count = (job_id, len(drawn))
    result = pieces.result(job)
    return [
        job_id,
        {"mark": mark, "previews": count},
        pieces.status(job),
        gr.update(visible=pieces.is_open(job)),
        gr.skip() if seen.get("previews") == count else _previews(drawn, job.spec["trigger"]),
        gr.update(value=points, visible=len(points) > 1),
        gr.update(value=pieces.what_it_took(result) if result else "", visible=result is not None),
        gr.update(visible=result is not None),
        gr.update(value=looked, visible=bool(looked)),
    ]


def _previews(drawn: list[dict[str, Any]], trigger: str) -> Any:
    shown = []
    for event in reversed(drawn[-PREVIEWS_SHOWN:]):
        image = pictures.small(event["path"])
        if image is not None:
            scene = event["prompt"].removeprefix(trigger).strip(" ,") or event["prompt"]
            shown.append((image, f"{scene} · step {event['step']}"))
    return gr.update(value=shown, visible=bool(shown))


def product_slug(job_id: str) -> str:
    """The slug of the adapter that a training made."""
    job = pieces.find(job_id)
    result = pieces.result(job) if job else None
    return result["slug"] if result else slug_of(job.spec["name"]) if job else ""
