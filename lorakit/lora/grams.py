"""What several low-rank updates are to each other, from their factors alone: no product of out x in.

With delta_i = up_i down_i, all that is asked for here (inner products, norms, overlaps of row and column
spaces) follows from the two Gram matrices A_ij = up_i^T up_j and B_ij = down_i down_j^T, which are as small
as the ranks. Layers that hold the same adapters are computed as one batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lorakit.lora.adapter import Factors, readable

SMALLEST = 1e-30


@dataclass(frozen=True)
class Relations:
    """The updates of one layer, at weight 1 and with their scales: n adapters that have one there.

    `products` (n, n): <delta_i, delta_j>, the squared norms on the diagonal. `rows`, `columns` (n, n):
    overlap of the row spaces (what two updates listen to) and of the column spaces (what they write to),
    0 to 1.
    """

    adapters: tuple[int, ...]
    products: Tensor
    rows: Tensor
    columns: Tensor


def relations(layers: Mapping[str, Sequence[tuple[int, Factors]]]) -> dict[str, Relations]:
    """Per layer: which adapters (by index) have an update there, and how these relate. In float64."""
    groups: dict[tuple, list[str]] = {}
    grams = {}
    sheets: dict[tuple, Tensor] = {}
    for name, parts in layers.items():
        grams[name] = _grams([factors for _, factors in parts], sheets)
        shape = tuple(i for i, _ in parts), tuple(factors.rank for _, factors in parts)
        groups.setdefault(shape, []).append(name)
    found = {}
    for (adapters, ranks), names in groups.items():
        a = torch.stack([grams[name][0] for name in names]).double()
        b = torch.stack([grams[name][1] for name in names]).double()
        products, rows, columns = _related(a, b, ranks)
        for number, name in enumerate(names):
            found[name] = Relations(adapters, products[number], rows[number], columns[number])
    return found


def _grams(parts: Sequence[Factors], sheets: dict[tuple, Tensor]) -> tuple[Tensor, Tensor]:
    """A and B of all parts side by side, (R, R) each, scales folded into A.

    `sheets` are float32 buffers that layers of one size share: new ones would cost more than the products.
    """
    device, ranks = parts[0].up.device, [factors.rank for factors in parts]
    total = sum(ranks)
    outer, inner = parts[0].up.shape[0], parts[0].down[0].numel()
    up = _sheet(sheets, ("up", outer, total), device)
    down = _sheet(sheets, ("down", total, inner), device)
    for ups, downs, factors in zip(up.split(ranks, 1), down.split(ranks), parts, strict=True):
        ups.copy_(readable(factors.up).flatten(1))
        downs.copy_(readable(factors.down).flatten(1))
    scales = torch.cat([torch.full((f.rank,), f.scale, device=device) for f in parts])
    return (up.T @ up) * scales * scales[:, None], down @ down.T


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
