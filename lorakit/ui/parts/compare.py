"""Comparing: weights or mixes side by side on the same seeds, as a table and as one picture over another."""

from collections.abc import Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from lorakit.errors import LoraKitError
from lorakit.generation.pictures.grid import Row, Table, table
from lorakit.generation.pictures.labels import labels
from lorakit.generation.pictures.results import image_path
from lorakit.store.store import Store
from lorakit.ui.parts import acting, mixing, pictures
from lorakit.ui.parts.mixing import Kept

WEIGHTS = "0, 0.5, 1, 1.5"
ALONE, KEPT = "alone", "kept"
CELL = 200  # px: the longer side of a picture in the table
MOST_ROWS = 40


def form() -> list[gr.components.Component]:
    """What to compare, the weights, the button that keeps a mix, the total, and the button that starts."""
    with gr.Accordion("Compare weights or mixes", open=False):
        what = gr.Dropdown(
            [("This mix and the base alone", ALONE)], value=ALONE, label="Compare",
            info="The same scenes on the same seeds: only the mix differs.",
        )  # fmt: skip
        weights = gr.Textbox(WEIGHTS, label="Weights to try", visible=False, max_length=200)
        total = gr.HTML()
        with gr.Row():
            keep = gr.Button("Keep this mix as A", size="sm")
            go = gr.Button("Compare", variant="secondary", size="sm")
    return [what, weights, total, keep, go]


def offers(slugs: Sequence[str], kept: Kept, first: dict[str, Any], chosen: str) -> Any:
    """What can be compared with the mix of now; `first` is the mix kept as A."""
    names = _names()
    offered = [(f"Weights of {names.get(slug, slug)}", f"weights:{slug}") for slug in slugs or []]
    if slugs:
        offered.append(("This mix and the base alone", ALONE))
    if first.get("mix") is not None:
        offered.append((f"This mix and A ({_said(first['mix'], names)})", KEPT))
    offered = offered or [("This mix and the base alone", ALONE)]
    values = [value for _, value in offered]
    return gr.update(choices=offered, value=chosen if chosen in values else values[0])


def keep_first(slugs: Sequence[str], kept: Kept) -> dict[str, Any]:
    """The mix of now, to compare later ones with."""
    return {"mix": mixing.spec(slugs, kept)}


def mixes(
    what: str, weights: str, slugs: Sequence[str], kept: Kept, first: dict[str, Any]
) -> list[dict[str, Any]]:
    """The mixes that the form asks for. Raises LoraKitError naming what cannot be meant."""
    mix = mixing.spec(slugs, kept)
    if what == KEPT:
        return [first.get("mix") or {}, mix]
    if not what.startswith("weights:"):
        # At weight 0 the adapters leave their words in the prompt: what they do shows, not what the words do.
        return [dict.fromkeys(mix, 0.0), mix]
    slug = what.removeprefix("weights:")
    own = acting.stated(mixing.row_of(kept, slug))  # also when it is switched off
    return [mix | {slug: acting.at_weight(own, weight)} for weight in numbers(weights)]


def numbers(text: str) -> list[float]:
    """The weights of a line such as "0, 0.5; 1"."""
    parts = [part for part in (text or "").replace(";", ",").replace(" ", ",").split(",") if part]
    try:
        return list(dict.fromkeys(float(part) for part in parts))
    except ValueError as error:
        wrong = next(part for part in parts if not _is_number(part))
        raise LoraKitError(f"weights: {wrong[:20]!r} is not a number; write them as {WEIGHTS}") from error


def tell(places: int, count: int, shape: str) -> str:
    """How many pictures a comparison makes."""
    said = f"pictures: {places} scenes × {count} mixes, as {shape}"
    return f'<div class="sum"><b>{places * count}</b> {escape(said)}</div>'


def view() -> list[gr.components.Component]:
    """The table, the choosers of two pictures, the slider over both, and the table as a file."""
    grid = gr.HTML(visible=False)
    with gr.Row(visible=False) as chooser:
        row = gr.Dropdown([], label="Scene", min_width=190)
        left = gr.Dropdown([], label="Left", min_width=190)
        right = gr.Dropdown([], label="Right", min_width=190)
    slider = gr.ImageSlider(
        label="Drag to compare", visible=False, type="filepath", interactive=False, max_height=560,
        buttons=["fullscreen"], elem_classes="pair",
    )  # fmt: skip
    save = gr.Button("Grid as a picture", visible=False, size="sm")
    return [grid, chooser, row, left, right, slider, save]


def shown(folder: Path, first: bool) -> list[Any]:
    """The seven parts of `view` for a campaign; hidden when it has a single mix, or nothing is there yet.

    With `first` a pair is chosen, afterwards the person's choice stays.
    """
    try:
        found = table(folder)
    except LoraKitError:
        found = Table((), ())
    if len(found.columns) < 2:
        return hidden()
    columns = [(name, place) for place, name in enumerate(found.columns)]
    rows = [(f"{row.label} {row.detail}".strip(), place) for place, row in enumerate(found.rows)]
    ready = any(cell for row in found.rows for cell in row.cells)
    visible = gr.update(visible=ready)
    if first:
        chosen = [gr.update(choices=rows, value=0)]
        chosen += [gr.update(choices=columns, value=value) for value in (0, len(columns) - 1)]
        pair = slide(folder, 0, 0, len(columns) - 1)
    else:
        chosen, pair = [gr.skip()] * 3, gr.skip()
    return [gr.update(value=html(folder, found), visible=True), visible, *chosen, pair, visible]


def has_pair(parts: list[Any]) -> bool:
    """Does the slider of `shown` have its two pictures?"""
    return isinstance(parts[5], dict) and bool(parts[5].get("visible"))


def hidden() -> list[Any]:
    """The view of a campaign that compares nothing."""
    off = gr.update(visible=False)
    return [off, off, gr.skip(), gr.skip(), gr.skip(), off, off]


def slide(folder: Path, row: int | None, left: int | None, right: int | None) -> Any:
    """Two pictures of a row, one over the other; hidden until both are there."""
    try:
        cells = table(folder).rows[row or 0].cells
        pair = [cells[place or 0] for place in (left, right)]
    except (LoraKitError, IndexError):
        return gr.update(visible=False)
    paths = [image_path(folder, cell) for cell in pair if cell is not None]
    if len(paths) < 2:
        return gr.update(visible=False)
    return gr.update(value=tuple(map(str, paths)), visible=True)


def html(folder: Path, found: Table) -> str:
    """The table for the page: small pictures under their mixes' names."""
    head = "".join(f"<th>{escape(name)}</th>" for name in found.columns)
    body = "".join(_line(folder, row) for row in found.rows[:MOST_ROWS])
    more = len(found.rows) - MOST_ROWS
    rest = (
        f'<p class="badge">and {more} more rows: take the grid as a picture, or the zip</p>'
        if more > 0
        else ""
    )
    return f'<div class="grid-view"><table><tr><th></th>{head}</tr>{body}</table></div>{rest}'


def _line(folder: Path, row: Row) -> str:
    cells = "".join(map(partial(_cell, folder), row.cells))
    return f"<tr><th>{escape(row.label)}<span>{escape(row.detail)}</span></th>{cells}</tr>"


def _cell(folder: Path, cell: dict[str, Any] | None) -> str:
    path = image_path(folder, cell) if cell else None
    source = pictures.uri(path, CELL) if path else ""
    return f'<td><img alt="" src="{source}"></td>' if source else '<td><div class="wait"></div></td>'


def _names() -> dict[str, str]:
    return {entry.slug: entry.name for entry in Store().list()}


def _said(mix: dict[str, Any], names: dict[str, str]) -> str:
    return labels([{names.get(slug, slug): value for slug, value in mix.items()}])[0]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
