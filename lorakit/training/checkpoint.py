"""Checkpoints: all that the loop knows, written aside, manifest last.

A checkpoint is a folder `step-<number>`; it counts only when its manifest is there and names the digest of
its state. The two newest are kept, so that a damaged one costs only the steps since the one before.
"""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import torch

from lorakit import durable
from lorakit.errors import RecipeError

KEPT = 2


def save(folder: Path, step: int, state: dict[str, Any], identity: str) -> Path:
    """Write `state` (tensors and plain values) as the checkpoint of `step` of the run called `identity`."""
    target = folder / f"step-{step:08d}"
    with durable.replacing_folder(target) as aside:
        torch.save(state, aside / "state.pt")
        digest = _digest(aside / "state.pt")
        durable.write_json(aside / "manifest.json", {"step": step, "identity": identity, "sha256": digest})
    for old in sorted(folder.glob("step-*"))[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def latest(folder: Path, identity: str) -> dict[str, Any] | None:
    """The state of the newest whole checkpoint, or None.

    Raises RecipeError when the folder belongs to another run: continuing it would silently mix two trainings.
    """
    for candidate in sorted(folder.glob("step-*"), reverse=True):
        try:
            manifest = durable.read_json(candidate / "manifest.json")
            if manifest["sha256"] != _digest(candidate / "state.pt"):
                continue
        except (OSError, ValueError, KeyError):
            continue
        if manifest["identity"] != identity:
            raise RecipeError(
                "the checkpoints in this folder are of a training with other data, base or settings; choose "
                "another name for the new one, or start it with resume=False"
            )
        return torch.load(candidate / "state.pt", weights_only=True, map_location="cpu")
    return None


def clear(folder: Path) -> None:
    """Remove all checkpoints, once their adapter is saved."""
    shutil.rmtree(folder, ignore_errors=True)


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
