"""The training page, which products, styles and voices share: what to train on, how, and the start."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit.errors import LoraKitError
from lorakit.ui.parts import (
    bases,
    forecast,
    forms,
    gate,
    looking,
    photo_gate,
    pictures,
    pieces,
    runs,
    text_gate,
    training_data,
)  # fmt: skip
from lorakit.ui.parts.forms import Form
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates
from lorakit.ui.parts.runs import View
from lorakit.ui.parts.subjects import FIRST, STYLE, SUBJECTS, Subject, subject_of
from lorakit.ui.parts.training_data import Data

GATES: dict[str, Any] = {"image": photo_gate, "text": text_gate}
SAMPLE_SHOWN = 6


@dataclass(frozen=True)
class Side:
    """The page for what is learned from one kind of data: "image" or "text"."""

    kind: str
    whole: gr.Column
    invitation: gr.Column
    sample: gr.Button
    data: Data
    form: Form
    start: gr.Button

    def worded(self, subject: Subject) -> Updates:
        """The page in the words of what it is to teach, with its first preset; for its base see `set_to`."""
        data, settings = self.data, self.form.settings
        hidden = {settings[name]: gr.update(visible=subject is not STYLE) for name in forms.OF_A_PRODUCT
                  if name in settings}  # fmt: skip
        return {
            self.invitation: gr.update(visible=subject.sample is not None),
            data.question: pieces.step(1, subject.question, subject.question_hint),
            data.name: gr.update(label=subject.name, placeholder=subject.example),
            data.heading: pieces.step(2, subject.data, subject.data_hint),
            data.upload: gr.update(label=subject.upload),
            data.about_captions: pieces.hint(subject.captions_hint),
            **hidden,
        }


def build(kind: str, subject: gr.Radio) -> Side:
    """The form; `subject` holds what is to be taught."""
    first = FIRST[kind]
    with gr.Column(visible=first.id == subject.value, min_width=0) as whole:
        with gr.Column(elem_classes="hero") as invitation:
            gr.HTML(_invitation(first))
            sample = gr.Button(first.sample.button, variant="primary", size="lg")
        data = training_data.photos() if kind == "image" else training_data.texts()
        form = forms.recipe_form(kind, subject)
        forecast.build(form, data.path, data.left_out)
        with gr.Row(elem_classes="primary-bar"):
            start = gr.Button("Start training", variant="primary", size="lg")
    return Side(kind, whole, invitation, sample, data, form, start)


def _invitation(subject: Subject) -> Markup:
    folder = Path(subject.sample.data)
    photos = sorted(folder.glob("*.jpg"))[:SAMPLE_SHOWN] if folder.is_dir() else []
    hero = pieces.hero("New here?", subject.sample.invitation)
    return hero + pieces.strip([pictures.uri(photo) for photo in photos]) if photos else hero


def connect(side: Side, subject: gr.Radio, view: View, reading: dict[str, Any]) -> dict[str, Any]:
    """What the side's widgets do; returns its quality check as an event takes it. `reading`: how the page
    reads the training it shows.
    """
    data, form = side.data, side.form
    begun = [view.job_id, data.name, *form.all]

    def try_sample(base: str, *values: Any) -> Updates:
        return start_sample(side, view.job_id, base, values[1:])

    wanted = [subject, data.name, data.path, data.left_out, data.captions, data.pasted, *form.inputs]
    for button, handler, inputs, outputs in (
        (side.sample, try_sample, form.inputs, begun),
        (side.start, start, wanted, [view.job_id]),
    ):
        button.click(handler, inputs, outputs, **HIDDEN).then(**reading).then(**pieces.SCROLL)
    return _connect_check(side, subject)


def _connect_check(side: Side, subject: gr.Radio) -> dict[str, Any]:
    """What was given is checked, and again for another base or subject; unticking changes the verdict, not
    the cards.
    """
    data, form = side.data, side.form
    rank, alpha = form.settings["rank"], form.settings["alpha"]
    asked = [subject, data.name, data.path, data.left_out, data.captions, form.base, rank]
    many = {"trigger_mode": "always_last", "concurrency_limit": looking.AT_ONCE}

    def judging(*asked: Any) -> Iterator[Updates]:
        for done in training_data.telling(lambda: judge(side, *asked), "judge"):
            yield done if isinstance(done, dict) else {data.verdict: done}

    def judge_again(*asked: Any) -> Updates:
        return {part: value for part, value in judge(side, *asked).items() if part is not data.cards}

    def offer_rank(*asked: Any) -> Updates:
        return {data.rank: judge(side, *asked)[data.rank]}

    def use_rank(*asked: Any) -> Updates:
        *about, rank_now, alpha_now = asked
        fits = fitting_rank(side, *about)
        return {rank: fits, alpha: alpha_now * fits / max(1, rank_now)}  # as strong as before

    checking = {"fn": judging, "inputs": asked, "outputs": [data.verdict, data.rank, data.cards], **QUIET}
    given = [data.path.change, form.base.change] + ([subject.change] if side.kind == "image" else [])
    gr.on(given, **checking, **many)
    changed = [data.left_out.change, data.captions.change]
    gr.on(changed, judge_again, asked, [data.verdict, data.rank], trigger_mode="always_last", **QUIET)
    rank.change(offer_rank, asked, [data.rank], **QUIET)
    about = [subject, data.name, data.path, data.left_out, data.captions, rank, alpha]
    data.rank.click(use_rank, about, [rank, alpha], **QUIET)
    return checking


def judge(
    side: Side, subject: str, name: str, path: str, left_out: Sequence[str],
    captions: dict[str, str] | None, base: str, rank: float | None,
) -> Updates:  # fmt: skip
    """What the data is worth, the button for the rank that fits it, and its cards."""
    data, check, row = side.data, GATES[side.kind], SUBJECTS[subject]
    if not path:
        return {data.rank: gr.update(visible=False), data.cards: ""}
    try:
        found = check.read(path, name, captions)
        return {
            data.verdict: check.verdict(found, left_out, base, row),
            data.rank: gate.rank_button(check.rank(found, left_out, row), rank),
            data.cards: check.cards(found, left_out, base, row),
        }
    except LoraKitError as error:
        problem = pieces.empty(training_data.UNUSABLE, str(error))
        return {data.verdict: problem, data.rank: gr.update(visible=False)}


def fitting_rank(
    side: Side, subject: str, name: str, path: str, left_out: Sequence[str], captions: dict[str, str] | None
) -> int:
    """The rank that fits the data."""
    check = GATES[side.kind]
    return check.rank(check.read(path, name, captions), left_out, SUBJECTS[subject])


def start_sample(side: Side, job_id: gr.State, base: str, values: Sequence[Any]) -> Updates:
    """Train on the sample, on its starter model, with the page's settings when they are for a starter.
    `job_id` gets the training; the rest of the page follows.
    """
    row = FIRST[side.kind]
    sample = row.sample
    settings, changed = side.form.on_starter(sample.base, base, values)
    started = start(row.id, sample.name, sample.data, [], {}, "", sample.base, [], *settings)
    return {job_id: started, side.data.name: sample.name, **changed}


def start(
    subject: str, name: str, path: str, left_out: list[str], captions: dict[str, str], pasted: str,
    base: str, savers: list[str], *values: Any,
) -> str:  # fmt: skip
    """Train on what was uploaded or pasted: the id of the job."""
    row, name = SUBJECTS[subject], (name or "").strip()
    if not name:
        raise gr.Error(f"Enter the {row.name.lower()} first (step 1).", print_exception=False)
    if not path and (pasted or "").strip():
        path, left_out = training_data.check_pasted(pasted).path, []  # the click came before it was read
    if not path:
        raise gr.Error(f"Add {row.data.lower()} first (step 2).", print_exception=False)
    try:
        recipe = forms.to_recipe(row.kind, list(values)).to_dict()
        spec: dict[str, Any] = {"base": base, "name": name, "recipe": recipe}
        spec |= {"trigger": name, "photos": path} if row.kind == "image" else {"texts": path}
        spec |= {"subject": row.id} if row is STYLE else {}
        if left_out:
            GATES[row.kind].check_left(path, name, left_out)
            spec["without"] = left_out
        if captions and row.kind == "image":
            spec["captions"] = captions
        return pieces.start_once(row.job, spec | bases.kept(base, savers))
    except LoraKitError as error:
        raise pieces.problem(error) from error


def filled(side: Side, job_id: str, larger: bool = False) -> Updates:
    """The form as it was for a training; with a `larger` rank when its result advises one."""
    job = runs.existing(job_id)
    spec, data = job.spec, side.data
    recipe = runs.raised(job) if larger else spec["recipe"]
    row = subject_of(job.kind, spec)
    return {
        data.name: spec["name"],
        data.path: spec["photos" if row.kind == "image" else "texts"],
        data.left_out: spec.get("without", []),
        data.captions: spec.get("captions", {}) if row.kind == "image" else {},
        **side.form.filled(spec, recipe),
    }
