"""Comparing: strengths or mixes side by side on the same seeds, as a table and as one image over another."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit.errors import LoraKitError
from lorakit.generation.pictures.grid import Row, Table, table
from lorakit.generation.pictures.labels import labels
from lorakit.generation.pictures.results import image_path
from lorakit.store.store import Store
from lorakit.ui.parts import acting, mixing, pictures, pieces
from lorakit.ui.parts.mixing import MixSettings
from lorakit.ui.parts.pieces import Updates

STRENGTHS = "0, 0.5, 1, 1.5"
OF_ONE = "weights:"  # before the adapter whose strengths are compared
ALONE, SAVED = "alone", "saved"
THIS_OR_NONE = ("This mix vs. base model only", ALONE)
CELL = 200  # px: the longer side of an image in the table
MOST_ROWS = 40


@dataclass(frozen=True)
class Form:
    """What to compare, and the button that starts."""

    what: gr.Dropdown
    strengths: gr.Textbox
    total: gr.HTML
    save: gr.Button
    go: gr.Button


@dataclass(frozen=True)
class View:
    """The table, the choosers of two images, the slider over both, and the table as a file."""

    grid: gr.HTML
    choosers: gr.Row
    row: gr.Dropdown
    left: gr.Dropdown
    right: gr.Dropdown
    slider: gr.ImageSlider
    save: gr.Button

    @property
    def parts(self) -> list[Any]:
        """What `show` fills."""
        return list(vars(self).values())

    def show(self, folder: Path, first: bool) -> Updates:
        """A campaign's mixes; hidden when it has a single one, or nothing is there yet.

        With `first` a pair is chosen, afterwards the person's choice stays.
        """
        try:
            mixes = table(folder)
        except LoraKitError:
            mixes = Table((), ())
        if len(mixes.columns) < 2:
            return dict.fromkeys((self.grid, self.choosers, self.slider, self.save), gr.update(visible=False))
        visible = gr.update(visible=any(cell for row in mixes.rows for cell in row.cells))
        shown: Updates = {
            self.grid: gr.update(value=html(folder, mixes), visible=True),
            self.choosers: visible, self.save: visible,
        }  # fmt: skip
        return shown | self._first_pair(folder, mixes) if first else shown

    def _first_pair(self, folder: Path, mixes: Table) -> Updates:
        rows = [(f"{row.label} {row.detail}".strip(), place) for place, row in enumerate(mixes.rows)]
        columns = [(name, place) for place, name in enumerate(mixes.columns)]
        last = len(columns) - 1
        return {
            self.row: gr.update(choices=rows, value=0),
            self.left: gr.update(choices=columns, value=0),
            self.right: gr.update(choices=columns, value=last),
            self.slider: slide(folder, 0, 0, last),
        }

    def has_pair(self, shown: Updates) -> bool:
        """Has the slider its two images, after `show`?"""
        return bool(shown.get(self.slider, {}).get("visible"))


def form() -> Form:
    """The form, closed."""
    with gr.Accordion("Compare strengths or mixes", open=False):
        what = gr.Dropdown(
            [THIS_OR_NONE],
            value=ALONE,
            label="Compare",
            info="Same scenes, same seeds: only the mix changes.",
        )
        strengths = gr.Textbox(STRENGTHS, label="Strengths to try", visible=False, max_length=200)
        total = gr.HTML()
        with gr.Row():
            save = gr.Button("Save this mix as A", size="sm")
            go = gr.Button("Compare", variant="secondary", size="sm")
    return Form(what, strengths, total, save, go)


def offers(slugs: Sequence[str], first: dict[str, Any], chosen: str) -> Any:
    """What can be compared with the mix of now; `first` is the mix saved as A."""
    names = {entry.slug: entry.name for entry in Store().list()}
    offered = [(f"Strengths of {names.get(slug, slug)}", OF_ONE + slug) for slug in slugs or []]
    if slugs:
        offered.append(THIS_OR_NONE)
    if first.get("mix") is not None:
        named = {names.get(slug, slug): strength for slug, strength in first["mix"].items()}
        offered.append((f"This mix vs. A ({labels([named])[0]})", SAVED))
    offered = offered or [THIS_OR_NONE]
    values = [value for _, value in offered]
    return gr.update(choices=offered, value=chosen if chosen in values else values[0])


def save_first(slugs: Sequence[str], settings: MixSettings) -> dict[str, Any]:
    """The mix of now, to compare later ones with."""
    return {"mix": mixing.spec(slugs, settings)}


def mixes(
    what: str, strengths: str, slugs: Sequence[str], settings: MixSettings, first: dict[str, Any]
) -> list[dict[str, Any]]:
    """The mixes that the form asks for. Raises LoraKitError naming what cannot be meant."""
    mix = mixing.spec(slugs, settings)
    if what == SAVED:
        return [first.get("mix") or {}, mix]
    if not varies_strength(what):
        # At strength 0 the trigger words stay in the prompt, so only what the adapters do differs.
        return [dict.fromkeys(mix, 0.0), mix]
    slug = what.removeprefix(OF_ONE)
    stated = acting.stated(mixing.row_of(settings, slug))  # also when it is switched off
    return [mix | {slug: acting.at_weight(stated, strength)} for strength in numbers(strengths)]


def varies_strength(what: str | None) -> bool:
    """Are the strengths of one adapter compared?"""
    return str(what or "").startswith(OF_ONE)


def numbers(text: str) -> list[float]:
    """The strengths of a line such as "0, 0.5; 1"."""
    parts = [part for part in (text or "").replace(";", ",").replace(" ", ",").split(",") if part]
    try:
        return list(dict.fromkeys(float(part) for part in parts))
    except ValueError as error:
        wrong = next(part for part in parts if not _is_number(part))
        raise LoraKitError(f"strengths: {wrong[:20]!r} is not a number; write them as {STRENGTHS}") from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def total(places: int, count: int, shape: str) -> Markup:
    """How many images a comparison makes."""
    return pieces.total(places * count, f"images: {places} scenes × {count} mixes, as {shape}")


def view() -> View:
    """Nothing compared yet."""
    grid = gr.HTML(visible=False)
    with gr.Row(visible=False) as choosers:
        row = gr.Dropdown([], label="Scene", min_width=190)
        left = gr.Dropdown([], label="Left", min_width=190)
        right = gr.Dropdown([], label="Right", min_width=190)
    slider = gr.ImageSlider(
        label="Drag to compare", visible=False, type="filepath", interactive=False, max_height=560,
        buttons=["fullscreen"], elem_classes="pair",
    )  # fmt: skip
    return View(
        grid, choosers, row, left, right, slider, gr.Button("Save grid as image", visible=False, size="sm")
    )


def slide(folder: Path, row: int | None, left: int | None, right: int | None) -> Any:
    """Two images of a row, one over the other; hidden until both are there."""
    try:
        cells = table(folder).rows[row or 0].cells
        pair = [cells[place or 0] for place in (left, right)]
    except (LoraKitError, IndexError):
        return gr.update(visible=False)
    paths = [image_path(folder, cell) for cell in pair if cell is not None]
    if len(paths) < 2:
        return gr.update(visible=False)
    return gr.update(value=tuple(map(str, paths)), visible=True)


def html(folder: Path, mixes: Table) -> Markup:
    """The table for the page: small images under their mixes' names."""
    head = Markup().join(map(Markup("<th>{}</th>").format, mixes.columns))
    body = Markup().join(_line(folder, row) for row in mixes.rows[:MOST_ROWS])
    more = len(mixes.rows) - MOST_ROWS
    rest = Markup('<p class="badge">…and {} more rows: see the grid image or the ZIP</p>').format(more)
    grid = Markup('<div class="grid-view"><table><tr><th></th>{}</tr>{}</table></div>').format(head, body)
    return grid + rest if more > 0 else grid


def _line(folder: Path, row: Row) -> Markup:
    cells = Markup().join(map(partial(_cell, folder), row.cells))
    return Markup("<tr><th>{}<span>{}</span></th>{}</tr>").format(row.label, row.detail, cells)


def _cell(folder: Path, cell: dict[str, Any] | None) -> Markup:
    path = image_path(folder, cell) if cell else None
    source = pictures.uri(path, CELL) if path else ""
    if not source:
        return Markup('<td><div class="wait"></div></td>')
    return Markup('<td><img alt="" src="{}"></td>').format(source)
