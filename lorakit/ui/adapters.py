"""The Adapters tab: what is in the store, and adding, renaming, trashing and downloading."""

from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from lorakit import workspace
from lorakit.errors import LoraKitError
from lorakit.store import Entry, Store
from lorakit.ui import pieces


def build() -> dict[str, Any]:
    """The tab's widgets and handlers; returns what the page connects on load."""
    with gr.Row(equal_height=False):
        with gr.Column(scale=6, min_width=320):
            cards = gr.HTML()
            choose = gr.Dropdown([], label="Open an adapter", info="See what it is, rename it, take it with you.")
            previews = gr.Gallery(label="Previews", columns=4, height=220, visible=False)
            details = gr.HTML()
            with gr.Row():
                new_name = gr.Textbox(label="New name", max_length=80, scale=3)
                rename = gr.Button("Rename", scale=1)
            with gr.Row():
                download = gr.Button("Prepare download")
                trash = gr.Button("Move to trash")
            files = gr.File(label="Download", visible=False, interactive=False)
        with gr.Column(scale=4, min_width=320):
            gr.HTML(pieces.step(1, "Add an adapter", "A .safetensors file in diffusers layout, or a zip of a PEFT folder."))
            upload = gr.File(label="Adapter file", file_types=[".safetensors", ".zip", ".json"], file_count="multiple", height=120)
            name = gr.Textbox(label="Name", max_length=80)
            add = gr.Button("Add to the store", variant="primary")
            said = gr.HTML()
            bin_ = gr.Dropdown([], label="Trash", info="Choose one to bring it back.")
            restore = gr.Button("Restore")
    whole = [cards, choose, bin_]
    choose.change(open_one, [choose], [previews, details, new_name, files], api_visibility="private")
    add.click(add_files, [upload, name], [said], api_visibility="private").then(refresh, [], whole, api_visibility="private")
    rename.click(rename_one, [choose, new_name], [said], api_visibility="private").then(refresh, [], whole, api_visibility="private")
    trash.click(trash_one, [choose], [said], api_visibility="private").then(refresh, [], whole, api_visibility="private")
    restore.click(restore_one, [bin_], [said], api_visibility="private").then(refresh, [], whole, api_visibility="private")
    download.click(make_download, [choose], [files], api_visibility="private")
    return {"load": (refresh, [], whole)}


def refresh() -> list[Any]:
    """The store as it is now."""
    store = Store()
    entries = store.list()
    if not entries:
        html = pieces.empty("No adapters yet", "Train one in the first two tabs, or add a file on the right.")
    else:
        html = '<div class="facts">' + "".join(_card(entry) for entry in entries) + "</div>"
    return [html, gr.update(choices=[(e.name, e.slug) for e in entries], value=None), gr.update(choices=store.trashed(), value=None)]


def _card(entry: Entry) -> str:
    kind = "voice" if entry.kind == "voice" else f"“{entry.trigger}”" if entry.trigger else "image"
    about = f"{kind} · rank {entry.rank} · {pieces.size(entry.size_bytes)}"
    return f"<div><b>{escape(entry.name)}</b><span>{escape(about)}<br>{escape(entry.base or 'base not stated')}</span></div>"


def open_one(slug: str | None) -> list[Any]:
    """One adapter's previews, facts and name."""
    if not slug:
        return [gr.update(visible=False), "", "", gr.update(visible=False)]
    store = Store()
    entry = store.get(slug)
    pictures = sorted(str(path) for path in (store.folder / slug / "previews").glob("*.png"))
    rows = [
        (entry.trigger or "-", "words that call it"), (str(entry.rank), "rank"), (pieces.size(entry.size_bytes), "file"),
        (entry.base or "-", "base"), (entry.licence or "unknown", "licence of the base"), (entry.created[:10] or "-", "made"),
    ]  # fmt: skip
    scores = entry.card.get("scores") or {}
    html = pieces.facts(rows) + (pieces.training_facts(scores) if "share" in scores else "")
    return [gr.update(value=pictures, visible=bool(pictures)), html, entry.name, gr.update(visible=False)]


def add_files(files: list[str] | None, name: str) -> str:
    """Add what was uploaded; several files together are one folder (weights and their config)."""
    if not files:
        raise gr.Error("Choose a file first.", print_exception=False)
    try:
        paths = [Path(file) for file in files]
        source = paths[0] if len(paths) == 1 else _together(paths)
        entry = Store().add(source, (name or "").strip() or None)
    except LoraKitError as error:
        return pieces.empty("This cannot be added", str(error))
    return pieces.empty(f"{entry.name} is in the store", f"rank {entry.rank}, {pieces.size(entry.size_bytes)}")


def _together(paths: list[Path]) -> Path:
    import shutil
    import uuid

    folder = workspace.uploads_folder() / uuid.uuid4().hex[:12]
    folder.mkdir(parents=True)
    for path in paths:
        shutil.copy2(path, folder / path.name)
    return folder


def rename_one(slug: str | None, name: str) -> str:
    """Give the adapter another name; its folder follows."""
    return _told(slug, "Choose an adapter first.", lambda store, one: f"It is now called {store.rename(one, name or '').name}.")


def trash_one(slug: str | None) -> str:
    """Move the adapter to the trash, from where it can come back."""
    return _told(slug, "Choose an adapter first.", lambda store, one: (store.trash(one), "It is in the trash.")[1])


def restore_one(slug: str | None) -> str:
    """Bring an adapter back."""
    return _told(slug, "Choose one in the trash first.", lambda store, one: f"{store.restore(one).name} is back.")


def _told(slug: str | None, missing: str, action: Any) -> str:
    if not slug:
        raise gr.Error(missing, print_exception=False)
    try:
        return pieces.empty("Done", action(Store(), slug))
    except LoraKitError as error:
        return pieces.empty("That did not work", str(error))


def make_download(slug: str | None) -> Any:
    """The adapter's folder as a zip that any tool opens."""
    if not slug:
        raise gr.Error("Choose an adapter first.", print_exception=False)
    out = workspace.home() / "downloads"
    return gr.update(value=str(Store().export(slug, out)), visible=True)
