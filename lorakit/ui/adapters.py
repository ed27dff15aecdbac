"""The Adapters tab: what is in the store, and adding, renaming, trashing and downloading."""

import re
import shutil
import uuid
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from lorakit import workspace
from lorakit.errors import AdapterError, LoraKitError
from lorakit.store import Entry, Store
from lorakit.ui import pictures, pieces
from lorakit.ui.pieces import HIDDEN, QUIET

# A click on a card tells the page which adapter it stands for; the server looks the name up in the store.
OPEN_JS = """element.addEventListener('click', event => {
  const card = event.target.closest('[data-slug]');
  if (card) trigger('select', {slug: card.dataset.slug});
});"""
HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*(@[\w.-]+)?")
PREVIEWS_SHOWN = 12
LAYOUTS = [
    ("Its own folder: diffusers, or PEFT for voices", ""),
    ("ComfyUI, A1111, kohya (one file)", "kohya"),
    ("PEFT", "peft"),
    ("diffusers", "diffusers"),
]


def build() -> dict[str, Any]:
    """The tab's widgets and handlers; returns what the page connects on load."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=7, min_width=320):
            cards = gr.HTML(js_on_load=OPEN_JS)
            choose = gr.Dropdown(
                [],
                label="Open an adapter",
                info="Or click its card: see what it is, rename it, take it with you.",
            )
            with gr.Column(visible=False) as manage:
                details, previews, new_name, rename, layout, download, trash, files = _details_view()
        with gr.Column(scale=4, min_width=320):
            upload, repo, name, add = _add_form()
            said = gr.HTML()
            bin_ = gr.Dropdown([], label="Trash", info="Choose one to bring it back.")
            restore = gr.Button("Restore")
    whole = [cards, choose, bin_]
    cards.select(open_card, [], [choose], **QUIET)
    choose.change(open_one, [choose], [manage, previews, details, new_name, files], **QUIET)
    for button, action, inputs in (
        (add, add_files, [upload, repo, name]),
        (rename, rename_one, [choose, new_name]),
        (trash, trash_one, [choose]),
        (restore, restore_one, [bin_]),
    ):
        button.click(action, inputs, [said], **HIDDEN).then(refresh, [], whole, **QUIET)
    download.click(make_download, [choose, layout], [files], **HIDDEN)
    return {"load": (refresh, [], whole)}


def _details_view() -> list[gr.components.Component]:
    details = gr.HTML()
    previews = gr.Gallery(label="Previews", columns=4, height="auto", visible=False, elem_classes="results")
    with gr.Row(equal_height=True):
        new_name = gr.Textbox(label="New name", max_length=80, scale=3)
        rename = gr.Button("Rename", scale=1)
    with gr.Row(equal_height=True):
        layout = gr.Dropdown(LAYOUTS, value="", label="For which tool", scale=3)
        download = gr.Button("Prepare download", scale=1)
    trash = gr.Button("Move to trash", size="sm")
    files = gr.File(label="Download", visible=False, interactive=False)
    return [details, previews, new_name, rename, layout, download, trash, files]


def _add_form() -> tuple[gr.File, gr.Textbox, gr.Textbox, gr.Button]:
    gr.HTML(
        pieces.step(
            0,
            "Add an adapter",
            "The file of any tool for FLUX, Stable Diffusion or a language model, or a zip.",
        )
    )
    upload = gr.File(
        label="Adapter file", file_types=[".safetensors", ".zip", ".json"], file_count="multiple", height=120
    )
    repo = gr.Textbox(label="Or its id on the hub", placeholder="owner/name", max_length=200)
    name = gr.Textbox(label="Name", max_length=80)
    return upload, repo, name, gr.Button("Add to the store", variant="primary")


def refresh() -> list[Any]:
    """The store as it is now."""
    store = Store()
    entries = store.list()
    html = '<div class="cards">' + "".join(_card(entry) for entry in entries) + "</div>"
    if not entries:
        html = pieces.empty("No adapters yet", "Train one in the first two tabs, or add a file here.")
    choices = [(entry.name, entry.slug) for entry in entries]
    return [html, gr.update(choices=choices, value=None), gr.update(choices=store.trashed(), value=None)]


def _card(entry: Entry) -> str:
    picture = (
        f'<img alt="" src="{pictures.uri(entry.preview)}">'
        if entry.preview
        else '<span class="quote">“ ”</span>'
    )
    calls = (
        "writes in its voice" if entry.kind == "voice" else f"“{entry.trigger}”" if entry.trigger else "image"
    )
    facts = f"rank {entry.rank} · {pieces.size(entry.size_bytes)} · {entry.licence or 'licence not stated'}"
    return (
        f'<button class="adapter" data-slug="{escape(entry.slug)}">{picture}<b>{escape(entry.name)}</b>'
        f"<span>{escape(calls)}</span><span>{escape(facts)}</span>"
        f"<span>{escape(entry.base or 'base not stated')}</span></button>"
    )


def open_card(event: gr.EventData) -> Any:
    """Choose the adapter whose card was clicked."""
    slug = getattr(event, "slug", None)
    known = {entry.slug for entry in Store().list()}
    return slug if slug in known else gr.skip()


def open_one(slug: str | None) -> list[Any]:
    """One adapter's previews, facts and name."""
    try:
        entry = Store().get(slug) if slug else None
    except LoraKitError:
        entry = None
    if entry is None:
        return [gr.update(visible=False), gr.update(visible=False), "", "", gr.update(visible=False)]
    paths = sorted((Store().folder / entry.slug / "previews").glob("*.png"))[-PREVIEWS_SHOWN:]
    images = [image for path in paths if (image := pictures.small(path)) is not None]
    rows = [
        (entry.trigger or "-", "words that call it"),
        (str(entry.rank), "rank"),
        (pieces.size(entry.size_bytes), "file"),
        (entry.base or "-", "base"),
        (entry.licence or "not stated", "licence of the base"),
        (entry.created[:10] or "-", "made"),
        (str(entry.card.get("tool") or "this studio"), "made with"),
    ]
    scores = entry.card.get("scores") or {}
    trained = (
        pieces.training_facts(scores | {"size_bytes": entry.size_bytes})
        if isinstance(scores, dict) and "share" in scores
        else ""
    )
    html = pieces.card(entry.name, pieces.facts(rows) + _spectrum(scores) + trained)
    return [
        gr.update(visible=True),
        gr.update(value=images, visible=bool(images)),
        html,
        entry.name,
        gr.update(visible=False),
    ]


def _spectrum(scores: Any) -> str:
    """How much of its rank an adapter uses, as bars; empty for a card that does not say."""
    stated = scores.get("spectrum") if isinstance(scores, dict) else None
    if not isinstance(stated, dict) or not stated.get("shares"):
        return ""
    try:
        shares = [float(share) for share in stated["shares"]]
        used, modules = float(stated["effective_rank"]), int(stated["modules"])
    except (TypeError, ValueError, KeyError):
        return ""
    top = max(*shares, 1e-9)
    bars = "".join(f'<i style="height:{max(2.0, 100 * share / top):.0f}%"></i>' for share in shares)
    said = f"{modules} layers; they use about {used:.1f} of {len(shares)} directions, a bar for each."
    return f'<div class="spectrum">{bars}</div><p class="badge">{escape(said)}</p>'


def add_files(files: list[str] | None, repo: str, name: str) -> str:
    """Add what was uploaded, or what is on the hub; several files together are one folder."""
    repo = (repo or "").strip()
    if not files and not repo:
        raise gr.Error("Choose a file or give a hub id first.", print_exception=False)
    try:
        if not files and not HUB_ID.fullmatch(repo):  # never a path on the server
            raise AdapterError(f"{repo}: is no hub id; give one of the form owner/name")
        paths = [Path(file) for file in files or []]
        source = repo if not paths else paths[0] if len(paths) == 1 else _together(paths)
        entry = Store().add(source, (name or "").strip() or None)
    except LoraKitError as error:
        return pieces.empty("This cannot be added", str(error))
    return pieces.empty(
        f"{entry.name} is in the store", f"rank {entry.rank}, {pieces.size(entry.size_bytes)}"
    )


def _together(paths: list[Path]) -> Path:
    folder = workspace.uploads_folder() / uuid.uuid4().hex[:12]
    folder.mkdir(parents=True)
    for path in paths:
        shutil.copy2(path, folder / path.name)
    return folder


def rename_one(slug: str | None, name: str) -> str:
    """Give the adapter another name; its folder follows."""
    return _told(
        slug,
        "Choose an adapter first.",
        lambda store, one: f"It is now called {store.rename(one, name or '').name}.",
    )


def trash_one(slug: str | None) -> str:
    """Move the adapter to the trash, from where it can come back."""

    def trash(store: Store, one: str) -> str:
        store.trash(one)
        return "It is in the trash, from where it can come back."

    return _told(slug, "Choose an adapter first.", trash)


def restore_one(slug: str | None) -> str:
    """Bring an adapter back."""
    return _told(
        slug, "Choose one in the trash first.", lambda store, one: f"{store.restore(one).name} is back."
    )


def _told(slug: str | None, missing: str, action: Callable[[Store, str], str]) -> str:
    if not slug:
        raise gr.Error(missing, print_exception=False)
    try:
        return pieces.empty("Done", action(Store(), slug))
    except LoraKitError as error:
        return pieces.empty("That did not work", str(error))


def make_download(slug: str | None, layout: str) -> Any:
    """The adapter as a zip, its own folder or in another tool's layout."""
    if not slug:
        raise gr.Error("Choose an adapter first.", print_exception=False)
    try:
        return gr.update(
            value=str(Store().export(slug, workspace.home() / "downloads", layout or None)), visible=True
        )
    except LoraKitError as error:
        raise gr.Error(str(error), print_exception=False) from error
