"""The Brand voice tab: texts in, a voice out; beside it the desk where copy is written with it."""

import shutil
import uuid
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from lorakit import durable, workspace
from lorakit.data.texts import TextSet
from lorakit.errors import LoraKitError
from lorakit.starter import SAMPLE_VOICE
from lorakit.ui import desk, forecast, forms, insight, pieces
from lorakit.ui.pieces import HIDDEN, QUIET

KIND = "text"
POLL = 1.5  # seconds
SAMPLE_NAME = "Nordal voice"
FILE_TYPES = [".csv", ".tsv", ".txt", ".md", ".docx", ".jsonl"]
QUOTED = 2  # of the newest samples


def build(kept: gr.BrowserState) -> dict[str, Any]:
    """The tab's widgets and handlers; returns what the page connects on load."""
    job_id, seen, texts_path = gr.State(""), gr.State(""), gr.State("")
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            with gr.Column(elem_classes="hero"):
                gr.HTML(
                    pieces.hero(
                        "New here?",
                        "Learn the dry voice of a made-up brand from its 60 texts. It takes a minute or two.",
                    )
                )
                sample = gr.Button("Try it with the sample voice", variant="primary", size="lg")
            with gr.Column(elem_classes="progress-view", min_width=0):
                shown = _progress_view()
            name, upload, pasted, gate = _texts_form()
            _, base, widgets = forms.recipe_form(KIND)
            quantize, _ = forecast.build(KIND, base, widgets, texts_path)
            start = gr.Button("Train the voice", variant="primary", size="lg")
        with gr.Column(scale=6, min_width=320):
            writing = desk.build(base, POLL, kept)
    inputs = list(widgets.values())
    reading = (poll, [job_id, seen], [job_id, seen, *shown, writing["voice"]])
    upload.change(check_file, [upload], [texts_path, gate], **HIDDEN)
    pasted.blur(check_pasted, [pasted], [texts_path, gate], **QUIET)
    sample.click(start_sample, [base, *inputs], [job_id, name, base], **HIDDEN).then(*reading, **QUIET).then(
        **pieces.SCROLL
    )
    start.click(start_own, [name, texts_path, base, quantize, *inputs], [job_id], **HIDDEN).then(
        *reading, **QUIET
    ).then(**pieces.SCROLL)
    shown[1].click(pieces.cancel, [job_id], [shown[0]], **HIDDEN)
    gr.Timer(POLL).tick(*reading, **QUIET)
    return {"load": (pieces.latest("voice"), [], [job_id]), "desk": writing["load"]}


def _texts_form() -> tuple[gr.Textbox, gr.File, gr.Textbox, gr.HTML]:
    gr.HTML(pieces.step(1, "Whose voice?"))
    name = gr.Textbox(label="Name of the voice", placeholder="Nordal voice", max_length=80)
    gr.HTML(
        pieces.step(
            2,
            "Texts",
            "About 60 that sound right: posts, ads, mails. A table may say channel, product and facts.",
        )
    )
    upload = gr.File(label="csv, txt, docx or jsonl", file_types=FILE_TYPES, height=120)
    pasted = gr.Textbox(label="Or paste them, an empty line between two", lines=3)
    return name, upload, pasted, gr.HTML()


def _progress_view() -> list[gr.components.Component]:
    """Status, cancel, samples and summary of the training."""
    return [
        gr.HTML(),
        gr.Button("Cancel training", visible=False, size="sm"),
        gr.HTML(visible=False),
        gr.HTML(visible=False),
    ]


def check_file(file: str | None) -> tuple[str, str]:
    """Copy the upload into the workspace and say what is in it."""
    if not file:
        return "", ""
    target = workspace.uploads_folder() / uuid.uuid4().hex[:12] / Path(file).name
    target.parent.mkdir(parents=True)
    shutil.copy2(file, target)
    return _checked(target)


def check_pasted(text: str) -> tuple[Any, Any]:
    """Keep pasted texts as a file, so that the job can be run again."""
    if not (text or "").strip():
        return gr.skip(), gr.skip()
    target = workspace.uploads_folder() / uuid.uuid4().hex[:12] / "pasted.txt"
    durable.write_text(target, text)
    return _checked(target)


def _checked(path: Path) -> tuple[str, str]:
    try:
        texts = TextSet.from_file(path)
    except LoraKitError as error:
        return "", pieces.empty("These cannot be used", str(error))
    return str(path), pieces.card(
        f"{len(texts.samples)} texts are ready", pieces.finding_lines(texts.report().findings[:20])
    )


def start_sample(base: str, *values: Any) -> tuple[str, str, str]:
    """Train the sample voice on the starter base, with the page's settings when they are for that base."""
    if base not in pieces.STARTERS:
        values = tuple(forms.recipe_values(KIND, True, "quick"))
    return _start(SAMPLE_NAME, str(SAMPLE_VOICE), "starter-text", list(values)), SAMPLE_NAME, "starter-text"


def start_own(name: str, path: str, base: str, quantize: bool, *values: Any) -> str:
    """Train on the uploaded or pasted texts."""
    if not (name or "").strip():
        raise gr.Error("Give the voice a name first (step 1).", print_exception=False)
    if not path:
        raise gr.Error("Add texts first (step 2).", print_exception=False)
    return _start(name.strip(), path, base, list(values), quantize)


def _start(name: str, path: str, base: str, values: list[Any], quantize: bool = False) -> str:
    try:
        spec = {"base": base, "name": name, "texts": path, "recipe": forms.to_recipe(KIND, values).to_dict()}
        if quantize:
            spec["quantize"] = "nf4"
        return pieces.start_once("voice", spec)
    except LoraKitError as error:
        raise pieces.problem(error) from error


def poll(job_id: str, seen: str) -> list[Any]:
    """Read the training's files and show what is new: job, seen, the view's four parts, and the voices."""
    job = pieces.find(job_id)
    mark = pieces.mark(job) if job else ""
    if job is None or mark == seen:
        return [gr.skip()] * 7
    texts = [event for event in job.events() if event["event"] == "preview" and "text" in event][-QUOTED:]
    quoted = "".join(f'<div class="copy">{escape(event["text"])}</div>' for event in texts)
    said = f'<p class="caption">What it writes so far</p>{quoted}' if quoted else ""
    said += insight.looked(job.events())
    result = pieces.result(job)
    return [
        job_id,
        mark,
        pieces.status(job),
        gr.update(visible=pieces.is_open(job)),
        gr.update(value=said, visible=bool(said)),
        gr.update(value=pieces.what_it_took(result) if result else "", visible=result is not None),
        gr.update(choices=desk.voices(), value=result["slug"]) if result else gr.skip(),
    ]
