"""The mix as a table: a row for each adapter with its strength, and whether it is on.

What a person set is kept in the browser, {slug: {"on", "weight", ...}} (`acting` says what more), so that a
reload or another choice loses nothing.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit.lora.strength import named_groups
from lorakit.store.entries import Entry
from lorakit.store.store import Store
from lorakit.ui.parts import acting, pictures, pieces
from lorakit.ui.parts.pieces import QUIET, Updates
from lorakit.ui.parts.scripts import script

MixSettings = dict[str, dict[str, Any]]

USUAL = (0.0, 1.5)  # the slider's ends; a weight beyond them, to -2 or 2, is typed
FAR = (-2.0, 2.0)
CHOSEN = ""  # where the browser keeps which adapters are in the mix, beside the rows of each


def view(kept: gr.BrowserState, listed: bool = False) -> gr.HTML:
    """The table, empty. What a person sets is in `kept` when its `input` event comes to later listeners; with
    `listed` also which adapters are in it.
    """
    table = gr.HTML(js_on_load=script("mix-table"), elem_classes="mix-table", listed=listed, turned=None)
    table.input(None, [kept], [kept], js=script("mix-kept"), **QUIET)
    return table


def connect_adding(add: gr.Dropdown, chosen: gr.State, **turns: Any) -> None:
    """What is picked in the list `add` joins the mix, and the list is empty again."""

    def put_in(slug: str | None, slugs: Sequence[str]) -> Updates:
        return {chosen: with_one(slugs, slug), add: None}

    add.input(put_in, [add, chosen], [chosen, add], **turns)


def with_one(slugs: Sequence[str], slug: str | None) -> list[str]:
    """The mix with one adapter more, the same one only once."""
    return list(dict.fromkeys([*(slugs or []), *([slug] if slug else [])]))


def take_out(event: gr.EventData, slugs: Sequence[str]) -> list[str]:
    """The mix without the adapter whose row was closed."""
    return [slug for slug in slugs or [] if slug != getattr(event, "slug", None)]


def table(slugs: Sequence[str], settings: MixSettings) -> Markup:
    """The rows of these adapters, as HTML. One that no longer exists says so."""
    entries = {entry.slug: entry for entry in Store().list()}
    rows = [_row(slug, entries.get(slug), row_of(settings, slug)) for slug in slugs or []]
    return Markup().join(rows) + _duplicates([entries[slug] for slug in slugs or [] if slug in entries])


def _duplicates(entries: Sequence[Entry]) -> Markup:
    """Told when one adapter is in the mix under two names."""
    first: dict[str, str] = {}
    notes = Markup()
    for entry in entries:
        content = str(entry.card.get("sha256") or entry.slug)
        if content in first:
            names = f"{first[content]} and {entry.name}"
            notes += pieces.advice(f"{names} are the same adapter: their strengths add up.")
        first.setdefault(content, entry.name)
    return notes


def row_of(settings: MixSettings, slug: str) -> dict[str, Any]:
    """What is set for an adapter; a new one counts fully."""
    new: dict[str, Any] = {"on": True, "weight": 1.0}
    stated = (settings or {}).get(slug)
    return new | stated if isinstance(stated, dict) else new


def spec(slugs: Sequence[str], settings: MixSettings) -> dict[str, Any]:
    """The mix as a job's spec keeps it: the adapters that are on with their strengths.

    What is no number stays as it is: the spec refuses it by name.
    """
    rows = {slug: row_of(settings, slug) for slug in slugs or []}
    return {slug: acting.stated(row) for slug, row in rows.items() if row["on"]}


def turned(slugs: Sequence[str], settings: MixSettings, weights: Mapping[str, float]) -> Any:
    """An update of the table that turns some adapters to other weights, their blocks' in proportion: each
    field as it was and as it shall be, so that what was set in the meantime stays.
    """
    rows: dict[str, dict[str, Any]] = {}
    for slug in slugs:
        if slug in weights:
            row = row_of(settings, slug)
            new = _turned(row, weights[slug])
            rows[slug] = {name: [row.get(name), new[name]] for name in new if new[name] != row.get(name)}
    # The time makes each update one that the browser has not seen.
    return gr.update(turned={"rows": rows, "at": time.time_ns()})


def _turned(row: dict[str, Any], level: float) -> dict[str, Any]:
    """A row whose largest weight is `level`."""
    strength = acting.strength(acting.stated(row))
    if strength is None or strength.plain or not strength.level:
        return row | {"weight": level}
    # Not rounded to hundredths as the level is: the proportion is what was measured.
    turned = strength.scaled(level / strength.level)
    blocks = {name: round(weight, 4) for name, weight in turned.groups}
    layers = ", ".join(f"{name}:{weight:g}" for name, weight in blocks.items() if name not in named_groups())
    more = {name: weight for name, weight in blocks.items() if name in named_groups()}
    return row | more | {"weight": round(turned.weight, 4)} | ({acting.LAYERS: layers} if layers else {})


ROW = Markup(
    '<div class="mix-row{off}" data-slug="{slug}"><div class="top">{image}'
    '<div class="name"><b>{name}</b><span>{trigger}</span></div>'
    '<button class="switch" role="switch" aria-checked="{on}" aria-label="{name}: in the mix"></button>'
    '<button class="out" aria-label="Remove {name} from the mix" title="Remove">×</button></div>'
    "{strength}{panel}</div>"
)
GONE = Markup(
    '<div class="mix-row gone" data-gone="{slug}"><span><b>{slug}</b> no longer exists. Remove it from the '
    'mix.</span><button class="out" aria-label="Remove it from the mix">×</button></div>'
)
SETTING = Markup(
    '<div class="setting"><input type="range" step="0.05" min="{low:g}" max="{high:g}" '
    'data-low="{usual[0]:g}" data-high="{usual[1]:g}" data-set="{field}" value="{value}" '
    'aria-label="{label}"><input type="number" min="{far[0]:g}" max="{far[1]:g}" step="any" '
    'data-set="{field}" value="{value}" aria-label="{label}, number"></div>'
)


def _row(slug: str, entry: Entry | None, row: Mapping[str, Any]) -> Markup:
    if entry is None:
        return GONE.format(slug=slug)
    preview = pictures.uri(entry.preview) if entry.preview else ""
    image = (
        Markup('<img alt="" src="{}">').format(preview) if preview else Markup('<span class="none"></span>')
    )
    return ROW.format(
        slug=slug, name=entry.name, image=image, off="" if row["on"] else " off",
        trigger=f"“{entry.trigger}”" if entry.trigger else "", on="true" if row["on"] else "false",
        strength=_setting(f"{entry.name}: strength", "weight", row["weight"]),
        panel=acting.panel(entry, row),
    )  # fmt: skip


def _setting(label: str, field: str, value: Any) -> Markup:
    """A slider and the number beside it, which says the same."""
    number = isinstance(value, int | float)
    low, high = USUAL if number and USUAL[0] <= value <= USUAL[1] else FAR
    return SETTING.format(
        label=label, field=field, low=low, high=high, usual=USUAL, far=FAR,
        value=f"{value:g}" if number else "",
    )  # fmt: skip
