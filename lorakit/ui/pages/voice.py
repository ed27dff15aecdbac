"""The Brand voice tab: copy for one brief or for a table of them, in a voice or without one."""

from dataclasses import dataclass
from typing import Any

import gradio as gr

from lorakit.ui.parts import catalogue, copies, desk, pieces
from lorakit.ui.parts.catalogue import Catalogue
from lorakit.ui.parts.copies import Copy
from lorakit.ui.parts.desk import Desk
from lorakit.ui.parts.pieces import Updates

POLL = 1.5  # seconds


@dataclass(frozen=True)
class Tab:
    """The tab, for what other tabs lead to."""

    desk: Desk
    copy: Copy
    catalogue: Catalogue

    @property
    def loaded(self) -> list[Any]:
        """What `load` gives values for."""
        return [self.copy.job_id, self.catalogue.job_id, *self.desk.offered]

    @property
    def taken(self) -> list[Any]:
        """What `desk.take` gives values for."""
        return [*self.desk.offered, self.desk.more]

    def load(self) -> Updates:
        """What a page opened now shows: the voices, and what was written last."""
        latest = {part.job_id: pieces.latest(kind)() for part, kind in self._kinds()}
        return {**latest, **self.desk.offer()}

    def _kinds(self) -> list[tuple[Any, str]]:
        return [(self.copy, "copy"), (self.catalogue, "catalogue")]


def build(settings: gr.BrowserState) -> Tab:
    """The tab's widgets and handlers. `settings`: the strengths that the browser keeps."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=5, min_width=320):
            writing = desk.form(settings)
        with gr.Column(scale=6, min_width=320, elem_classes="progress-view"):
            copy = copies.view()
            many = catalogue.build(writing)
    desk.connect(writing, copy, POLL)
    return Tab(writing, copy, many)
