"""When and where an adapter of a mix acts, as a person sets it below its row, and as a job's spec keeps it.

A row of the table is {"weight", and as far as set: "part", "start", "end" (percent), a number for a group of
blocks, "layers" (text)}. What cannot be meant stays in it: the spec refuses it by name.
"""

from collections.abc import Mapping
from html import escape
from typing import Any

from lorakit.errors import AdapterError, RecipeError
from lorakit.lora.mix_syntax import read_blocks
from lorakit.lora.strength import GROUPS, Strength
from lorakit.store.store import Entry

# Id -> what it is called, and from where to where it acts, in percent of the sampling. Pictures get their
# structure in the first steps and their finish in the last ones.
PARTS = {
    "whole": ("The whole picture", 0, 100),
    "structure": ("Structure first: the first 40 %", 0, 40),
    "finish": ("Finish last: from 40 % on", 40, 100),
}
OWN = "own"
_FLUX = {"double": "First blocks (double)", "single": "Later blocks (single)"}
_UNET = {"down": "First blocks (down)", "mid": "Middle block (mid)", "up": "Last blocks (up)"}
BLOCKS = {"flux": _FLUX, "flux2": _FLUX, "sdxl": _UNET, "sd15": _UNET}
LAYERS = "layers"  # of a language model, written as "0-3:0.2, 4-7:1"


def stated(row: Mapping[str, Any]) -> Any:
    """The strength of a row, in its JSON form: its weight alone, when that says it all."""
    more: dict[str, Any] = {}
    ends = _ends(row)
    if ends != (0, 100):
        more |= {"start": _share(ends[0]), "end": _share(ends[1])}
    blocks: Any = {group: row[group] for group in GROUPS if row.get(group) is not None}
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


def panel(entry: Entry, row: Mapping[str, Any]) -> str:
    """What opens below an adapter's row."""
    if entry.kind == "voice":
        text = escape(str(row.get(LAYERS) or ""))
        field = (
            f'<label>Layers with a strength of their own<input type="text" data-set="{LAYERS}" '
            f'maxlength="200" placeholder="0-3:0.2, 4-7:1" value="{text}"></label>'
        )
        return _details("Where it acts", f'<div class="groups">{field}</div>', bool(text))
    fields = "".join(
        _group(group, title, row.get(group)) for group, title in BLOCKS.get(entry.family, {}).items()
    )
    said = "<p>Its strength by block; an empty field follows the slider.</p>"
    where = f'{said}<div class="groups">{fields}</div>' if fields else ""
    return _details("When and where it acts", _part(entry.name, row) + where, stated(row) != row["weight"])


def _details(title: str, inside: str, is_set: bool) -> str:
    style = ' class="set"' if is_set else ""
    return f"<details{style}><summary>{title}</summary>{inside}</details>"


def _part(name: str, row: Mapping[str, Any]) -> str:
    chosen, (low, high) = _chosen(row), _ends(row)
    options = [*((id, title) for id, (title, *_) in PARTS.items()), (OWN, "A part of my own")]
    listed = "".join(
        f'<option value="{id}"{" selected" if id == chosen else ""}>{escape(title)}</option>'
        for id, title in options
    )
    own = "".join(
        f'<label>{word}<input type="number" min="0" max="100" step="5" data-set="{key}" '
        f'value="{escape(_text(value))}">%</label>'
        for word, key, value in (("from", "start", low), ("to", "end", high))
    )
    return (
        f'<label class="part">Acts on<select data-set="part" aria-label="{escape(name)}: acts on">{listed}'
        f'</select></label><div class="groups own" data-part="{chosen}">{own}</div>'
    )


def _group(group: str, title: str, value: Any) -> str:
    return (
        f'<label>{title}<input type="number" min="-2" max="2" step="any" data-set="{group}" '
        f'value="{escape(_text(value))}"></label>'
    )


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
