"""Tensors of one module's update -> Factors, whatever the kind: LoRA, LoCon, LoHa, LoKr, with Tucker cores.

LoHa and LoKr are products of low-rank pieces, and each is itself a low-rank update that can be written down
exactly; so everything after reading knows one kind only. What is opened stays as small as its file: such
products are multiplied out when they are used.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.formats.flux import NameRule
from lorakit.formats.products import LOHA, LOKR, TUCKER, Kind, Leaves, kron_pieces
from lorakit.lora.adapter import Factors, readable


class FactoredUpdate(Factors):
    """An update kept as the pieces of its file; `down` and `up` are multiplied out whenever they are read."""

    pieces: Leaves
    kind: "Kind"
    rows: slice

    def __init__(
        self, pieces: Leaves, kind: "Kind", rows: slice, alpha: float, magnitude: Tensor | None = None
    ):
        own = {"pieces": pieces, "kind": kind, "rows": rows, "alpha": alpha, "magnitude": magnitude,
               "rslora": False}  # fmt: skip
        for name, value in own.items():
            object.__setattr__(self, name, value)  # Factors are frozen

    @property
    def down(self) -> Tensor:  # type: ignore[override]
        return self.kind.multiply(self.pieces)[0]

    @property
    def up(self) -> Tensor:  # type: ignore[override]
        return self.kind.multiply(self.pieces)[1][self.rows].contiguous()

    @property
    def rank(self) -> int:
        return self.kind.size(self.pieces)[0]

    @property
    def weight_shape(self) -> tuple[int, ...]:
        rows, *others = self.kind.size(self.pieces)[1]
        return (len(range(rows)[self.rows]), *others)

    def tensors(self) -> tuple[Tensor, ...]:
        return tuple(self.pieces.values())

    def kron(self) -> tuple[Tensor, Tensor, slice] | None:
        if self.kind is not LOKR or self.magnitude is not None or len(self.weight_shape) != 2:
            return None
        (rows, into), rank = LOKR.size(self.pieces)[1], self.rank
        left, right = kron_pieces(self.pieces)
        own = left.shape[1] * right.shape[0] * (right.shape[1] + left.shape[0])
        return (left, right, self.rows) if own < rank * (rows + into) else None

    def delta(self) -> Tensor:
        down, up = self.kind.multiply(self.pieces)
        dense = up[self.rows].flatten(1) @ down.flatten(1)
        return (self.scale * dense).view(self.weight_shape)


def factors_of(
    file: str, name: str, tensors: Leaves, alpha_of: Callable[[int], float], rslora: bool, full: float = 1.0
) -> Factors:
    """The update of one module as the file spells it.

    `alpha_of(rank)` gives the alpha that holds when the file states none beside the module, `full` the scale
    of a LoKr without a rank. Raises AdapterError when the shapes do not make an update.
    """
    alpha = tensors.get("alpha")
    if alpha is not None and alpha.numel() != 1:
        raise AdapterError(f"{file}: the alpha of {name[:100]} is not a single number; export it again")
    try:
        kind, rank = _kind(tensors)
        stated = _number(alpha) if alpha is not None else alpha_of(max(rank, 1))
        if not math.isfinite(stated) or stated <= 0:
            raise AdapterError(f"{file}: {name[:100]} has alpha {stated:g}; it must be above 0")
        magnitude = _magnitude(tensors)
        scalar = _number(tensors["scalar"]) if "scalar" in tensors else 1.0
        pieces = {leaf: tensor for leaf, tensor in tensors.items() if leaf not in (*NUMBERS, *MAGNITUDES)}
        factors: Factors
        if kind is not None:
            # The same scale at the rank of the exact product.
            scale = scalar * (full if rank == NO_RANK else stated / (math.sqrt(rank) if rslora else rank))
            factors = FactoredUpdate(pieces, kind, slice(None), scale * kind.size(pieces)[0], magnitude)
        else:
            factors = Factors(*_plain(pieces), scalar * stated, magnitude, rslora)
    except AdapterError:
        raise
    except (RuntimeError, ValueError, IndexError, KeyError) as error:
        shapes = ", ".join(f"{leaf} {tuple(tensor.shape)}" for leaf, tensor in tensors.items())
        raise AdapterError(
            f"{file}: {name[:100]} has factors of shapes {shapes[:300]}, which don't form an update; "
            "export it again"
        ) from error
    if rank > max(factors.weight_shape[0], math.prod(factors.weight_shape[1:])):
        raise AdapterError(
            f"{file}: {name[:100]} has rank {rank}, more than its layer of shape "
            f"{factors.weight_shape} allows; export it again"
        )
    return factors


NUMBERS = ("alpha", "scalar")


def _number(tensor: Tensor) -> float:
    """One number of any type and shape, also the whole numbers of merged and extracted LoRAs."""
    return tensor.reshape(()).to(torch.float64).item()


def swapped(factors: Factors) -> Factors:
    """The update with the two halves of its rows in the other order."""
    up = torch.cat(readable(factors.up).chunk(2)[::-1]).to(factors.up.dtype)
    magnitude = factors.magnitude
    if magnitude is not None and magnitude.dim() == 1:  # a number for each row, not for each column
        magnitude = torch.cat(magnitude.chunk(2)[::-1])
    return Factors(factors.down, up, factors.alpha, magnitude, factors.rslora)


def split(factors: Factors, row: NameRule, file: str) -> dict[str, Factors]:
    """Share one update among the modules that diffusers splits its layer into: the same `down`, and each
    module's rows of `up`.
    """
    if len(row.ours) == 1 and not row.swapped:
        return {row.ours[0][0]: factors}
    magnitude, rows = factors.magnitude, factors.weight_shape[0]
    by_column = magnitude is not None and magnitude.dim() == 2
    if by_column and len(row.ours) > 1:
        raise AdapterError(
            f"{file}: {row.theirs} has DoRA magnitudes per column, which belong to a whole layer "
            "that this base model has in parts; train it with magnitudes per row"
        )
    if row.swapped:
        return {row.ours[0][0]: swapped(factors)}
    total = sum(units for _, units in row.ours)
    if rows % total:
        raise AdapterError(
            f"{file}: {row.theirs} updates {rows} rows, which can't be divided by {total}; "
            "it was made for another base model"
        )
    unit, start = rows // total, 0
    parts: dict[str, Factors] = {}
    for name, units in row.ours:
        own = slice(start, start + units * unit)
        part = None if magnitude is None else magnitude[own]
        if isinstance(factors, FactoredUpdate):
            parts[name] = FactoredUpdate(factors.pieces, factors.kind, own, factors.alpha, part)
        else:
            parts[name] = Factors(factors.down, factors.up[own], factors.alpha, part, factors.rslora)
        start = own.stop
    return parts


MAGNITUDES = ("magnitude", "dora_scale")


def _magnitude(tensors: Leaves) -> Tensor | None:
    """DoRA's magnitude: PEFT's and mlx-lm's are of the rows whatever their shape; `dora_scale` is (out, 1) or
    (1, in), each with the kernel's dimensions behind it.
    """
    scale = tensors.get("dora_scale")
    if scale is None:
        return tensors["magnitude"].flatten() if "magnitude" in tensors else None
    if scale.dim() > 1 and scale.shape[0] == 1 and scale.numel() > 1:
        return scale.flatten()[None]
    return scale.flatten()


NO_RANK = 0  # of a LoKr with two full factors: its alpha means nothing


def _kind(tensors: Leaves) -> tuple[Kind | None, int]:
    """The kind of product (None for plain factors), and the rank that alpha is divided by."""
    if "w1_a" in tensors:
        return LOHA, tensors["w1_b"].shape[0]
    if "k1" in tensors or "k1_a" in tensors:
        factored = tensors.get("k2_b", tensors.get("k1_b"))
        return LOKR, NO_RANK if factored is None else factored.shape[0]
    rank = tensors["up_t"].shape[0] if "up_t" in tensors else tensors["up"].shape[1]
    return (TUCKER if "mid" in tensors else None), rank


def _plain(tensors: Leaves) -> tuple[Tensor, Tensor]:
    if "down_t" in tensors:
        if tensors["down_t"].dim() != 2 or tensors["up_t"].dim() != 2:
            raise ValueError("updates of several experts at once")
        down, up = tensors["down_t"].T, tensors["up_t"].T
    else:
        down, up = tensors["down"], tensors["up"]
        if "energy" in tensors:  # AdaLoRA (arXiv 2303.10512, section 3.1): up diag(energy) down
            down = (readable(down).float() * tensors["energy"].float().view(-1, 1)).to(readable(down).dtype)
    if down.dim() == 2 and up.dim() == 4:
        up = up.flatten(1)
    if down.dim() not in (2, 4) or up.dim() != down.dim() or up.shape[2:] not in ((), (1, 1)):
        raise ValueError("not an update")
    if not 1 <= down.shape[0] == up.shape[1] or not up.numel() or not down.numel():
        raise ValueError("two ranks")
    return down, up
