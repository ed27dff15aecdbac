"""How much of an adapter's rank is in use: singular values of its updates, from the factors alone."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lorakit.lora.adapter import Adapter, Factors

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

    def rank_for(self, share: float) -> int:
        """The smallest rank that keeps `share` (0..1) of the squared size."""
        kept = 0.0
        for rank, part in enumerate(self.shares, 1):
            kept += part
            if kept >= share - 1e-6:
                return rank
        return len(self.shares)


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
