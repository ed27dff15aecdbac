"""What several low-rank updates are to each other, from their factors alone: no product of out x in.

With delta_i = up_i down_i, all that is asked for here (inner products, norms, overlaps of row and column
spaces) follows from the two Gram matrices A_ij = up_i^T up_j and B_ij = down_i down_j^T, which are as small
as the ranks. Layers that hold the same adapters are computed as one batch.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lorakit.lora.adapter import Factors, readable

SMALLEST = 1e-30
TOGETHER = 2**22  # values of Gram matrices at once: LoHa and LoKr, multiplied out, have ranks of hundreds


@dataclass(frozen=True)
class Relations:
    """The updates of L layers that the same n adapters have one for, at weight 1 and with their scales.

    `products` (L, n, n): <delta_i, delta_j>, the squared norms on the diagonal. `rows`, `columns` (L, n, n):
    overlap of the row spaces (what two updates listen to) and of the column spaces (what they write to),
    0 to 1. All in float64, on the CPU.
    """

    layers: list[str]
    adapters: tuple[int, ...]
    products: Tensor
    rows: Tensor
    columns: Tensor


def relations(layers: Mapping[str, Sequence[tuple[int, Factors]]]) -> list[Relations]:
    """How the updates of each layer = [(index of its adapter, factors)] relate, layers of a kind together."""
    groups: dict[tuple, list[str]] = {}
    for name, parts in layers.items():
        kind = tuple(i for i, _ in parts), tuple(factors.rank for _, factors in parts)
        groups.setdefault(kind, []).append(name)
    sheets: dict[tuple, Tensor] = {}
    found = []
    for (adapters, ranks), whole in groups.items():
        together = max(1, TOGETHER // sum(ranks) ** 2)
        for names in (whole[i : i + together] for i in range(0, len(whole), together)):
            found.append(_of(names, adapters, ranks, layers, sheets))
    return found


def _of(
    names: list[str],
    adapters: tuple[int, ...],
    ranks: tuple[int, ...],
    layers: Mapping[str, Sequence[tuple[int, Factors]]],
    sheets: dict[tuple, Tensor],
) -> Relations:
    grams = [_grams([factors for _, factors in layers[name]], ranks, sheets) for name in names]
    a, b = (torch.stack(each).cpu().double() for each in zip(*grams, strict=True))
    scales = torch.tensor([[factors.scale for _, factors in layers[name]] for name in names])
    scale = scales.double().repeat_interleave(torch.tensor(ranks), dim=1)
    return Relations(names, adapters, *_related(a * scale[:, :, None] * scale[:, None], b, ranks))


def _grams(parts: Sequence[Factors], ranks: Sequence[int], sheets: dict[tuple, Tensor]) -> list[Tensor]:
    """A and B of all parts side by side, (R, R) each, without their scales.

    `sheets` are float32 buffers that layers of one size share: new ones would cost more than the products.
    """
    first, total = parts[0], sum(ranks)
    outer, inner = first.weight_shape[0], math.prod(first.weight_shape[1:])
    device = first.tensors()[0].device
    up = _sheet(sheets, ("up", outer, total), device)
    down = _sheet(sheets, ("down", total, inner), device)
    for ups, downs, factors in zip(up.split(ranks, 1), down.split(ranks), parts, strict=True):
        ups.copy_(readable(factors.up).flatten(1))
        downs.copy_(readable(factors.down).flatten(1))
    return [up.T @ up, down @ down.T]


def _sheet(sheets: dict[tuple, Tensor], key: tuple[str, int, int], device: torch.device) -> Tensor:
    if (key, device) not in sheets:
        sheets[key, device] = torch.empty(key[1:], device=device)
    return sheets[key, device]


def _related(a: Tensor, b: Tensor, ranks: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Inner products and overlaps (L, n, n) from Gram matrices (L, R, R).

    <delta_i, delta_j> = sum(A_ij * B_ij). The overlap of rows is |delta_i delta_j^T|^2 over
    |delta_i delta_i^T| |delta_j delta_j^T|: the squared cosines of the principal angles between both row
    spaces, each weighted by how much of the updates lies along it; 1 for the same update, 0 for orthogonal
    ones. Columns likewise.
    """
    count = len(ranks)
    ends = [sum(ranks[:i]) for i in range(count + 1)]
    spans = [slice(ends[i], ends[i + 1]) for i in range(count)]
    products, rows, columns = (a.new_zeros(len(a), count, count) for _ in range(3))
    for i, one in enumerate(spans):
        for j, other in enumerate(spans[: i + 1]):
            a_ij, b_ij = a[:, one, other], b[:, one, other]
            products[:, i, j] = products[:, j, i] = (a_ij * b_ij).sum((1, 2))
            rows[:, i, j] = rows[:, j, i] = _both(a[:, one, one], b_ij, a[:, other, other])
            columns[:, i, j] = columns[:, j, i] = _both(b[:, one, one], a_ij, b[:, other, other])
    return products, _normalised(rows), _normalised(columns)


def _both(left: Tensor, between: Tensor, right: Tensor) -> Tensor:
    """tr(left between right between^T), (L,)."""
    return ((left @ between) * (between @ right)).sum((1, 2))


def _normalised(values: Tensor) -> Tensor:
    own = values.diagonal(dim1=1, dim2=2).clamp(min=SMALLEST).sqrt()
    return (values / (own[:, :, None] * own[:, None, :])).clamp(0, 1)
