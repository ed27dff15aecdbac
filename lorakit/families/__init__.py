"""Base models, one file per family. Nothing else in lorakit imports diffusers or transformers.

A family is a module, or an object in one, that has the functions of `ImageFamily` or `TextFamily`; a new one
is one file and one row of `FAMILIES`.
"""

import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lorakit.errors import BaseError
from lorakit.families.licences import Licence
from lorakit.families.sources import CAUSAL_LM, Source, resolve

if TYPE_CHECKING:
    import torch
    from PIL import Image
    from torch import Tensor, nn

# Said before the libraries are imported: they warn of optional packages that nothing here uses.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault(
    "CUBLAS_WORKSPACE_CONFIG", ":4096:8"
)  # with which products on CUDA always come out alike
for _library in ("bitsandbytes", "huggingface_hub"):
    logging.getLogger(_library).setLevel(logging.ERROR)


@dataclass(frozen=True)
class Family:
    """Where a family's functions are, and how its bases are told without loading anything."""

    name: str
    where: str  # a module, or module:object
    holds: tuple[str, ...]  # what sources.Source.holds says of its bases
    ids: tuple[str, ...] = ()  # parts of hub ids, in lower case

    @property
    def functions(self) -> Any:
        module, _, name = self.where.partition(":")
        return getattr(import_module(module), name) if name else import_module(module)


FAMILIES = (
    Family("flux", "lorakit.families.flux1", ("FluxPipeline",), ("flux.1",)),
    Family("flux2", "lorakit.families.flux2", ("Flux2Pipeline", "Flux2KleinPipeline"), ("flux.2",)),
    Family(
        "sdxl", "lorakit.families.stable_diffusion:SDXL", ("StableDiffusionXLPipeline",),
        ("stable-diffusion-xl-base", "sdxl"),
    ),
    Family(
        "sd15", "lorakit.families.stable_diffusion:SD15", ("StableDiffusionPipeline",),
        ("stable-diffusion-v1",),
    ),
    Family("llm", "lorakit.families.causal_lm", (CAUSAL_LM,)),
)  # fmt: skip

# Parts of hub ids of bases that share a supported one's name, in lower case -> what they are.
VARIANTS = {
    "flux.1-kontext": "is FLUX.1 Kontext, which changes pictures by instruction",
    "flux.1-fill": "is FLUX.1 Fill, which paints into pictures",
    "flux.1-canny": "is FLUX.1 Canny, which follows outlines",
    "flux.1-depth": "is FLUX.1 Depth, which follows depth maps",
    "flux.1-redux": "is FLUX.1 Redux, which varies pictures",
}


@dataclass(frozen=True)
class Settings:
    """What a base works best with; a base folder may state its own in `lorakit.json`."""

    area: int = 1024 * 1024  # pixels of the pictures it was trained on
    steps: int = 28
    guidance: float = 3.5
    max_tokens: int = 512
    demonstration: bool = False  # a small model that shows the way, not the quality


@dataclass(frozen=True)
class Objective:
    """What a base was trained to predict: a function of lorakit.training.objectives.

    `signal` (T,) is the share of signal (alpha bar) at each timestep of a diffusion base; None for flows.
    """

    name: str
    signal: "Tensor | None" = None


@dataclass
class Base:
    """A loaded base model. `model` is what adapters target: the denoiser or the language model."""

    source: str
    family: str
    model: "nn.Module"
    device: "torch.device"
    dtype: "torch.dtype"
    licence: Licence
    pipeline: Any = None
    tokenizer: Any = None
    quantized: str | None = None
    offloaded: bool = False  # its blocks wait in the host's memory
    settings: Settings = field(default_factory=Settings)


class ImageFamily(Protocol):
    """Functions of a family of image bases. Latents are (B, C, h, w), normalised and unpacked.

    Times `t` are those of the base's objective: 0..1 for flows (1 is noise), whole timesteps for diffusion.
    """

    name: str
    step: int  # both sides of a picture are multiples of this many pixels
    cell: int  # both sides of a place in the latents, in pixels
    component: str  # of the pipeline, that adapters are for: "transformer" | "unet"

    def load(
        self, source: Source, device: "torch.device", dtype: "torch.dtype | None", quantize: str | None
    ) -> Base: ...
    def targets(self, base: Base, convolutions: bool = False) -> list[str]: ...
    def objective(self, base: Base) -> Objective: ...
    def encode_images(self, base: Base, pixels: "Tensor") -> "Tensor": ...
    def encode_prompts(self, base: Base, prompts: Sequence[str]) -> "dict[str, Tensor]": ...
    def describe_photo(
        self, base: Base, original: tuple[int, int], bucket: tuple[int, int]
    ) -> "dict[str, Tensor]": ...
    def blank(
        self, base: Base, batch: int, width: int, height: int
    ) -> "tuple[Tensor, dict[str, Tensor]]": ...
    def free_encoders(self, base: Base) -> None: ...
    def predict(
        self, base: Base, latents: "Tensor", t: "Tensor", conditioning: "dict[str, Tensor]"
    ) -> "Tensor": ...
    def sample(
        self,
        base: Base,
        conditioning: "dict[str, Tensor]",
        negative: "dict[str, Tensor] | None",
        width: int,
        height: int,
        seeds: Sequence[int],
        steps: int,
        guidance: float,
        on_step: Callable[[int], None] | None = None,
    ) -> "list[Image.Image]": ...


class TextFamily(Protocol):
    """Functions of a family of text bases."""

    name: str

    def load(
        self, source: Source, device: "torch.device", dtype: "torch.dtype | None", quantize: str | None
    ) -> Base: ...
    def targets(self, base: Base) -> list[str]: ...
    def predict(
        self,
        base: Base,
        tokens: "Tensor",
        mask: "Tensor",
        positions: "Tensor | None" = None,
        places: "Tensor | None" = None,
    ) -> "Tensor": ...
    def generate(
        self,
        base: Base,
        messages: Sequence[list[dict[str, str]]],
        seeds: Sequence[int],
        max_new_tokens: int | Sequence[int],
        temperature: float,
        top_p: float,
        on_text: Callable[[int, str], None] | None = None,
    ) -> list[str]: ...


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
    family = _family_for(found).functions
    if offload:
        base = family.load(found, torch.device("cpu"), best_dtype(place, dtype), quantize)
        _offload(base, place)
    else:
        base = family.load(found, place, dtype, quantize)
    base.source = source
    base.model.eval().requires_grad_(False)
    return base


def _offload(base: Base, device: "torch.device") -> None:
    import torch

    from lorakit.families.memory import swap_blocks

    swap_blocks(base.model, device, torch.device("cpu"))
    if base.pipeline is not None:
        base.pipeline.vae.to(device)
    base.device, base.offloaded = device, True


def family_of(base: "Base | str") -> Any:
    """The family of a loaded base, or of a source that can be told without loading it."""
    if isinstance(base, str):
        return _family_for(resolve(base)).functions
    for family in FAMILIES:
        if family.name == base.family:
            return family.functions
    raise BaseError(f"{base.family}: no such family; {SUPPORTED}")


def read_settings(folder: Path | None, default: Settings) -> tuple[Settings, Licence | None]:
    """The settings and licence a base folder states in `lorakit.json`.

    `default` and None when it has no such file.
    """
    path = folder / "lorakit.json" if folder else None
    if path is None or not path.is_file():
        return default, None
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
        licence = Licence(**stated["licence"]) if "licence" in stated else None
        known = {name: stated.get(name, value) for name, value in vars(default).items()}
        return Settings(**known), licence
    except (ValueError, TypeError) as error:
        raise BaseError(
            f"{path.name} of this base cannot be read ({error}); repair it or remove it"
        ) from error


def _family_for(source: Source) -> Family:
    named = source.repo.lower()
    if variant := next((words for part, words in VARIANTS.items() if part in named), ""):
        raise BaseError(f"{source.text}: {variant}, which is not supported; use FLUX.1-dev or FLUX.1-schnell")
    for family in FAMILIES:
        if source.holds in family.holds or any(part in named for part in family.ids):
            return family
    if not source.repo:
        what = f"is a {source.holds}" if source.holds else "not a base as diffusers or transformers save it"
        raise BaseError(f"{source.shown}: {what}; {SUPPORTED}")
    from lorakit.families.hub import holds

    found = holds(source)
    for family in FAMILIES:
        if found in family.holds:
            return family
    raise BaseError(f"{source.text}: is a {found}, which is not supported; {SUPPORTED}")


SUPPORTED = f"supported are {', '.join(family.name for family in FAMILIES)}"
