"""When and where an adapter of a mix is active, as a person sets it below its row, and as a spec keeps it.

A row of the table is {"weight", and as far as set: "part", "start", "end" (percent), a number for a group of
blocks, "layers" (text)}. What cannot be meant stays in it: the spec refuses it by name.
"""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from lorakit.errors import AdapterError, RecipeError
from lorakit.families import table
from lorakit.lora.mix_syntax import read_blocks
from lorakit.lora.strength import Strength, named_groups
from lorakit.store.entries import Entry

# Id -> what it is called, and from when to when it is active, in percent of the steps. Images get their
# structure in the first steps and their finish in the last ones.
PARTS = {
    "whole": ("All steps", 0, 100),
    "structure": ("Structure only (first 40%)", 0, 40),
    "finish": ("Finish only (after 40%)", 40, 100),
}
OWN = "own"
LAYERS = "layers"  # of a language model, written as "0-3:0.2, 4-7:1"


def stated(row: Mapping[str, Any]) -> Any:
    """The strength of a row, in its JSON form: its weight alone, when that says it all."""
    more: dict[str, Any] = {}
    ends = _ends(row)
    if ends != (0, 100):
        more |= {"start": _share(ends[0]), "end": _share(ends[1])}
    blocks: Any = {group: row[group] for group in named_groups() if row.get(group) is not None}
    if isinstance(row.get(LAYERS), str) and row[LAYERS].strip():
        blocks |= _layers(row[LAYERS])
    if blocks:
        more["blocks"] = blocks
    return {"weight": row["weight"], **more} if more else row["weight"]


def strength(value: Any) -> Strength | None:
    """A spec's value as a Strength; None for what cannot be one."""
    try:
        return Strength.from_dict(value)
    except AdapterError:
        return None


def at_weight(value: Any, weight: float) -> Any:
    """A spec's value with another weight; those of its blocks keep their proportion to it."""
    if not isinstance(value, dict):
        return weight
    old, blocks = value.get("weight"), value.get("blocks") or {}
    if not isinstance(old, int | float) or not old:
        return {**value, "weight": weight}
    scaled = {group: round(own * weight / old, 4) for group, own in blocks.items()}
    return {**value, "weight": weight, **({"blocks": scaled} if scaled else {})}


def panel(entry: Entry, row: Mapping[str, Any]) -> Markup:
    """What opens below an adapter's row."""
    if entry.kind == "voice":
        text = str(row.get(LAYERS) or "")
        field = Markup(
            '<label>Layers with their own strength<input type="text" data-set="{}" maxlength="200" '
            'placeholder="0-3:0.2, 4-7:1" value="{}"></label>'
        ).format(LAYERS, text)
        return _details(
            "Where it is active", Markup('<div class="groups">{}</div>').format(field), bool(text)
        )
    fields = Markup().join(
        _group(group.name, group.title, row.get(group.name)) for group in table.blocks_of(entry.family)
    )
    about = Markup("<p>Strength by block. Leave empty to follow the slider.</p>")
    where = about + Markup('<div class="groups">{}</div>').format(fields) if fields else Markup()
    is_set = stated(row) != row["weight"]
    return _details("When and where it is active", _part(entry.name, row) + where, is_set)


def _details(title: str, inside: Markup, is_set: bool) -> Markup:
    style = Markup(' class="set"') if is_set else ""
    return Markup("<details{}><summary>{}</summary>{}</details>").format(style, title, inside)


def _part(name: str, row: Mapping[str, Any]) -> Markup:
    chosen, (low, high) = _chosen(row), _ends(row)
    options = [*((id, title) for id, (title, *_) in PARTS.items()), (OWN, "Custom range")]
    listed = Markup().join(
        Markup('<option value="{}"{}>{}</option>').format(id, " selected" if id == chosen else "", title)
        for id, title in options
    )
    ends = Markup().join(
        Markup(
            '<label>{}<input type="number" min="0" max="100" step="5" data-set="{}" value="{}">%</label>'
        ).format(word, field, _text(value))
        for word, field, value in (("from", "start", low), ("to", "end", high))
    )
    return Markup(
        '<label class="part">Active during<select data-set="part" aria-label="{}: active during">{}</select>'
        '</label><div class="groups own" data-part="{}">{}</div>'
    ).format(name, listed, chosen, ends)


def _group(group: str, title: str, value: Any) -> Markup:
    return Markup(
        '<label>{}<input type="number" min="-2" max="2" step="any" data-set="{}" value="{}"></label>'
    ).format(title, group, _text(value))


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else ""


def _chosen(row: Mapping[str, Any]) -> str:
    part = row.get("part")
    return part if isinstance(part, str) and (part in PARTS or part == OWN) else "whole"


def _ends(row: Mapping[str, Any]) -> tuple[Any, Any]:
    part = _chosen(row)
    if part == OWN:
        return row.get("start"), row.get("end")
    return PARTS[part][1:]


def _share(percent: Any) -> Any:
    number = isinstance(percent, int | float) and not isinstance(percent, bool)
    return round(percent / 100, 4) if number else percent


def _layers(text: str) -> dict[str, Any]:
    try:
        return dict(read_blocks("layers", text, "0-3:0.2, 4-7:1"))
    except RecipeError:
        return {text: None}
