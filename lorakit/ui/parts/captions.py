"""The captions of the photos to train on: read, corrected, and proposed by a model where there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit.data.photos.photo import Photo
from lorakit.data.photos.sets import PhotoSet
from lorakit.errors import LoraKitError
from lorakit.jobs.kinds.caption import OUT, configured, proposed
from lorakit.ui.parts import gate, photo_gate, pictures, pieces
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates
from lorakit.ui.parts.scripts import script

POLL = 1.5  # seconds
MOST_SHOWN = 120  # photos
LONGEST = 2000  # characters that a browser may send of one


@dataclass(frozen=True)
class Captions:
    """The list under the photos. `written`: what a person wrote or let stand of what was proposed, by photo;
    `by_model`: whose captions were proposed.
    """

    whole: gr.Accordion
    about: gr.HTML
    rows: gr.HTML
    status: gr.HTML
    cancel: gr.Button
    timer: gr.Timer
    job_id: gr.State
    written: gr.State
    by_model: gr.State

    def draw(self, folder: str, written: Mapping[str, str], by_model: list[str]) -> Updates:
        """A row for each photo with its caption; hidden without photos."""
        photos = _photos(folder)
        if photos is None:
            return {self.rows: "", self.whole: gr.update(visible=False)}
        shown = photos.phrased(written=written).photos
        have = sum(bool(photo.written) for photo in shown)
        label = f"Captions: {have} of {len(shown)} have one"
        return {self.rows: rows_of(shown, by_model), self.whole: gr.update(visible=True, label=label)}

    def poll(self, job_id: str, folder: str, written: dict[str, str], by_model: list[str]) -> Updates:
        """How far the job is; and when it has ended, the captions with what it proposes, where a person wrote
        nothing meanwhile.
        """
        job = pieces.find(job_id)
        if job is None or job.spec["photos"] != folder:
            hidden, off = gr.update(visible=False), gr.Timer(active=False)
            return {self.status: "", self.cancel: hidden, self.timer: off}
        going = pieces.is_open(job) or job.state == "running"
        shown = {
            self.status: pieces.status(job),
            self.cancel: gr.update(visible=pieces.is_open(job)),
            self.timer: gr.Timer(active=going),
        }
        if going:
            return shown
        new = {name: text for name, text in proposed(job.folder / OUT).items() if not written.get(name)}
        return {**shown, self.written: written | new, self.by_model: [*by_model, *new]}


def build(folder: gr.State, left_out: gr.State, hint: str) -> Captions:
    """The list, empty yet, under a `hint` of what a caption is to say."""
    with gr.Accordion("Captions", open=False, visible=False) as whole:
        about = gr.HTML(pieces.hint(hint))
        rows = gr.HTML(js_on_load=script("captions"), elem_classes="captions")
        with gr.Row(equal_height=False):
            model = gr.Textbox(
                configured(), label="Captioning model", scale=3, min_width=190, max_length=500,
                placeholder="Salesforce/blip-image-captioning-base",
                info="Optional: a Hugging Face ID or a folder.",
            )  # fmt: skip
            suggest = gr.Button("Suggest captions", scale=1, min_width=190)
        status, cancel = gr.HTML(), gr.Button("Stop", visible=False, size="sm")
    made = Captions(
        whole, about, rows, status, cancel, gr.Timer(POLL, active=False), gr.State(""), gr.State({}),
        gr.State([]),
    )  # fmt: skip
    _connect(made, folder)
    wanted = [folder, left_out, made.written, model]
    suggest.click(start, wanted, [made.job_id], **HIDDEN).then(**_reading(made, folder))
    return made


def _reading(made: Captions, folder: gr.State) -> dict[str, Any]:
    inputs = [made.job_id, folder, made.written, made.by_model]
    outputs = [made.status, made.cancel, made.timer, made.written, made.by_model]
    return {"fn": made.poll, "inputs": inputs, "outputs": outputs, **QUIET}


def _connect(made: Captions, folder: gr.State) -> None:
    inputs = [folder, made.written, made.by_model]
    drawing = {"fn": made.draw, "inputs": inputs, "outputs": [made.rows, made.whole], **QUIET}

    def forget() -> Updates:
        return {made.by_model: [], made.job_id: "", made.status: ""}

    folder.change(forget, [], [made.by_model, made.job_id, made.status], **QUIET).then(**drawing)
    made.by_model.change(**drawing)
    sent = {"js": script("captions-written"), "trigger_mode": "always_last"}
    made.rows.input(received, [made.rows, made.written], [made.written], **sent, **QUIET)
    made.cancel.click(pieces.cancel, [made.job_id], [made.status], **HIDDEN)
    made.timer.tick(**_reading(made, folder))


def received(sent: Any, written: dict[str, str]) -> dict[str, str]:
    """The captions with those that the page sent; anything else that a browser may send is left out."""
    rows = list(sent.items())[: gate.MOST_SENT] if isinstance(sent, dict) else []
    return written | {str(name)[:1000]: text[:LONGEST] for name, text in rows if isinstance(text, str)}


def rows_of(photos: Sequence[Photo], by_model: Sequence[str]) -> Markup:
    """The first photos with their captions."""
    rows = Markup().join(_row(photo, photo.name in by_model) for photo in photos[:MOST_SHOWN])
    more = len(photos) - MOST_SHOWN
    rest = f"…and {more} more. Edit their captions in the files next to the photos."
    return rows + pieces.hint(rest if more > 0 else "")


def _row(photo: Photo, is_proposed: bool) -> Markup:
    tag = Markup('<span class="tag">suggested</span>') if is_proposed else ""
    row = Markup(
        '<div class="caption-row"><img alt="" src="{uri}"><label><span class="how">{name}{tag}</span>'
        '<textarea rows="2" data-caption="{name}" maxlength="{most}" placeholder="no caption">{text}'
        "</textarea></label></div>"
    )
    return row.format(
        uri=pictures.uri(photo.path), name=photo.name, tag=tag, most=LONGEST, text=photo.written
    )


def start(folder: str, left_out: list[str], written: dict[str, str], model: str) -> str:
    """Write the job that describes the photos that have no caption."""
    photos = _photos(folder)
    if photos is None:
        raise gr.Error("Add photos first (step 2).", print_exception=False)
    if not (model or "").strip():
        raise gr.Error(
            "Enter a captioning model first: a folder or a Hugging Face ID such as owner/name.",
            print_exception=False,
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


def _photos(folder: str) -> PhotoSet | None:
    try:
        return photo_gate.photos_in(folder, "") if folder else None
    except LoraKitError:
        return None
