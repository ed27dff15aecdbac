"""Files of texts as a person gives them: kept in the workspace, in the encoding that the person says."""

import shutil
import uuid
from pathlib import Path

import gradio as gr

from lorakit import workspace
from lorakit.data.tables.decoding import LABELS
from lorakit.data.tables.lines import recoded


def encoding() -> gr.Dropdown:
    """How the text of an uploaded file is read, for when it was detected wrong."""
    choices = [("Detect automatically", ""), *((label, name) for name, label in LABELS.items())]
    return gr.Dropdown(choices, value="", label="Text encoding", info="Change it if characters look wrong.")


def keep(file: str, encoding: str = "") -> Path:
    """A copy of an upload in the workspace; as UTF-8, when its encoding was named. Raises DataError."""
    target = workspace.uploads_folder() / uuid.uuid4().hex[:12] / Path(file).name
    target.parent.mkdir(parents=True)
    if encoding:
        recoded(Path(file), target, encoding)
    else:
        shutil.copy2(file, target)
    return target
