"""Base models, one class per family. Nothing else in lorakit imports diffusers or transformers.

What is known of a family without loading anything is a row of `table`; a new one is a row and its class,
which is an `image.ImageFamily` or a `TextFamily`.
"""

import logging
import os
from typing import TYPE_CHECKING

from lorakit.errors import BaseError
from lorakit.families.base import Base, Family, Objective, TextFamily, family_named, supported
from lorakit.families.facts import FamilyRow, Licence, Settings
from lorakit.families.source import Source
from lorakit.families.sources import resolve
from lorakit.families.table import ROWS

if TYPE_CHECKING:
    import torch

__all__ = [
    "Base", "Family", "FamilyRow", "Licence", "Objective", "Settings", "TextFamily",
    "family_named", "load_base", "row_for", "row_of",
]  # fmt: skip

# Said before the libraries are imported: they warn of optional packages that nothing here uses.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault(
    "CUBLAS_WORKSPACE_CONFIG", ":4096:8"
)  # with which products on CUDA always come out alike
for _library in ("bitsandbytes", "huggingface_hub"):
    logging.getLogger(_library).setLevel(logging.ERROR)


def load_base(
    source: str,
    device: "str | torch.device | None" = None,
    dtype: "torch.dtype | None" = None,
    quantize: str | None = None,
    offload: bool = False,
) -> Base:
    """Load a base: "starter-image", "starter-text", a folder, a .safetensors file, or owner/name[@revision].

    `device` defaults to the best one present; `dtype` to what the family runs best in there; `quantize`
    "nf4" keeps the linear weights in 4 bits; with `offload` the model's blocks wait in the host's memory and
    come to the device one at a time, which is slower. Raises BaseError, naming what is missing.
    """
    import torch

    from lorakit.families.numbers import best_dtype, default_device

    if quantize not in (None, "nf4"):
        raise BaseError(f"quantize={quantize!r} is not supported; use 'nf4' or leave it out")
    place = torch.device(device) if device else default_device()
    if place.type == "cuda" and not torch.cuda.is_available():
        raise BaseError(
            f"device {place} was asked for, but this machine has no CUDA device; use device='cpu'"
        )
    found = resolve(source)
    family = family_named(row_for(found).name)
    if offload:
        base = family.load(found, torch.device("cpu"), best_dtype(place, dtype), quantize)
        family.offload(base, place)
    else:
        base = family.load(found, place, dtype, quantize)
    base.source = source
    base.model.eval().requires_grad_(False)
    return base


def row_of(source: str) -> FamilyRow:
    """The family of a base that is not loaded, as its row. Raises BaseError."""
    return row_for(resolve(source))


def row_for(source: Source) -> FamilyRow:
    """The row of the family that a resolved source is of. Raises BaseError when it is of none."""
    named = source.repo.lower()
    for row in ROWS.values():
        if why := next((why for part, why in row.variants.items() if part in named), ""):
            raise BaseError(f"{source.text}: {why}, which is not supported; use {row.instead}")
    for row in ROWS.values():
        if source.holds in row.holds or row.is_called(named):
            return row
    if not source.repo:
        what = f"is a {source.holds}" if source.holds else "not a base as diffusers or transformers save it"
        raise BaseError(f"{source.shown}: {what}; {supported()}")
    from lorakit.families.hub import holds

    found = holds(source)
    for row in ROWS.values():
        if found in row.holds:
            return row
    raise BaseError(f"{source.text} is a {found}, which is not supported; {supported()}")
