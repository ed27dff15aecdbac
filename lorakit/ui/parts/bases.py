"""Choosing a base: which one, what its licence allows, and how it is kept in memory."""

from html import escape
from typing import Any

import gradio as gr

from lorakit.families import pairs
from lorakit.ui.parts import pieces
from lorakit.ui.parts.pieces import QUIET

HELP = {
    "image": "Or a folder, a .safetensors file or a hub id (owner/name@revision) of FLUX, SDXL or SD 1.5.",
    "text": "Or a folder or a hub id (owner/name@revision) of any causal language model.",
}
# How a base is kept, as a job's spec says it.
SAVERS: dict[str, dict[str, Any]] = {"4-bit": {"quantize": "nf4"}, "offload": {"offload": True}}
LABELS = [
    ("Load it in 4 bits: a quarter of the memory, nearly the same result", "4-bit"),
    ("Let its blocks wait outside the GPU: slower, fits small cards", "offload"),
]


def choice(kind: str) -> gr.Dropdown:
    """The list of bases for "image" or "text", with the chosen one's licence below it."""
    first = pieces.bases(kind)[0][1]
    base = gr.Dropdown(
        pieces.bases(kind), value=first, label="Base model", allow_custom_value=True, info=HELP[kind]
    )
    badge = gr.HTML(pieces.badge(first))
    base.change(pieces.badge, [base], [badge], **QUIET)
    return base


def full_base(base: gr.Dropdown) -> gr.Button:
    """For a training: warns of a distilled base; returns the button that takes the full one instead."""
    note, instead = gr.HTML(visible=False), gr.Button(visible=False, size="sm")
    base.change(distilled, [base], [note, instead], **QUIET)
    return instead


def distilled(base: str | None) -> list[Any]:
    """The warning that a base is distilled, and the button that takes its partner; hidden for any other."""
    words = pairs.warning(base)
    return [
        gr.update(
            value=f'<div class="badge limited"><b>Distilled</b> {escape(words)}</div>', visible=bool(words)
        ),
        gr.update(value=f"Train on {pairs.short(pairs.to_train_on(base))} instead", visible=bool(words)),
    ]


def savers(base: gr.Dropdown) -> gr.CheckboxGroup:
    """What makes a large base fit; not shown for the starter bases, which fit everywhere."""
    group = gr.CheckboxGroup(LABELS, label="To save memory", visible=False, elem_classes="lines")
    base.change(lambda base: gr.update(visible=base not in pieces.STARTERS), [base], [group], **QUIET)
    return group


def kept(base: str | None, chosen: list[str] | None) -> dict[str, Any]:
    """The fields of a job's spec that say how its base is kept."""
    chosen = [] if base in pieces.STARTERS else chosen or []
    return {field: value for name in SAVERS if name in chosen for field, value in SAVERS[name].items()}


def chosen(spec: dict[str, Any]) -> list[str]:
    """The boxes that a job's spec stands for."""
    return [name for name, fields in SAVERS.items() if all(spec.get(key) == fields[key] for key in fields)]
