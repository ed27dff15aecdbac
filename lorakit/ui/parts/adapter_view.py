"""One adapter that was opened: what it is, where it is used, and what can be done with it."""

from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit import workspace
from lorakit.errors import LoraKitError
from lorakit.store.entries import Entry
from lorakit.store.store import Store
from lorakit.ui import visitors
from lorakit.ui.parts import pictures, pieces, shelf, tuning
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates
from lorakit.ui.parts.scripts import script

PREVIEWS_SHOWN = 12
LAYOUTS = [
    ("Original folder (diffusers; PEFT for voices)", ""),
    ("ComfyUI, A1111, kohya (one file)", "kohya"),
    ("PEFT", "peft"),
    ("diffusers", "diffusers"),
]
# What was opened stands below a long shelf on a phone.
SHOW: dict[str, Any] = {"fn": None, "js": script("show-adapter"), **QUIET}
CHOOSE_FIRST = "Choose an adapter first."


@dataclass(frozen=True)
class AdapterView:
    """The widgets of the adapter that is open; `panel` holds all of them."""

    panel: gr.Column
    details: gr.HTML
    make: gr.Button
    write: gr.Button
    previews: gr.Gallery
    layout: gr.Dropdown
    download: gr.Button
    partial: gr.Checkbox
    files: gr.File
    change: gr.Accordion
    new_name: gr.Textbox
    rename: gr.Button
    target: gr.Textbox
    publish: gr.Button
    private: gr.Checkbox
    published: gr.HTML
    trash: gr.Button

    @property
    def operators(self) -> list[Any]:
        """What only the operator sees."""
        return [self.change, self.partial, self.trash]

    def connect(self, choose: gr.Dropdown) -> None:
        """It shows the adapter that `choose` has open."""
        shown = [
            self.panel, self.details, self.make, self.write, self.previews, self.new_name, self.files,
            self.published, self.partial,
        ]  # fmt: skip
        choose.change(self.open_one, [choose], shown, **QUIET).then(**SHOW)
        self.download.click(make_download, [choose, self.layout], [self.files], **HIDDEN)
        inputs = [choose, self.target, self.private]
        self.publish.click(publish_one, inputs, [self.published], **HIDDEN)

    def open_one(self, slug: str | None) -> Updates:
        """One adapter's previews, facts, name and whether it may be used in part; hidden for none."""
        entry = _entry(slug)
        hidden = gr.update(visible=False)
        if entry is None:
            return {self.panel: hidden, self.previews: hidden, self.details: "", self.files: hidden}
        paths = sorted((Store().folder / entry.slug / "previews").glob("*.png"))[-PREVIEWS_SHOWN:]
        images = [image for path in paths if (image := pictures.small(path)) is not None]
        return {
            self.panel: gr.update(visible=True),
            self.details: shelf.details(entry),
            self.make: gr.update(visible=entry.kind == "image"),
            self.write: gr.update(visible=entry.kind == "voice"),
            self.previews: gr.update(value=images, visible=bool(images)),
            self.new_name: entry.name,
            self.files: hidden,
            self.published: "",
            self.partial: entry.card.get("partial") is True,
        }


def view(choose: gr.Dropdown) -> AdapterView:
    """Nothing open yet; for the adapter that `choose` has open."""
    with gr.Column(visible=False, elem_classes="adapter-open") as panel:
        details = gr.HTML()
        with gr.Row():
            make = gr.Button("Make scenes with it", variant="primary", visible=False)
            write = gr.Button("Write with it", variant="primary", visible=False)
        previews = gr.Gallery(
            label="Previews", columns=4, height="auto", visible=False, elem_classes="results"
        )
        tuning.panel(choose)
        with gr.Row(equal_height=True):
            layout = gr.Dropdown(LAYOUTS, value="", label="Export for", scale=3)
            download = gr.Button("Create download", scale=1)
        files = gr.File(label="Download", visible=False, interactive=False)
        partial = gr.Checkbox(
            label="Use in part",
            info="Also on a base model that has only some of its layers. What is missing has no effect.",
        )
        with gr.Accordion("Rename or publish", open=False) as change:
            with gr.Row(equal_height=True):
                new_name = gr.Textbox(label="New name", max_length=80, scale=3)
                rename = gr.Button("Rename", scale=1)
            with gr.Row(equal_height=True):
                target = gr.Textbox(
                    label="Hugging Face repository", placeholder="owner/name", max_length=100, scale=3,
                    info="Uses the HF_TOKEN set on this machine. A model card is added for you.",
                )  # fmt: skip
                publish = gr.Button("Publish", scale=1)
            private = gr.Checkbox(True, label="Keep it private")
            published = gr.HTML()
        trash = gr.Button("Move to trash", size="sm")
    return AdapterView(
        panel, details, make, write, previews, layout, download, partial, files, change, new_name, rename,
        target, publish, private, published, trash,
    )  # fmt: skip


def publish_one(slug: str | None, repo: str, private: bool) -> Markup:
    """Upload the adapter to Hugging Face with the token of the machine this runs on."""
    if not slug:
        raise gr.Error(CHOOSE_FIRST, print_exception=False)
    try:
        visitors.operator_only("Publishing an adapter")
        address = Store().publish(slug, (repo or "").strip(), bool(private))
        return pieces.empty("Done", f"Published at {address}")
    except LoraKitError as error:
        return pieces.empty("That did not work", str(error))


def make_download(slug: str | None, layout: str) -> Any:
    """The adapter as a ZIP, its own folder or in another tool's layout."""
    if not slug:
        raise gr.Error(CHOOSE_FIRST, print_exception=False)
    try:
        path = Store().export(slug, workspace.home() / "downloads", layout or None)
        return gr.update(value=str(path), visible=True)
    except LoraKitError as error:
        raise pieces.problem(error) from error


def _entry(slug: str | None) -> Entry | None:
    try:
        return Store().get(slug) if slug else None
    except LoraKitError:
        return None
