"""Choosing a base: which one, what its licence allows, and how it is kept in memory."""

from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit.families import pairs
from lorakit.families.licences import Known, known_bases, licence_of
from lorakit.families.sources import STARTERS
from lorakit.ui.parts.pieces import QUIET, Updates

HELP = {
    "image": (
        "Or enter a folder, a .safetensors file or a Hugging Face ID (owner/name@revision) for FLUX, SDXL or "
        "SD 1.5."
    ),
    "text": "Or enter a folder or a Hugging Face ID (owner/name@revision) of any language model.",
}
DEMONSTRATIONS = {
    "starter-image": "Generates at about 128 pixels, then enlarges. Free to use (Apache-2.0).",
    "starter-text": "Writes simple copy. Free to use (Apache-2.0).",
}
# May images and texts made with a base model be used commercially? -> style of its badge, and its title.
ALLOWED = {
    True: ("free", "Commercial use allowed"),
    False: ("limited", "No commercial use"),
    None: ("own", "Unlisted model"),
}

# How a base is kept, as a job's spec says it.
SAVERS: dict[str, dict[str, Any]] = {"4-bit": {"quantize": "nf4"}, "offload": {"offload": True}}
LABELS = [
    ("Load in 4-bit: weights take a quarter of the memory, nearly the same result", "4-bit"),
    ("Offload to system memory: slower, but fits small GPUs", "offload"),
]


def choice(kind: str) -> gr.Dropdown:
    """The list of bases for "image" or "text", with the chosen one's licence below it."""
    listed = offered(kind)
    first = listed[0][1]
    base = gr.Dropdown(listed, value=first, label="Base model", allow_custom_value=True, info=HELP[kind])
    licence = gr.HTML(badge(first))
    base.change(badge, [base], [licence], **QUIET)
    return base


def offered(kind: str) -> list[tuple[str, str]]:
    """The choices for "image" or "text": a label with what the base's licence allows, and its id."""
    return [(_label(known), known.id) for known in known_bases() if known.kind == kind]


def _label(known: Known) -> str:
    if known.id in STARTERS:
        return known.label
    licence = licence_of(known.id)
    facts = [licence.name if licence.commercial else "non-commercial", "needs a GPU" if known.needs else ""]
    return f"{known.label} ({', '.join(fact for fact in facts if fact)})"


def badge(base: str | None) -> Markup:
    """What one may do with a base model, and what it needs."""
    if base in STARTERS:
        style, title, about = "demo", "Demo model", DEMONSTRATIONS[base]
    else:
        licence, known = licence_of(base or ""), next((row for row in known_bases() if row.id == base), None)
        style, title = ALLOWED[licence.commercial]
        facts = [licence.name, licence.terms]
        if licence.commercial is None:
            facts = ["Check its licence before you publish anything made with it."]
        if known and known.needs:
            facts.append(f"Needs {known.needs}.")
        if known and known.gated:
            facts.append("Request access on Hugging Face first, then set HF_TOKEN.")
        about = " ".join(fact if fact.endswith(".") else f"{fact}." for fact in facts if fact)
    return Markup('<div class="badge {}"><b>{}</b> {}</div>').format(style, title, about)


def full_base(base: gr.Dropdown) -> gr.Button:
    """For a training: warns of a distilled base; returns the button that takes the full one instead."""
    note, instead = gr.HTML(visible=False), gr.Button(visible=False, size="sm")

    def distilled(base: str | None) -> Updates:
        return warn_distilled(base, note, instead)

    base.change(distilled, [base], [note, instead], **QUIET)
    return instead


def warn_distilled(base: str | None, note: gr.HTML, instead: gr.Button) -> Updates:
    """The warning that a base is distilled, and the button that takes its partner; hidden for any other."""
    words = pairs.warning(base)
    badge = Markup('<div class="badge limited"><b>Distilled</b> {}</div>').format(words)
    partner = pairs.short(pairs.to_train_on(base))
    return {
        note: gr.update(value=badge, visible=bool(words)),
        instead: gr.update(value=f"Train on {partner} instead", visible=bool(words)),
    }


def savers(base: gr.Dropdown) -> gr.CheckboxGroup:
    """What makes a large base fit; not shown for the starter models, which fit everywhere."""
    group = gr.CheckboxGroup(LABELS, label="To save memory", visible=False, elem_classes="lines")
    base.change(lambda base: gr.update(visible=base not in STARTERS), [base], [group], **QUIET)
    return group


def kept(base: str | None, chosen: list[str] | None) -> dict[str, Any]:
    """The fields of a job's spec that say how its base is kept."""
    chosen = [] if base in STARTERS else chosen or []
    return {field: value for name in SAVERS if name in chosen for field, value in SAVERS[name].items()}


def chosen(spec: dict[str, Any]) -> list[str]:
    """The boxes that a job's spec stands for."""
    return [name for name, fields in SAVERS.items() if all(spec.get(key) == fields[key] for key in fields)]
