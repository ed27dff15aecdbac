"""A base without its weights: the true classes on the meta device, built from its configuration files alone.

Covers folders and hub ids; of a hub id only its small .json files are fetched. Not covered: single
checkpoint files, whose shapes are known only when they are read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from huggingface_hub import snapshot_download
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from lorakit.durable import read_json
from lorakit.errors import BaseError
from lorakit.families import (
    Base,
    Licence,
    Settings,
    _family_for,
    flux1,
    flux2,
    read_settings,
)
from lorakit.families.hub import loading
from lorakit.families.sources import INDEX, Source, resolve
from lorakit.families.stable_diffusion import SD15, SDXL
from lorakit.families.templates import complete

META = torch.device("meta")
CONFIGS = [INDEX, "*config.json", "scheduler/*.json", "tokenizer*", "vocab*", "merges.txt", "*.jinja"]
PARTS = ("transformer", "unet", "vae", "text_encoder", "text_encoder_2")


def shape_of(source: str, dtype: torch.dtype) -> Base:
    """The base's model, autoencoder and text encoders in `dtype`, with no values. Raises BaseError."""
    found = resolve(source)
    family = _family_for(found)
    with loading(found.shown):
        folder = _folder(found)
        if family.name == "llm":
            return _language_model(source, folder, dtype)
        pipeline = SimpleNamespace(**_parts(folder, dtype))
        component = family.functions.component
        settings, _ = read_settings(found.folder, _default(family.name, pipeline, read_json(folder / INDEX)))
        return Base(
            source, family.name, getattr(pipeline, component), META, dtype, Licence("", None),
            pipeline=pipeline, settings=settings,
        )  # fmt: skip


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


def _parts(folder: Path, dtype: torch.dtype) -> dict[str, Any]:
    index: dict[str, Any] = read_json(folder / INDEX)
    parts: dict[str, Any] = {}
    for name in PARTS:
        library, kind = index.get(name) or ("", None)
        if library and kind:
            parts[name] = _empty(getattr(import_module(library), kind), folder / name, dtype)
    library, kind = index["scheduler"]
    parts["scheduler"] = getattr(import_module(library), kind).from_pretrained(folder / "scheduler")
    return parts


def _empty(kind: Any, folder: Path, dtype: torch.dtype) -> torch.nn.Module:
    with META:
        if hasattr(kind, "load_config"):  # of diffusers
            model = kind.from_config(kind.load_config(folder)).to(dtype)
        else:
            # As loaded: what is no parameter, such as rotations, has the type that its class gives it.
            model = kind._from_config(kind.config_class.from_pretrained(folder), dtype=dtype)
    return model.eval().requires_grad_(False)


def _language_model(source: str, folder: Path, dtype: torch.dtype) -> Base:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with META:
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder), dtype=dtype)
    complete(tokenizer, model, source)
    settings, _ = read_settings(folder, Settings(area=0, steps=0, guidance=0.0, max_tokens=1024))
    model = model.eval().requires_grad_(False)
    return Base(source, "llm", model, META, dtype, Licence("", None), tokenizer=tokenizer, settings=settings)


def _default(family: str, pipeline: Any, index: dict[str, Any]) -> Settings:
    if family == "flux":
        return flux1.DEV if pipeline.transformer.config.guidance_embeds else flux1.SCHNELL
    if family == "flux2":
        return flux2.settings_of(index["_class_name"], index.get("is_distilled"))
    return {"sd15": SD15.settings, "sdxl": SDXL.settings}[family]
