"""Adding an adapter: a file of any tool, several that belong together, or one on Hugging Face."""

import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from markupsafe import Markup

from lorakit import units, workspace
from lorakit.errors import AdapterError
from lorakit.families import table
from lorakit.store.entries import Entry
from lorakit.store.store import Store
from lorakit.ui import visitors
from lorakit.ui.parts import pieces, shelf

# Of other kinds of file the store says what they are, which is more than that their type is wrong.
REFUSED_IN_WORDS = (".gguf", ".pt", ".pth", ".bin", ".ckpt", ".onnx", ".npz", ".7z", ".rar", ".gz", ".tar")


@dataclass(frozen=True)
class AddForm:
    """Where an adapter comes from, what it shall be called, and the button that adds it."""

    upload: gr.File
    repo: gr.Textbox
    name: gr.Textbox
    add: gr.Button

    @property
    def inputs(self) -> list[gr.components.Component]:
        """What `add` takes, and what is emptied afterwards."""
        return [self.upload, self.repo, self.name]


def form() -> AddForm:
    """The form, empty."""
    gr.HTML(
        pieces.step(
            0,
            "Add an adapter",
            "A file from any training tool, for FLUX, Stable Diffusion or a language model, or a ZIP. "
            "Up to 4 GB.",
        )
    )
    upload = gr.File(
        label="Adapter file",
        file_types=[".safetensors", ".zip", ".json", *REFUSED_IN_WORDS],
        file_count="multiple",
        height=120,
    )
    repo = gr.Textbox(
        label="Or its Hugging Face ID", placeholder="owner/name", max_length=200,
        info="Add @revision for a version, :file to pick one of several files.",
    )  # fmt: skip
    name = gr.Textbox(label="Name", placeholder="same as the file", max_length=80)
    return AddForm(upload, repo, name, gr.Button("Add adapter", variant="primary"))


def add(files: list[str] | None, repo: str, name: str) -> Entry:
    """Add what was uploaded, or what is on Hugging Face; several files together are one folder.

    Raises LoraKitError.
    """
    title = (name or "").strip() or None
    if files:
        paths = [Path(file) for file in files]
        return Store().add(paths[0] if len(paths) == 1 else _one_folder(paths), title)
    if not _is_hub_id(repo):  # never a path on the server
        raise AdapterError(f"{repo} isn't a Hugging Face ID. Use the form owner/name")
    # With the token of this machine for whoever runs it, and for nobody else.
    return Store().add_from_hub(repo, title, None if visitors.asking().operator else False)


def told(entry: Entry) -> Markup:
    """What was added, as HTML."""
    family = table.label(entry.family) or "an unknown base model"
    facts = f"From {shelf.tool(entry)}, for {family}, rank {entry.rank}, {units.size(entry.size_bytes)}."
    return pieces.empty(f"{entry.name} was added", facts)


def _is_hub_id(text: str) -> bool:
    from lorakit.formats import hub

    return hub.is_hub_id(text)


def _one_folder(paths: list[Path]) -> Path:
    folder = workspace.uploads_folder() / uuid.uuid4().hex[:12]
    folder.mkdir(parents=True)
    for path in paths:
        shutil.copy2(path, folder / path.name)
    return folder
