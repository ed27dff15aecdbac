"""The captions of the photos to learn from: read, corrected, and proposed by a model where there is one."""

from collections.abc import Mapping
from html import escape
from typing import Any

import gradio as gr

from lorakit.data.photos.photo import Photo
from lorakit.data.photos.sets import PhotoSet
from lorakit.errors import LoraKitError
from lorakit.jobs.kinds.caption import OUT, configured, proposed
from lorakit.ui.parts import gate, pictures, pieces
from lorakit.ui.parts.pieces import HIDDEN, QUIET
from lorakit.ui.parts.scripts import script

POLL = 1.5  # seconds
MOST_SHOWN = 120  # photos
LONGEST = 2000  # characters that a browser may send of one
ABOUT = (
    '<p class="hint">Say what is around the product: the place, the light, the angle. What a caption names '
    "is not learned as part of the product. Empty ones are fine.</p>"
)


def build(folder: gr.State, left_out: gr.State) -> gr.State:
    """The list under the photos; returns what a person wrote or let stand of what was proposed, by photo."""
    written, by_model = gr.State({}), gr.State([])
    job_id, timer = gr.State(""), gr.Timer(POLL, active=False)
    with gr.Accordion("Captions", open=False, visible=False) as whole:
        gr.HTML(ABOUT)
        rows = gr.HTML(js_on_load=script("captions"), elem_classes="captions")
        with gr.Row(equal_height=False):
            model = gr.Textbox(
                configured(), label="Captioning model", scale=3, min_width=190, max_length=500,
                placeholder="Salesforce/blip-image-captioning-base",
                info="A hub id or a folder, if you have one.",
            )  # fmt: skip
            suggest = gr.Button("Suggest captions", scale=1, min_width=190)
        status, cancel = gr.HTML(), gr.Button("Stop", visible=False, size="sm")
    drawing = (draw, [folder, written, by_model], [rows, whole])
    folder.change(lambda: ([], "", ""), [], [by_model, job_id, status], **QUIET).then(*drawing, **QUIET)
    rows.input(
        received,
        [rows, written],
        [written],
        js=script("captions-written"),
        trigger_mode="always_last",
        **QUIET,
    )
    reading = (poll, [job_id, folder, written, by_model], [status, cancel, timer, written, by_model])
    suggest.click(start, [folder, left_out, written, model], [job_id], **HIDDEN).then(*reading, **QUIET)
    cancel.click(pieces.cancel, [job_id], [status], **HIDDEN)
    timer.tick(*reading, **QUIET)
    by_model.change(*drawing, **QUIET)
    return written


def received(sent: Any, written: dict[str, str]) -> dict[str, str]:
    """The captions with those that the page sent; anything else that a browser may send is left out."""
    rows = list(sent.items())[: gate.MOST_SENT] if isinstance(sent, dict) else []
    return written | {str(name)[:1000]: text[:LONGEST] for name, text in rows if isinstance(text, str)}


def draw(folder: str, written: Mapping[str, str], by_model: list[str]) -> list[Any]:
    """A row for each photo with its caption, and whether there is anything to show."""
    photos = _photos(folder)
    if photos is None:
        return ["", gr.update(visible=False)]
    shown = photos.phrased(written=written).photos
    html = "".join(_row(photo, photo.name in by_model) for photo in shown[:MOST_SHOWN])
    more = len(shown) - MOST_SHOWN
    rest = (
        f'<p class="hint">and {more} more; their captions stand in the files beside them.</p>'
        if more > 0
        else ""
    )
    have = sum(bool(photo.written) for photo in shown)
    return [html + rest, gr.update(visible=True, label=f"Captions: {have} of {len(shown)} photos have one")]


def _row(photo: Photo, is_proposed: bool) -> str:
    tag = '<span class="tag">suggested</span>' if is_proposed else ""
    name = escape(photo.name)
    return (
        f'<div class="caption-row"><img alt="" src="{pictures.uri(photo.path)}"><label>'
        f'<span class="how">{name}{tag}</span><textarea rows="2" data-caption="{name}" maxlength="{LONGEST}" '
        f'placeholder="no caption">{escape(photo.written)}</textarea></label></div>'
    )


def start(folder: str, left_out: list[str], written: dict[str, str], model: str) -> str:
    """Write the job that describes the photos that have no caption."""
    photos = _photos(folder)
    if photos is None:
        raise gr.Error("Add photos first (step 2).", print_exception=False)
    if not (model or "").strip():
        raise gr.Error(
            "Name a captioning model first: a folder, or a hub id such as owner/name.", print_exception=False
        )
    try:
        kept = photos.phrased(written=written).without(left_out)
        if all(photo.written for photo in kept.photos):
            raise gr.Error("Every photo has a caption already.", print_exception=False)
        spec: dict[str, Any] = {"base": model.strip(), "photos": folder}
        spec |= {"without": left_out} if left_out else {}
        has = {name: text for name, text in written.items() if text}
        return pieces.start_once("caption", spec | ({"captions": has} if has else {}))
    except LoraKitError as error:
        raise pieces.problem(error) from error


def poll(job_id: str, folder: str, written: dict[str, str], by_model: list[str]) -> list[Any]:
    """How far the job is: status, stop button, timer; and when it has ended, the captions with what it
    proposes, where a person wrote nothing meanwhile.
    """
    job = pieces.find(job_id)
    if job is None or job.spec["photos"] != folder:
        return ["", gr.update(visible=False), gr.Timer(active=False), gr.skip(), gr.skip()]
    open_ = pieces.is_open(job) or job.state == "running"
    shown = [pieces.status(job), gr.update(visible=pieces.is_open(job)), gr.Timer(active=open_)]
    if open_:
        return [*shown, gr.skip(), gr.skip()]
    new = {name: text for name, text in proposed(job.folder / OUT).items() if not written.get(name)}
    return [*shown, written | new, [*by_model, *new]]


def _photos(folder: str) -> PhotoSet | None:
    try:
        return gate.photos_in(folder, "") if folder else None
    except LoraKitError:
        return None
