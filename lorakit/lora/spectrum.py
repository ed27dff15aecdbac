"""How much of an adapter's rank is in use, and the same adapter with less: from the factors alone."""

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.lora import low_rank
from lorakit.lora.adapter import Adapter, Factors, readable

MOST_SHARES = 64


@dataclass(frozen=True)
class Spectrum:
    """`shares[k]`: part of the squared size of all updates that lies in their (k+1)-th directions, summing to
    1. `effective_rank`: the mean over modules of exp(entropy of the shares) (Roy and Vetterli 2007).
    `sizes`: Frobenius norm of each module's delta.
    """

    shares: list[float]
    effective_rank: float
    sizes: dict[str, float]

    def to_dict(self) -> dict[str, Any]:
        """What a card keeps: rounded shares of at most 64 directions, the effective rank, the modules."""
        return {
            "shares": [round(share, 5) for share in self.shares[:MOST_SHARES]],
            "effective_rank": round(self.effective_rank, 2),
            "modules": len(self.sizes),
        }


def singular_values(factors: Factors) -> Tensor:
    """Singular values (rank,) of the delta at weight 1, largest first.

    With up = Q1 R1 and down^T = Q2 R2 they are those of scale * R1 R2^T: rank x rank, never out x in.
    """
    left = torch.linalg.qr(factors.up.float().flatten(1), mode="r").R
    right = torch.linalg.qr(factors.down.float().flatten(1).T, mode="r").R
    return factors.scale * torch.linalg.svdvals(left @ right.T)


def spectrum(adapter: Adapter) -> Spectrum:
    """The spectrum of all updates of an adapter together; DoRA's magnitudes are left out."""
    total = torch.zeros(adapter.rank)
    sizes, ranks = {}, []
    for name, factors in adapter.modules.items():
        energy = singular_values(factors).square()
        total[: len(energy)] += energy
        sizes[name] = energy.sum().sqrt().item()
        part = energy / energy.sum().clamp(min=1e-30)
        ranks.append(torch.special.entr(part).sum().exp().item() if energy.any() else 0.0)
    return Spectrum((total / total.sum()).tolist(), sum(ranks) / len(ranks), sizes)


def shrink(adapter: Adapter, rank: int) -> Adapter:
    """The same adapter with at most `rank` directions in every module: the nearest there is (Eckart-Young).

    Its card's `scores["shrunk"]` = {"from": rank before, "rank", "energy": share (0..1) of the squared size
    of all updates that is kept, "bytes": size of the factors, "bytes_before"}. Factors keep their type, and
    DoRA its magnitudes. Raises AdapterError for a rank that is no whole number of at least 1, or not below
    the adapter's.
    """
    if isinstance(rank, bool) or not isinstance(rank, int) or not 1 <= rank < adapter.rank:
        raise AdapterError(
            f"{adapter.name}: rank {rank!r} is not between 1 and {adapter.rank - 1}, below the adapter's own"
        )
    adapter.check_finite()
    modules, lost, whole = {}, 0.0, 0.0
    for name, factors in adapter.modules.items():
        short = low_rank.truncated(_flat(factors), min(rank, factors.rank))
        lost, whole = lost + short.lost, whole + short.squared_norm
        modules[name] = _shaped(short.part, factors)
    card = replace(adapter.card, rank=rank, alpha=float(rank), scores=dict(adapter.card.scores))
    small = Adapter(modules, card, adapter.source)
    card.scores["spectrum"] = spectrum(small).to_dict()
    card.scores["shrunk"] = {
        "from": adapter.rank, "rank": rank, "energy": 1 - lost / whole if whole else 1.0,
        "bytes": _bytes(small), "bytes_before": _bytes(adapter),
    }  # fmt: skip
    return small


def _flat(factors: Factors) -> low_rank.LowRank:
    return low_rank.low_rank_of(replace(factors, down=readable(factors.down), up=readable(factors.up)), 1.0)


def _shaped(part: low_rank.LowRank, like: Factors) -> Factors:
    """`part` in the shapes and the types of the factors it came from."""
    rank, dtype = part.down.shape[0], readable(like.down).dtype
    down = part.down.contiguous().view(rank, *like.down.shape[1:]).to(dtype)
    up = part.up.contiguous().view(-1, rank, *like.up.shape[2:]).to(dtype)
    return Factors(down, up, float(rank), like.magnitude)


def _bytes(adapter: Adapter) -> int:
    return sum(
        math.prod(tensor.shape) * tensor.element_size()
        for factors in adapter.modules.values()
        for tensor in (factors.down, factors.up, factors.magnitude)
        if tensor is not None
    )
