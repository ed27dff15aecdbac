"""A loaded base, and what every family of bases answers. No torch here."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lorakit.errors import BaseError
from lorakit.families.facts import FamilyRow, Licence, Makes, Settings
from lorakit.families.source import Source
from lorakit.families.table import ROWS

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


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

    @cached_property
    def kind(self) -> Any:
        """Its family: an `image.ImageFamily` or a `TextFamily`."""
        return family_named(self.family)


@lru_cache
def _family(row_name: str, where: str) -> "Family":
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)(ROWS[row_name])


def family_named(name: str) -> "Family":
    """The family of this name, with its libraries imported. Raises BaseError when there is none."""
    if name not in ROWS:
        raise BaseError(f"{name}: no such family; {supported()}")
    return _family(name, ROWS[name].where)


def supported() -> str:
    """Which families there are, within a sentence."""
    return f"supported are {', '.join(ROWS)}"


class Family(ABC):
    """What all families answer. One object serves all bases of its family, and keeps nothing of any."""

    may_have_experts = False  # stacks of experts, whose products have no form on the meta device
    finds_targets = False  # looks for the layers to train, so that some weights may have no update

    def __init__(self, row: FamilyRow):
        self.row = row

    @property
    def name(self) -> str:
        return self.row.name

    @property
    def makes(self) -> Makes:
        """What its bases make: "image" or "text"."""
        return self.row.makes

    @property
    def layout(self) -> str:
        """The layout of adapter files that the ecosystem expects."""
        return self.row.layout

    @property
    def component(self) -> str:
        """The part of a pipeline that adapters are for; empty when a base is one model."""
        return self.row.component

    @property
    def prefix(self) -> str:
        """What stands before a module's name in an adapter."""
        return f"{self.component}." if self.component else ""

    @abstractmethod
    def load(
        self, source: Source, device: "torch.device", dtype: "torch.dtype | None", quantize: str | None
    ) -> Base:
        """Load a base; `dtype` None takes what its device works best with. Raises BaseError."""

    @abstractmethod
    def shape(self, source: Source, folder: Path, dtype: "torch.dtype") -> Base:
        """The base without values, on the meta device, from the configurations in `folder`."""

    @abstractmethod
    def targets(self, base: Base, convolutions: bool = False) -> list[str]:
        """The layers that a training gives an update, by name; some families have convolutions beside."""

    def parts(self, base: Base) -> "dict[str, nn.Module]":
        """What works beside the model, by name."""
        return {}

    def offload(self, base: Base, device: "torch.device") -> None:
        """Let the blocks of a base on the CPU wait there, and work on `device`."""
        import torch

        from lorakit.families.memory import swap_blocks

        swap_blocks(base.model, device, torch.device("cpu"))
        base.device, base.offloaded = device, True


class TextFamily(Family):
    """What families of text bases answer besides."""

    finds_targets = True

    @abstractmethod
    def predict(
        self,
        base: Base,
        tokens: "Tensor",
        mask: "Tensor | None",
        positions: "Tensor | None" = None,
        places: "Tensor | None" = None,
    ) -> "Tensor":
        """Logits (B, T, V) of the next token at every place; `mask` (B, T) is 1 where there is text.

        With `places` (K,) only of those, (B, K, V). `positions` (B, T) are given when rows hold several
        texts: they begin anew with each, and none may see another.
        """

    @abstractmethod
    def generate(
        self,
        base: Base,
        messages: Sequence[list[dict[str, str]]],
        seeds: Sequence[int],
        max_new_tokens: int | Sequence[int],
        temperature: float,
        top_p: float,
        on_text: Callable[[int, str], None] | None = None,
    ) -> Sequence[str]:
        """Answer each conversation. A row draws from its own seed: its text does not depend on its
        neighbours. `max_new_tokens` is one limit for all, or one for each; `on_text(row, piece)` gets the
        text as it grows.
        """
