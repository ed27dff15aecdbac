"""A job that makes an adapter of others: how far it is, and the same image or text before and after it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit import units
from lorakit.errors import LoraKitError
from lorakit.events import Combined
from lorakit.lora.ranks import effect_kept
from lorakit.ui.parts import pictures, pieces
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates

POLL = 1.0  # seconds


@dataclass(frozen=True)
class Result:
    """The job that makes an adapter, and the same image or text from before and after it."""

    job_id: gr.State
    status: gr.HTML
    before: gr.Image
    after: gr.Image
    timer: gr.Timer

    @property
    def parts(self) -> list[gr.components.Component]:
        """What `poll` fills."""
        return [self.status, self.before, self.after, self.timer]

    def follow(self, button: gr.Button, start: Callable[..., str], inputs: list[Any]) -> None:
        """The button starts a job, which is looked at until it has ended."""
        reading = (self.poll, [self.job_id], self.parts)
        button.click(start, inputs, [self.job_id], **HIDDEN).then(*reading, **QUIET)
        self.timer.tick(*reading, **QUIET)

    def clear(self) -> Updates:
        """Nothing of a job that was shown before."""
        off = gr.update(visible=False)
        return {self.status: "", self.before: off, self.after: off, self.timer: gr.Timer(active=False)}

    def forget(self) -> Updates:
        """As `clear`, and no job is looked at any more."""
        return self.clear() | {self.job_id: ""}

    def poll(self, job_id: str) -> Updates:
        """How far the job is."""
        job = pieces.find(job_id)
        if job is None:
            return self.clear()
        result = pieces.result(job)
        if not isinstance(result, Combined):
            waiting = gr.Timer(active=pieces.is_open(job))
            return self.clear() | {self.status: pieces.status(job), self.timer: waiting}
        samples = [sample or {} for sample in (result.before, result.after)]
        images = [gr.update(value=_image(sample), visible="path" in sample) for sample in samples]
        shown = dict(zip((self.before, self.after), images, strict=True))
        return self.clear() | shown | {self.status: _made(result, samples)}


def view() -> Result:
    """Nothing made yet."""
    status = gr.HTML()
    with gr.Row():
        before, after = (
            gr.Image(
                label=label, visible=False, interactive=False, min_width=140, buttons=["fullscreen"]
            )
            for label in ("Before", "After")
        )  # fmt: skip
    return Result(gr.State(""), status, before, after, gr.Timer(POLL, active=False))


def _image(sample: dict[str, Any]) -> Any:
    return pictures.small(sample["path"]) if "path" in sample else None


def _made(result: Combined, samples: list[dict[str, Any]]) -> Markup:
    rows = [
        (f"{result.rank}", "rank"),
        (units.size(result.size_after), f"file ({units.size(result.size_before)} before)"),
    ]
    if result.error is not None:
        rows.append((f"{effect_kept(result.error):.1%}", "of its effect kept"))
    for name, share in result.removed.items():
        rows.append((f"{share:.0%}", f"of {name} removed to protect the product"))
    if all("perplexity" in sample for sample in samples):
        figures = " → ".join(f"{sample['perplexity']:.2f}" for sample in samples)
        rows.append((figures, "perplexity on texts by the original voice (the closer, the more alike)"))
    texts = Markup().join(
        Markup('<p class="caption">{}</p><div class="copy">{}</div>').format(when, sample["text"])
        for when, sample in zip(("Before", "After"), samples, strict=True)
        if "text" in sample
    )
    unseen = pieces.hint(f"No preview: {result.unseen}" if result.unseen else "")
    return pieces.card(f"{result.name} was added to your adapters", pieces.facts(rows) + texts + unseen)


def start(spec: dict[str, Any]) -> str:
    """Write the job."""
    try:
        return pieces.start_once("combine", spec)
    except LoraKitError as error:
        raise pieces.problem(error) from error
