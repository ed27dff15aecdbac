"""The state of a builder's training on disk: whole, or the one before it."""

from pathlib import Path
from typing import Any

import torch

from lorakit import durable


def save(state: dict[str, Any], path: Path) -> None:
    """Write `state` in the place of what `path` holds."""
    with durable.replacing(path) as temporary:
        torch.save(state, temporary)


def read(path: Path, device: str) -> dict[str, Any]:
    """The state in `path`; empty when there is none."""
    return torch.load(path, weights_only=True, map_location=device) if path.exists() else {}
