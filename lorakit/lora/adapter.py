"""An adapter in memory: low-rank factors per module, and the card that says what they are."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.lora.strength import Strength

__all__ = ["Adapter", "Card", "Factors", "Mix", "Strength", "readable", "version_of"]


@dataclass(frozen=True, eq=False)
class Factors:
    """The low-rank update of one layer: delta W = scale * up @ down.

    Shapes: Linear: `down` (rank, in), `up` (out, rank). Conv2d: `down` (rank, in, kh, kw), `up` (out, rank,
    1, 1). `scale` is alpha / rank (LoRA, arXiv 2106.09685, section 4.1) or alpha / sqrt(rank) with `rslora`
    (arXiv 2312.03732, section 3). `magnitude` makes it DoRA (arXiv 2402.09353, section 4): (out,) is one
    number per output row as in PEFT, (1, in) one per input column as OneTrainer and LyCORIS train it.
    """

    down: Tensor
    up: Tensor
    alpha: float
    magnitude: Tensor | None = None
    rslora: bool = False

    def __post_init__(self) -> None:
        if self.down.shape[0] != self.up.shape[1]:
            raise AdapterError(
                f"the factors have different ranks: down {tuple(self.down.shape)}, up "
                f"{tuple(self.up.shape)}; "
                "export the adapter again"
            )

    @property
    def rank(self) -> int:
        return self.down.shape[0]

    @property
    def scale(self) -> float:
        return self.alpha / (self.rank**0.5 if self.rslora else self.rank)

    def tensors(self) -> tuple[Tensor, ...]:
        """What is stored of the update, without its magnitude."""
        return self.down, self.up

    def everything(self) -> tuple[Tensor, ...]:
        """All that is stored of the update."""
        return self.tensors() if self.magnitude is None else (*self.tensors(), self.magnitude)

    def kron(self) -> tuple[Tensor, Tensor, slice] | None:
        """(left, right, rows): delta W = scale * (left (x) right)[rows], both float32, of a linear layer's
        update that is cheaper to run this way than by its factors; None of any other.
        """
        return None

    def delta(self) -> Tensor:
        """The dense float32 update of the layer's weight (out, in[, kh, kw]), without DoRA's magnitude."""
        dense = self.up.float().flatten(1) @ self.down.float().flatten(1)
        return (self.scale * dense).view(self.up.shape[0], *self.down.shape[1:])

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the layer weight this update fits."""
        return (self.up.shape[0], *self.down.shape[1:])


def readable(tensor: Tensor) -> Tensor:
    """fp8 is for storage only: bf16 holds every value of e4m3 and e5m2, and can be computed with."""
    return tensor.bfloat16() if tensor.element_size() == 1 else tensor


def version_of(tensor: Tensor) -> int:
    """Counts the times that a tensor was written to in place; 0 where nobody counts."""
    return 0 if tensor.is_inference() else tensor._version


def _are_finite(tensors: Sequence[Tensor]) -> bool:
    # A sum is one pass and shows every NaN and infinity; only a sum that overflows needs the slower look.
    sums = [readable(tensor).sum(dtype=torch.float32) for tensor in tensors]
    total = torch.stack([each.to(sums[0].device) for each in sums]).sum()
    return bool(torch.isfinite(total)) or all(bool(readable(t).isfinite().all()) for t in tensors)


@dataclass
class Card:
    """What a person wants to know of an adapter; stored as `card.json` beside it."""

    name: str = ""
    trigger: str = ""
    base: str = ""
    family: str = ""
    rank: int = 0
    alpha: float = 0.0
    recipe: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    licence: str = ""
    commercial: bool | None = None
    created: str = ""
    notes: str = ""
    tool: str = ""  # what wrote the file it was added from; empty when it was trained here
    sha256: str = ""
    scores: dict[str, Any] = field(default_factory=dict)
    partial: bool = False  # may it be applied to a base that has only some of its layers?

    def to_dict(self) -> dict[str, Any]:
        """The card as JSON-able data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Card":
        """A card from JSON data; unknown fields (of a later version) are left out."""
        known = {f.name for f in fields(cls)}
        return cls(**{key: value for key, value in data.items() if key in known})


@dataclass(eq=False)
class Adapter:
    """A named set of low-rank updates for one base family.

    Hashable by identity: it can be the key of a mix.
    """

    modules: dict[str, Factors]
    card: Card = field(default_factory=Card)
    source: str = ""
    # Whole weights that the file brings along, by name. They have to be the base's own: PEFT stores the head
    # and the word embeddings beside an update of them, changed or not.
    weights: dict[str, Tensor] = field(default_factory=dict)
    made_for: str = ""  # the kind of base in words, as far as the file's names and sizes tell it
    _found_finite: Any = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.modules:
            raise AdapterError(
                f"{self.source or 'the adapter'}: it contains no low-rank updates, so it has no effect"
            )

    @property
    def name(self) -> str:
        return self.card.name or self.source or "adapter"

    @property
    def family(self) -> str:
        return self.card.family

    @property
    def trigger(self) -> str:
        return self.card.trigger

    @property
    def rank(self) -> int:
        """The largest rank of any module."""
        return max(factors.rank for factors in self.modules.values())

    @property
    def parameters(self) -> int:
        """Number of trained values."""
        return sum(f.down.numel() + f.up.numel() for f in self.modules.values())

    def state(self) -> tuple[list[Factors], list[int]]:
        """What is another when an update takes another's place, or a tensor of one is written to."""
        updates = list(self.modules.values())
        return updates, [version_of(tensor) for factors in updates for tensor in factors.everything()]

    def check_finite(self) -> None:
        """Raise AdapterError naming the first module that holds NaN or infinite values."""
        now = self.state()
        if self._found_finite == now:
            return
        if not _are_finite([tensor for factors in now[0] for tensor in factors.everything()]):
            name = next(n for n, factors in self.modules.items() if not _are_finite(factors.everything()))
            raise AdapterError(
                f"{self.name}: {name} contains NaN or infinite values; train or download it again"
            )
        self._found_finite = now


Mix = Mapping[Adapter, float | Strength]
