"""Low-rank arithmetic on whole updates: stacking, shortening, projecting. Everything in float32."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lorakit.lora.adapter import Factors

SKETCHED = 512  # shorter sides than this are decomposed exactly: it is fast enough there
SPARE = 16  # directions drawn beyond the rank
PASSES = 3  # power iterations: deltas of sparse methods have flat spectra, where a sketch needs them


@dataclass(frozen=True)
class LowRank:
    """One adapter's update of one module with its weight folded in: delta = up @ down, in float32."""

    down: Tensor
    up: Tensor

    @property
    def dense(self) -> Tensor:
        return self.up @ self.down


@dataclass(frozen=True)
class Truncated:
    """A shortened update; squared Frobenius norms of what is lost and of the whole."""

    part: LowRank
    lost: float = 0.0
    squared_norm: float = 1.0


def low_rank_of(factors: Factors, weight: float) -> LowRank:
    """An update with its weight and its scale folded in, convolutions flat."""
    return LowRank(factors.down.float().flatten(1), factors.up.float().flatten(1) * (weight * factors.scale))


def stacked(parts: list[LowRank]) -> LowRank:
    """The sum, exactly: ranks side by side."""
    return LowRank(torch.cat([part.down for part in parts]), torch.cat([part.up for part in parts], dim=1))


def truncated(whole: LowRank, rank: int) -> Truncated:
    """The nearest update of `rank` (Eckart-Young), from the factors alone."""
    left, r_left = torch.linalg.qr(whole.up)
    right, r_right = torch.linalg.qr(whole.down.T)
    u, s, vh = torch.linalg.svd(r_left @ r_right.T)
    energy = s.double().square()
    short = _halved(left @ u[:, :rank], s, vh[:rank] @ right.T)
    return Truncated(short, energy[rank:].sum().item(), energy.sum().item())


def truncated_dense(dense: Tensor, rank: int, generator: torch.Generator) -> Truncated:
    """The nearest update of `rank` to a matrix (out, in); for large ones nearly the nearest, from a random
    sketch (arXiv 0909.4061, algorithms 4.4 and 5.1). What is lost is that of the update returned, exactly.
    """
    squared_norm = dense.double().square().sum().item()
    if min(dense.shape) <= max(SKETCHED, 2 * (rank + SPARE)):
        u, s, vh = torch.linalg.svd(dense, full_matrices=False)
    else:
        drawn = torch.randn(dense.shape[1], rank + SPARE, generator=generator)
        basis = torch.linalg.qr(dense @ drawn).Q
        for _ in range(PASSES):
            basis = torch.linalg.qr(dense @ torch.linalg.qr(dense.T @ basis).Q).Q
        u, s, vh = torch.linalg.svd(basis.T @ dense, full_matrices=False)
        u = basis @ u
    kept = s[:rank].double().square().sum().item()
    return Truncated(_halved(u[:, :rank], s, vh[:rank]), max(0.0, squared_norm - kept), squared_norm)


def without_rows(part: LowRank, directions: Tensor) -> LowRank:
    """`part` made deaf to `directions` (k, in), which are orthonormal: delta (I - V^T V)."""
    return LowRank(part.down - (part.down @ directions.T) @ directions, part.up)


def principal_rows(part: LowRank, share: float) -> Tensor:
    """The fewest orthonormal input directions (k, in) that hold `share` of the update's squared size."""
    short = truncated(part, part.down.shape[0])
    rows = short.part.down
    energy = rows.double().square().sum(1).square()  # each row is sqrt(s) long
    if not energy.sum():
        return rows[:0]
    held = (energy / energy.sum()).cumsum(0)
    count = int((held < share - 1e-9).sum()) + 1
    return rows[:count] / rows[:count].norm(dim=1, keepdim=True)


def squared_norm(part: LowRank) -> float:
    """Squared Frobenius norm, from the factors."""
    return ((part.up.T @ part.up).double() * (part.down @ part.down.T).double()).sum().item()


def _halved(u: Tensor, s: Tensor, vh: Tensor) -> LowRank:
    """The square root of the singular values on either side: in 16 bits neither then runs out of range."""
    half = s[: u.shape[1]].sqrt()
    return LowRank(half[:, None] * vh, u * half)
