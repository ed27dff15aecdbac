"""The parts of a pipeline without values: the true classes on the meta device, from their configurations."""

from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from lorakit.families.source import INDEX, read_index

META = torch.device("meta")
PARTS = ("transformer", "unet", "vae", "text_encoder", "text_encoder_2")


def parts_of(folder: Path, dtype: torch.dtype) -> SimpleNamespace:
    """The models that a folder's model_index.json lists, and its scheduler, by their names in it."""
    index = read_index(folder / INDEX)
    parts: dict[str, Any] = {}
    for name in PARTS:
        library, kind = index.get(name) or ("", None)
        if library and kind:
            parts[name] = _empty(getattr(import_module(library), kind), folder / name, dtype)
    library, kind = index["scheduler"]
    parts["scheduler"] = getattr(import_module(library), kind).from_pretrained(folder / "scheduler")
    return SimpleNamespace(**parts)


def _empty(kind: Any, folder: Path, dtype: torch.dtype) -> nn.Module:
    with META:
        if hasattr(kind, "load_config"):  # of diffusers
            model = kind.from_config(kind.load_config(folder)).to(dtype)
        else:
            # As loaded: what is no parameter, such as rotations, has the type that its class gives it.
            model = kind._from_config(kind.config_class.from_pretrained(folder), dtype=dtype)
    return model.eval().requires_grad_(False)
