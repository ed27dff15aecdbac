"""The Train tab: choose what to teach, then one page for products, styles and voices alike."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from lorakit.ui.parts import pieces, runs, training_page
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates
from lorakit.ui.parts.runs import View
from lorakit.ui.parts.subjects import PRODUCT, STYLE, SUBJECTS, subject_of
from lorakit.ui.parts.training_page import Side


@dataclass(frozen=True)
class Tab:
    """The tab, for what other tabs lead to."""

    subject: gr.Radio
    worded_for: gr.State  # which of the subjects with pictures the page has the words of
    sides: dict[str, Side]
    view: View

    @property
    def choice(self) -> list[Any]:
        """What `choose` gives values for."""
        return [self.subject, self.worded_for, *_shown(self.sides)]

    def choose(self, subject: str, worded_for: str, base: str) -> Updates:
        """The page for another subject; `base`: the image model that its form has."""
        row, image = SUBJECTS[subject], self.sides["image"]
        shown: Updates = {self.subject: subject}
        shown |= {side.whole: gr.update(visible=side.kind == row.kind) for side in self.sides.values()}
        if row.kind == "image" and subject != worded_for:
            changed = image.worded(row)
            for part, value in image.form.defaults(base, row is STYLE).items():
                # A setting that comes or goes is told so together with its value.
                changed[part] = changed[part] | {"value": value} if part in changed else value
            shown |= {self.worded_for: subject, **changed}
        return shown

    def fill(self, job_id: str, larger: bool = False) -> Updates:
        """The page as it was for a training that is there."""
        job = runs.existing(job_id)
        row = subject_of(job.kind, job.spec)
        side = self.sides[row.kind]
        shown = self.choose(row.id, "", job.spec["base"])
        for part, value in training_page.filled(side, job_id, larger).items():
            kept = shown.get(part)
            whole = isinstance(kept, dict) and not isinstance(value, dict) and "__type__" in kept
            shown[part] = kept | {"value": value} if whole else value
        return shown


def _shown(sides: dict[str, Side]) -> list[Any]:
    image = sides["image"]
    parts = [side.whole for side in sides.values()] + [image.invitation, image.data.question]
    return [
        *parts,
        image.data.name,
        image.data.heading,
        image.data.upload,
        image.data.about_captions,
        *image.form.all,
    ]


def build() -> Tab:
    """The tab's widgets and handlers."""
    choices = [(row.choice, row.id) for row in SUBJECTS.values()]
    subject = gr.Radio(choices, value=PRODUCT.id, label="What do you want to train?", elem_classes="subjects")
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            sides = {kind: training_page.build(kind, subject) for kind in ("image", "text")}
        with gr.Column(scale=6, min_width=320, elem_classes="progress-view"):
            view = runs.view()
    tab = Tab(subject, gr.State(PRODUCT.id), sides, view)
    reading = runs.connect(view)
    checks = [training_page.connect(side, subject, view, reading) for side in sides.values()]

    def choose(subject: str, worded_for: str, base: str) -> Updates:
        return tab.choose(subject, worded_for, base)

    def fill(job_id: str) -> Updates:
        return tab.fill(job_id)

    def fill_larger(job_id: str) -> Updates:
        return tab.fill(job_id, larger=True)

    subject.input(choose, [subject, tab.worded_for, sides["image"].form.base], tab.choice, **QUIET)
    filled = list(dict.fromkeys([*tab.choice, *_given(sides)]))
    for button, handler in ((view.again, fill), (view.larger, fill_larger)):
        done = button.click(handler, [view.job_id], filled, **HIDDEN)
        for check in checks:
            done = done.then(**check)
        done.then(**pieces.SCROLL_UP)
    return tab


def _given(sides: dict[str, Side]) -> list[Any]:
    parts = []
    for side in sides.values():
        data = side.data
        parts += [data.name, data.path, data.left_out, data.captions, *side.form.all]
    return parts
