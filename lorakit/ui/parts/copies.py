"""Copy as it is written: each variant with its channel's limit."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit import durable
from lorakit.events import Text
from lorakit.generation.copy.writing import Brief, channel
from lorakit.jobs.queue import Job
from lorakit.ui.parts import pieces
from lorakit.ui.parts.scripts import script


@dataclass(frozen=True)
class Copy:
    """What is written. `seen`: how much of the job the page has."""

    job_id: gr.State
    seen: gr.State
    text: gr.HTML
    cancel: gr.Button

    @property
    def parts(self) -> list[Any]:
        """What `poll` gives values for."""
        return [self.job_id, self.seen, self.text, self.cancel]

    def poll(self, job_id: str, seen: str) -> Any:
        """Show the variants as they grow, then as they are."""
        job = pieces.find(job_id)
        mark = pieces.mark(job) if job else ""
        if job is None or mark == seen:
            return gr.skip()
        return {
            self.job_id: job_id,
            self.seen: mark,
            self.text: written(job),
            self.cancel: gr.update(visible=pieces.is_open(job)),
        }


def view() -> Copy:
    """What is written, nothing yet."""
    cancel = gr.Button("Stop writing", visible=False, size="sm")
    hint = "Variants appear here as they are written, with the channel’s character limit."
    text = gr.HTML(pieces.empty("No copy yet", hint), js_on_load=script("desk"))
    return Copy(gr.State(""), gr.State(""), text, cancel)


def stop(copy_id: str) -> Any:
    """Ask the writing to end; what is written stays on the page."""
    job = pieces.find(copy_id)
    if job is not None:
        job.cancel()
    return gr.update(visible=False)


def written(job: Job) -> Markup:
    """The variants of a job, or how far it is."""
    brief = Brief(**job.spec["brief"])  # an older job may leave fields out
    row = channel(brief.channel)
    head = Markup('<p class="caption">{}: {}</p>').format(row.label, brief.product)
    path = job.folder / "result.json"
    if job.state == "done" and path.is_file():
        finished = [
            variant(c["text"], c["characters"], c["limit"], c.get("note", ""), c.get("fits", True))
            for c in durable.read_json(path)
        ]
        return head + Markup().join(finished)
    growing: dict[int, str] = {}
    for event in job.history():
        if isinstance(event, Text):
            growing[event.index] = growing.get(event.index, "") + event.piece
    if not growing:
        return pieces.status(job)
    shown = head + Markup().join(
        variant(text, len(text), row.limit, "") for _, text in sorted(growing.items())
    )
    return shown if job.state == "running" else shown + pieces.status(job)


def variant(text: str, characters: int, limit: int, note: str, fits: bool = True) -> Markup:
    """One variant with its count against the limit, what was done to it, and a button that copies it.

    One that does not fit as it is stands out as one that is too long does.
    """
    share = min(100, 100 * characters / max(1, limit))
    counted = f"{characters} of {limit} characters" + (f" · {note}" if note else "")
    frame = Markup(
        '<div class="copy"><div class="text">{}</div><div class="count{}"><span>{}</span><span class="meter">'
        '<i style="width:{:.0f}%"></i></span><button class="copy-it">Copy</button></div></div>'
    )
    return frame.format(text, " over" if characters > limit or not fits else "", counted, share)
