"""A base without its weights: the true classes on the meta device, built from its configuration files alone.

Covers folders and hub ids; of a hub id only its small .json files are fetched. Not covered: single
checkpoint files, whose shapes are known only when they are read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import snapshot_download
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from lorakit.errors import BaseError
from lorakit.families import row_for
from lorakit.families.base import Base, family_named
from lorakit.families.hub import loading
from lorakit.families.source import INDEX, Source
from lorakit.families.sources import resolve

CONFIGS = [INDEX, "*config.json", "scheduler/*.json", "tokenizer*", "vocab*", "merges.txt", "*.jinja"]


def shape_of(source: str, dtype: torch.dtype) -> Base:
    """The base's model, autoencoder and text encoders in `dtype`, with no values. Raises BaseError."""
    found = resolve(source)
    family = family_named(row_for(found).name)
    with loading(found.shown):
        return family.shape(found, _folder(found), dtype)


@contextmanager
def pretending(shape: Base, device: torch.device) -> Iterator[Base]:
    """`shape` with a model whose tensors hold nothing but claim to be on `device`, as all made inside do.

    Autocast picks a product's type by the device of its tensors and leaves those on "meta" alone, and some
    products have no form on "meta": only this way does a pass without values use the types of the real one.
    Changes the model of `shape`; the other parts stay on "meta", to be used in `unset_fake_temporarily`.
    """
    modules = list(shape.model.modules())
    owners: list[dict[str, Any]] = [d for m in modules for d in (m._parameters, m._buffers)]
    tensors = {id(part): part for owner in owners for part in owner.values() if part is not None}
    with FakeTensorMode(allow_non_fake_inputs=True):  # a scheduler's tables have values
        made = {key: _claimed(part, device) for key, part in tensors.items()}  # tied weights stay one
        for owner in owners:
            owner.update({name: made[id(part)] for name, part in owner.items() if part is not None})
        yield replace(shape, device=device)


def _claimed(part: torch.Tensor, device: torch.device) -> torch.Tensor:
    empty = torch.empty_strided(part.shape, part.stride(), dtype=part.dtype, device=device)
    return nn.Parameter(empty, part.requires_grad) if isinstance(part, nn.Parameter) else empty


def _folder(source: Source) -> Path:
    if source.folder:
        return source.folder
    if source.file:
        raise BaseError(
            f"{source.shown}: of a single file the memory is known only once it is read; "
            "save it as a folder to see it before"
        )
    return Path(snapshot_download(source.repo, revision=source.revision, allow_patterns=CONFIGS))
