"""What to train on: a name, and photos or texts, kept in the workspace and checked as they come."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from lorakit import durable, workspace
from lorakit.data.photos.sets import PhotoSet
from lorakit.data.texts.sets import TextSet
from lorakit.errors import LoraKitError
from lorakit.ui import visitors
from lorakit.ui.parts import captions, gate, looking, pieces, uploads
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates
from lorakit.ui.parts.subjects import FIRST

FILE_TYPES = [
    ".csv", ".tsv", ".xlsx", ".txt", ".md", ".html", ".htm", ".eml", ".docx", ".json", ".jsonl"
]  # fmt: skip
UNUSABLE = "Can’t use these files"


@dataclass(frozen=True)
class Checked:
    """An upload that was looked into: where it is kept ("" when it cannot be used), and why it cannot."""

    path: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Data:
    """The widgets for one kind of data. What a job is told of it is in `path`, `left_out` and `captions`."""

    question: gr.HTML
    name: gr.Textbox
    heading: gr.HTML
    upload: gr.File
    path: gr.State
    left_out: gr.State
    captions: gr.State  # of photos, by name, as a person wrote them
    pasted: gr.Textbox | gr.State
    verdict: gr.HTML
    rank: gr.Button
    cards: gr.HTML
    about_captions: gr.HTML | None = None

    @property
    def taken(self) -> list[Any]:
        """What `taking` gives values for."""
        return [self.path, self.left_out, self.captions, self.verdict]

    def taking(self, checked: Checked) -> Updates:
        """A new upload: nothing is left out of it and no caption changed yet."""
        shown = {self.path: checked.path, self.left_out: [], self.captions: {}}
        # What is wrong with what can be used, and what it is worth, the quality check says.
        return shown if checked.path else shown | {self.verdict: checked.problem}


def photos() -> Data:
    """A name, and photos or pictures; captions can be read and corrected below them."""
    row, path, left_out = FIRST["image"], gr.State(""), gr.State([])
    question = gr.HTML(pieces.step(1, row.question, row.question_hint))
    name = gr.Textbox(label=row.name, placeholder=row.example, max_length=80)
    heading = gr.HTML(pieces.step(2, row.data, row.data_hint))
    # Any file may come: a filter would hide HEIC photos from some browsers, and turn a whole folder away for
    # the one file in it that is neither photo nor caption. What is not used is said by the quality check.
    upload = gr.File(label=row.upload, file_count="multiple", height=140)
    gr.HTML(pieces.KEPT)
    verdict, rank = gr.HTML(), gr.Button("Use rank 16", visible=False, size="sm")
    cards = gate.grid("photo-gate", left_out)
    listed = captions.build(path, left_out, row.captions_hint)
    data = Data(
        question, name, heading, upload, path, left_out, listed.written, gr.State(""), verdict, rank, cards,
        listed.about,
    )  # fmt: skip

    def take(files: list[str] | None) -> Iterator[Updates]:
        for done in telling(lambda: check_photos(files), "check"):
            yield data.taking(done) if isinstance(done, Checked) else {data.verdict: done}

    # Each new upload counts at once: it ends the look at the one before.
    many = {"trigger_mode": "multiple", "concurrency_limit": looking.AT_ONCE}
    upload.change(take, [upload], data.taken, **many, **HIDDEN)
    return data


def texts() -> Data:
    """A name, and texts as a file or pasted."""
    row, path, left_out = FIRST["text"], gr.State(""), gr.State([])
    question = gr.HTML(pieces.step(1, row.question, row.question_hint))
    name = gr.Textbox(label=row.name, placeholder=row.example, max_length=80)
    heading = gr.HTML(pieces.step(2, row.data, row.data_hint))
    upload = gr.File(label=row.upload, file_types=FILE_TYPES, height=140)
    gr.HTML(pieces.KEPT)
    encoding = uploads.encoding()
    pasted = gr.Textbox(
        label="Or paste them, with a blank line between texts", lines=4, max_lines=12,
        placeholder="Morning. Tea first.\n\nRain. Still tea.",
    )  # fmt: skip
    verdict, rank = gr.HTML(), gr.Button("Use rank 16", visible=False, size="sm")
    cards = gate.grid("text-gate", left_out)
    data = Data(question, name, heading, upload, path, left_out, gr.State({}), pasted, verdict, rank, cards)

    def take_file(file: str | None, encoding: str) -> Updates:
        return data.taking(check_file(file, encoding))

    def take_pasted(text: str) -> Any:
        return data.taking(check_pasted(text)) if (text or "").strip() else gr.skip()

    upload.change(take_file, [upload, encoding], data.taken, **HIDDEN)
    encoding.input(take_file, [upload, encoding], data.taken, **QUIET)
    pasted.blur(take_pasted, [pasted], data.taken, **QUIET)
    return data


def check_photos(files: list[str] | None) -> Checked:
    """Copy photos into the workspace."""
    if not files:
        return Checked()
    folder = workspace.uploads_folder() / uuid.uuid4().hex[:12]
    try:
        PhotoSet.from_upload(files, "", folder)
    except LoraKitError as error:
        shutil.rmtree(folder, ignore_errors=True)
        return Checked(problem=pieces.empty(UNUSABLE, str(error)))
    return Checked(str(folder))


def check_file(file: str | None, encoding: str = "") -> Checked:
    """Copy a file of texts into the workspace."""
    if not file:
        return Checked()
    try:
        return _with_texts(uploads.keep(file, encoding))
    except LoraKitError as error:
        return Checked(problem=pieces.empty(UNUSABLE, str(error)))


def check_pasted(text: str) -> Checked:
    """Keep pasted texts as a file, so that the job can be run again."""
    target = workspace.uploads_folder() / uuid.uuid4().hex[:12] / "pasted.txt"
    durable.write_text(target, text)
    return _with_texts(target)


def _with_texts(path: Path) -> Checked:
    try:
        TextSet.from_file(path)
    except LoraKitError as error:
        return Checked(problem=pieces.empty(UNUSABLE, str(error)))
    return Checked(str(path))


def telling(work: Callable[[], Any], what: str) -> Iterator[Any]:
    """What to show of work that opens photos: how far it is, as HTML, and at the end its result."""
    with closing(looking.during(work, visitors.tab(), what)) as opening:
        while True:
            try:
                opened, number = next(opening)
            except StopIteration as end:
                if end.value is not None:
                    yield end.value
                return
            far = f"{opened} of {number}" if number else ""
            yield pieces.card("Checking your photos" if number else "Reading your photos", "", far)
