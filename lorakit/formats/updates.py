"""Tensors of one module's update -> Factors, whatever the kind: LoRA, LoCon, LoHa, LoKr, with Tucker cores.

LoHa and LoKr are products of low-rank pieces, and each is itself a low-rank update that can be written down
exactly; so everything after reading knows one kind only. What is opened stays as small as its file: such
products are multiplied out when they are used.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.formats.flux import NameRule
from lorakit.lora.adapter import Factors, readable

Leaves = dict[str, Tensor]


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
        left, right = _kron_pieces(self.pieces)
        own = left.shape[1] * right.shape[0] * (right.shape[1] + left.shape[0])
        return (left, right, self.rows) if own < rank * (rows + into) else None

    def delta(self) -> Tensor:
        down, up = self.kind.multiply(self.pieces)
        dense = up[self.rows].flatten(1) @ down.flatten(1)
        return (self.scale * dense).view(self.weight_shape)


@dataclass(frozen=True)
class Kind:
    """How pieces multiply to (down, up), and what comes out, without multiplying: (rank, weight's shape)."""

    multiply: Callable[[Leaves], tuple[Tensor, Tensor]]
    size: Callable[[Leaves], tuple[int, tuple[int, ...]]]


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
        up = torch.cat(readable(factors.up).chunk(2)[::-1]).to(factors.up.dtype)
        if magnitude is not None and not by_column:
            magnitude = torch.cat(magnitude.chunk(2)[::-1])
        return {row.ours[0][0]: Factors(factors.down, up, factors.alpha, magnitude, factors.rslora)}
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


def _need(fits: bool) -> None:
    if not fits:
        raise ValueError("pieces of different sizes")


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


def _tucker(tensors: Leaves) -> tuple[Tensor, Tensor]:
    """LoCon with a core (LyCORIS, arXiv 2309.14859, appendix): down 1 x 1, core k x k, up 1 x 1."""
    down, up = tensors["down"].float().flatten(1), tensors["up"].float()
    return torch.einsum("rskl,si->rikl", tensors["mid"].float(), down), up.flatten(1)[:, :, None, None]


def _tucker_size(tensors: Leaves) -> tuple[int, tuple[int, ...]]:
    down, mid, up = (tensors[leaf].shape for leaf in ("down", "mid", "up"))
    _need(len(mid) == 4 and mid[1] == down[0] and mid[0] == up[1])
    _need(math.prod(down[2:]) == math.prod(up[2:]) == 1)
    return mid[0], (up[0], down[1], *mid[2:])


def _cored(core: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """(down, up) of LyCORIS' Tucker form: sum over i, j of core[i, j, k, l] a[i, out] b[j, in]."""
    return torch.einsum("ijkl,jr->irkl", core.float(), b.float()), a.float().T.contiguous()


def _hadamard(tensors: Leaves) -> tuple[Tensor, Tensor]:
    """LoHa (FedPara, arXiv 2108.06098, prop. 1): (A1 B1) o (A2 B2) has rank r1 r2.

    Its factors are row-wise Kronecker products of the pieces: up (out, r1 r2), down (r1 r2, in[, kh, kw]).
    """
    halves = []
    for half in ("1", "2"):
        a, b, core = tensors[f"w{half}_a"], tensors[f"w{half}_b"], tensors.get(f"t{half}")
        halves.append((b.float(), a.float().flatten(1)) if core is None else _cored(core, a, b))
    (b1, a1), (b2, a2) = halves
    up = torch.einsum("or,os->ors", a1, a2).flatten(1)
    down = torch.einsum("ri,si->rsi", b1.flatten(1), b2.flatten(1)).flatten(0, 1)
    return down.view(-1, *b1.shape[1:]), _as_conv(up, b1.dim())


def _half(tensors: Leaves, a: str, b: str, core: str) -> tuple[int, tuple[int, ...]]:
    """(rank, shape) of one low-rank piece of a LoHa or LoKr."""
    first, second, third = tensors[a].shape, tensors[b].shape, tensors.get(core)
    if third is None:
        _need(len(first) >= 2 and len(second) >= 2 and first[1] == second[0] and math.prod(first[2:]) == 1)
        return second[0], (first[0], *second[1:])
    _need(third.dim() == 4 and len(first) == len(second) == 2)
    _need(third.shape[0] == first[0] and third.shape[1] == second[0])
    return first[0], (first[1], second[1], *third.shape[2:])


def _hadamard_size(tensors: Leaves) -> tuple[int, tuple[int, ...]]:
    (r1, shape), (r2, other) = (_half(tensors, f"w{n}_a", f"w{n}_b", f"t{n}") for n in "12")
    _need(shape == other)
    return r1 * r2, shape


def _kronecker_size(tensors: Leaves) -> tuple[int, tuple[int, ...]]:
    first = tuple(tensors["k1"].shape) if "k1" in tensors else _half(tensors, "k1_a", "k1_b", "")[1]
    rank, second = (
        (0, tuple(tensors["k2"].shape)) if "k2" in tensors else _half(tensors, "k2_a", "k2_b", "t2")
    )
    _need(len(first) == 2 and len(second) in (2, 4))
    (outer, inner), kernel = first, second[2:]
    shape = outer * second[0], inner * second[1], *kernel
    if rank and inner * rank <= outer * math.prod(second[1:]):
        return inner * rank, shape
    if math.prod(kernel) > 1 or inner * second[0] <= outer * second[1]:
        return inner * second[0], shape
    return outer * second[1], shape


def _kronecker(tensors: Leaves) -> tuple[Tensor, Tensor]:
    """LoKr (LyCORIS, arXiv 2309.14859, section 3.3): W1 (x) W2 = (W1 (x) A2)(I (x) B2), and likewise the
    other way round; the smaller inner dimension is taken.

    W2 may be a convolution (o2, n2, kh, kw).
    """
    w1 = tensors["k1"].float() if "k1" in tensors else tensors["k1_a"].float() @ tensors["k1_b"].float()
    outer, inner = w1.shape
    if "k2" in tensors:
        w2 = tensors["k2"].float()
    else:
        if "t2" in tensors:
            b2, a2 = _cored(tensors["t2"], tensors["k2_a"], tensors["k2_b"])
        else:
            b2, a2 = tensors["k2_b"].float(), tensors["k2_a"].float()
        if inner * b2.shape[0] <= outer * math.prod(b2.shape[1:]):
            return _down(torch.eye(inner), b2), _as_conv(torch.kron(w1, a2), b2.dim())
        w2 = (a2 @ b2.flatten(1)).view(-1, *b2.shape[1:])
    kernel = math.prod(w2.shape[2:])
    if kernel > 1 or inner * w2.shape[0] <= outer * w2.shape[1]:
        up = torch.kron(w1, torch.eye(w2.shape[0]))
        return _down(torch.eye(inner), w2), _as_conv(up, w2.dim())
    same = torch.eye(w2.shape[1]).view(w2.shape[1], w2.shape[1], *w2.shape[2:])
    return _down(w1, same), _as_conv(torch.kron(torch.eye(outer), w2.flatten(1)), w2.dim())


def _kron_pieces(tensors: Leaves) -> tuple[Tensor, Tensor]:
    """The two sides of a linear layer's LoKr, each multiplied out."""
    left, right = (
        tensors[side].float()
        if side in tensors
        else tensors[f"{side}_a"].float() @ tensors[f"{side}_b"].float()
        for side in ("k1", "k2")
    )
    return left, right


def _down(left: Tensor, right: Tensor) -> Tensor:
    """left (x) right, where right may carry a kernel behind its two dimensions."""
    product = torch.einsum("ab,cd...->acbd...", left, right)
    return product.flatten(0, 1).flatten(1, 2).contiguous()


def _as_conv(up: Tensor, dimensions: int) -> Tensor:
    return up.contiguous().view(*up.shape, *[1] * (dimensions - 2))


TUCKER = Kind(_tucker, _tucker_size)
LOHA = Kind(_hadamard, _hadamard_size)
LOKR = Kind(_kronecker, _kronecker_size)
