"""Checkpoints: all that the loop knows, written aside, manifest last.

A checkpoint is a folder `step-<number>`; it counts only when its manifest is there and names the digest of
its state. The two newest are kept, so that a damaged one costs only the steps since the one before.
"""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from lorakit import durable
from lorakit.errors import LoraKitError, RecipeError

KEPT = 2
FULL = (errno.ENOSPC, errno.EDQUOT)
ROOM = 1 << 20  # bytes; with less a disk counts as full


def save(folder: Path, step: int, state: dict[str, Any], identity: str) -> Path:
    """Write `state` (tensors and plain values) as the checkpoint of `step` of the run called `identity`.

    Raises LoraKitError when the disk is full; the checkpoints before stay.
    """
    target = folder / f"step-{step:08d}"
    with _room_needed(folder, step), durable.replacing_folder(target) as unfinished:
        with open(unfinished / "state.pt", "wb") as file:
            torch.save(state, file)
        digest = durable.sha256(unfinished / "state.pt")
        durable.write_json(
            unfinished / "manifest.json", {"step": step, "identity": identity, "sha256": digest}
        )
    for old in (*sorted(folder.glob("step-*"))[:-KEPT], *folder.glob(".step-*")):  # and what a kill left
        shutil.rmtree(old, ignore_errors=True)
    return target


def newest(folder: Path) -> int | None:
    """The step of the newest checkpoint, as its name says; None when there is none."""
    names = [candidate.name for candidate in folder.glob("step-*")]
    return max((int(name.removeprefix("step-")) for name in names), default=None)


@contextmanager
def _room_needed(folder: Path, step: int) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:
        # torch's writer hides what the disk said.
        full = getattr(error, "errno", None) in FULL or (
            not isinstance(error, OSError) and shutil.disk_usage(folder).free < ROOM
        )
        if not full:
            raise
        kept = newest(folder)
        goes_on = f"it resumes at step {kept}" if kept is not None else "it starts over"
        raise LoraKitError(
            f"checkpoint: the disk is full at step {step}; free up space and start the training again: "
            f"{goes_on}"
        ) from error


def latest(folder: Path, identity: str) -> dict[str, Any] | None:
    """The state of the newest whole checkpoint, or None.

    Raises RecipeError when the folder belongs to another run: continuing it would silently mix two trainings.
    """
    for candidate in sorted(folder.glob("step-*"), reverse=True):
        try:
            manifest = durable.read_json(candidate / "manifest.json")
            if manifest["sha256"] != durable.sha256(candidate / "state.pt"):
                continue
        except (OSError, ValueError, KeyError):
            continue
        if manifest["identity"] != identity:
            raise RecipeError(
                "the checkpoints here are from a training with different data, base model or settings; "
                "choose another name, or start over (in the terminal --restart, in Python resume=False)"
            )
        return torch.load(candidate / "state.pt", weights_only=True, map_location="cpu")
    return None


def clear(folder: Path) -> None:
    """Remove all checkpoints, once their adapter is saved."""
    shutil.rmtree(folder, ignore_errors=True)
