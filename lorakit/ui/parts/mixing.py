"""The mix as a table: a row for each adapter with its weight, and whether it is on.

What a person set is kept in the browser, {slug: {"on", "weight", ...}} (`acting` says what more), so that a
reload or another choice loses nothing.
"""

import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import gradio as gr

from lorakit.lora.strength import GROUPS
from lorakit.store.store import Entry, Store
from lorakit.ui.parts import acting, pictures
from lorakit.ui.parts.pieces import QUIET

Kept = dict[str, dict[str, Any]]

USUAL = (0.0, 1.5)  # the slider's ends; a weight beyond them, to -2 or 2, is typed
FAR = (-2.0, 2.0)
CHOSEN = ""  # where the browser keeps which adapters are in the mix, beside the rows of each
# The browser alone holds what is set: it goes from the table into `kept` without a server between, so that no
# late answer can undo a newer setting. A table that was drawn anew takes up what was set since it was asked
# for. The attributes follow what is shown, because a new table is compared with them.
TABLE_JS = """const held = window.lorakitMix ??= {};
const turn = (row, on) => {
  row.querySelector('.switch').setAttribute('aria-checked', on);
  row.classList.toggle('off', !on);
};
const show = input => {
  if (input.tagName === 'SELECT') return choose(input);
  input.setAttribute('value', input.value);
  const row = input.closest('[data-slug]');
  const twin = row.querySelector(`[data-set="${input.dataset.set}"]:not([type="${input.type}"])`);
  if (!twin) return;
  if (twin.type === 'range') {
    const far = input.value < Number(twin.dataset.low) || input.value > Number(twin.dataset.high);
    twin.min = far ? -2 : twin.dataset.low;
    twin.max = far ? 2 : twin.dataset.high;
  }
  twin.value = input.value;
  twin.setAttribute('value', input.value);
};
const choose = select => {
  for (const option of select.options) option.toggleAttribute('selected', option.selected);
  select.closest('details').querySelector('.own').dataset.part = select.value;
};
const fields = row => row.querySelectorAll('input[type=number], input[type=text], select');
const value = input => input.type !== 'number' ? input.value
  : input.value === '' ? null : Number(input.value);
const fill = (row, set) => {
  for (const input of fields(row)) {
    if (!(input.dataset.set in set)) continue;
    input.value = set[input.dataset.set] ?? '';
    show(input);
  }
  turn(row, set.on);
};
const hold = row => {
  held[row.dataset.slug] = {
    on: row.querySelector('.switch').getAttribute('aria-checked') === 'true',
    ...Object.fromEntries([...fields(row)].map(input => [input.dataset.set, value(input)])),
  };
  trigger('input');
};
const settle = () => {
  for (const row of element.querySelectorAll('[data-slug]'))
    if (held[row.dataset.slug]) fill(row, held[row.dataset.slug]);
  if (props.listed) held[''] =
    [...element.querySelectorAll('.mix-row')].map(row => row.dataset.slug || row.dataset.gone);
  trigger('input');
};
element.addEventListener('input', event => show(event.target));
element.addEventListener('change', event => {
  show(event.target);
  hold(event.target.closest('[data-slug]'));
});
element.addEventListener('click', event => {
  const out = event.target.closest('.out');
  if (out) {
    const row = out.closest('.mix-row');
    trigger('select', {slug: row.dataset.slug || row.dataset.gone});
  }
  const button = event.target.closest('.switch');
  if (!button) return;
  const row = button.closest('[data-slug]');
  turn(row, button.getAttribute('aria-checked') !== 'true');
  hold(row);
});
watch('value', settle);
watch('turned', () => {
  for (const row of element.querySelectorAll('[data-slug]')) {
    for (const input of fields(row)) {
      const [before, after] = props.turned?.rows[row.dataset.slug]?.[input.dataset.set] ?? [];
      if (after === undefined || (value(input) ?? null) !== before) continue;
      input.value = after;
      show(input);
    }
    hold(row);
  }
});
if (element.querySelector('.mix-row')) settle();"""
KEEP_JS = "kept => ({...kept, ...window.lorakitMix})"


def view(kept: gr.BrowserState, listed: bool = False) -> gr.HTML:
    """The table, empty. What a person sets is in `kept` when its `input` event comes to later listeners; with
    `listed` also which adapters are in it.
    """
    table = gr.HTML(js_on_load=TABLE_JS, elem_classes="mix-table", listed=listed, turned=None)
    table.input(None, [kept], [kept], js=KEEP_JS, **QUIET)
    return table


def put_in(slug: str | None, slugs: Sequence[str]) -> list[Any]:
    """The mix with one adapter more (the same one only once), and the list empty again."""
    return [list(dict.fromkeys([*(slugs or []), *([slug] if slug else [])])), None]


def take_out(event: gr.EventData, slugs: Sequence[str]) -> list[str]:
    """The mix without the adapter whose row was closed."""
    return [slug for slug in slugs or [] if slug != getattr(event, "slug", None)]


def table(slugs: Sequence[str], kept: Kept) -> str:
    """The rows of these adapters, as HTML. One that is no longer in the store says so."""
    entries = {entry.slug: entry for entry in Store().list()}
    rows = [_row(slug, entries.get(slug), row_of(kept, slug)) for slug in slugs or []]
    return "".join(rows) + _twins([entries[slug] for slug in slugs or [] if slug in entries])


def _twins(entries: Sequence[Entry]) -> str:
    """Said when one adapter is in the mix under two names."""
    first: dict[str, str] = {}
    said = ""
    for entry in entries:
        content = str(entry.card.get("sha256") or entry.slug)
        if content in first:
            twins = f"{first[content]} and {entry.name} are the same adapter: their strengths add up."
            said += f'<p class="advice">{escape(twins)}</p>'
        first.setdefault(content, entry.name)
    return said


def row_of(kept: Kept, slug: str) -> dict[str, Any]:
    """What is set for an adapter; a new one counts fully."""
    new: dict[str, Any] = {"on": True, "weight": 1.0}
    stated = (kept or {}).get(slug)
    return new | stated if isinstance(stated, dict) else new


def spec(slugs: Sequence[str], kept: Kept) -> dict[str, Any]:
    """The mix as a job's spec keeps it: the adapters that are on with their strengths.

    What is no number stays as it is: the spec refuses it by name.
    """
    rows = {slug: row_of(kept, slug) for slug in slugs or []}
    return {slug: acting.stated(row) for slug, row in rows.items() if row["on"]}


def turned(slugs: Sequence[str], kept: Kept, weights: Mapping[str, float]) -> Any:
    """An update of the table that turns some adapters to other weights, their blocks' in proportion: each
    field as it was and as it shall be, so that what was set in the meantime stays.
    """
    rows: dict[str, dict[str, Any]] = {}
    for slug in slugs:
        if slug in weights:
            row = row_of(kept, slug)
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
    layers = ", ".join(f"{name}:{weight:g}" for name, weight in blocks.items() if name not in GROUPS)
    more = {name: weight for name, weight in blocks.items() if name in GROUPS}
    return row | more | {"weight": round(turned.weight, 4)} | ({acting.LAYERS: layers} if layers else {})


def _row(slug: str, entry: Entry | None, row: Mapping[str, Any]) -> str:
    if entry is None:
        gone = "is no longer in the store: take it out of the mix"
        out = '<button class="out" aria-label="Take it out of the mix">×</button>'
        said = f"<span><b>{escape(slug)}</b> {gone}</span>"
        return f'<div class="mix-row gone" data-gone="{escape(slug)}">{said}{out}</div>'
    name = escape(entry.name)
    called = f"“{escape(entry.trigger)}”" if entry.trigger else ""
    picture = pictures.uri(entry.preview) if entry.preview else ""
    image = f'<img alt="" src="{picture}">' if picture else '<span class="none"></span>'
    on = "true" if row["on"] else "false"
    out = f'<button class="out" aria-label="Take {name} out of the mix" title="Take out">×</button>'
    switch = (
        f'<button class="switch" role="switch" aria-checked="{on}" aria-label="{name}: in the mix"></button>'
    )
    off = "" if row["on"] else " off"
    return (
        f'<div class="mix-row{off}" data-slug="{escape(slug)}"><div class="top">{image}'
        f'<div class="name"><b>{name}</b><span>{called}</span></div>{switch}{out}</div>'
        f"{_setting(entry.name + ': strength', 'weight', row['weight'])}{acting.panel(entry, row)}</div>"
    )


def _setting(label: str, name: str, value: Any) -> str:
    """A slider and the number beside it, which says the same."""
    shown = f"{value:g}" if isinstance(value, int | float) else ""
    low, high = USUAL if isinstance(value, int | float) and USUAL[0] <= value <= USUAL[1] else FAR
    common = f'data-set="{name}" value="{shown}" aria-label="{escape(label)}'
    ends = f'min="{low:g}" max="{high:g}" data-low="{USUAL[0]:g}" data-high="{USUAL[1]:g}"'
    slider = f'<input type="range" step="0.05" {ends} {common}">'
    number = f'<input type="number" min="{FAR[0]:g}" max="{FAR[1]:g}" step="any" {common}, number">'
    return f'<div class="setting">{slider}{number}</div>'
