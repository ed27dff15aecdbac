"""Tensors of one module's update -> Factors, whatever the kind: LoRA, LoCon, LoHa, LoKr.

LoHa and LoKr are products of low-rank pieces, and each is itself a low-rank update that can be written down
exactly; so everything after reading knows one kind only.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.formats.flux import Row
from lorakit.lora.adapter import Factors

NO_RANK = 0  # of a LoKr with two full factors: its alpha means nothing


def factors_of(
    file: str, name: str, tensors: dict[str, Tensor], alpha_of: Callable[[int], float], rslora: bool
) -> Factors:
    """The update of one module as the file spells it.

    `alpha_of(rank)` gives the alpha that holds when the file states none beside the module. Raises
    AdapterError when the shapes do not make an update.
    """
    try:
        down, up, rank = _product(tensors)
    except (RuntimeError, ValueError, IndexError) as error:
        shapes = ", ".join(f"{leaf} {tuple(tensor.shape)}" for leaf, tensor in tensors.items())
        raise AdapterError(
            f"{file}: {name[:100]} has factors of shapes {shapes}, which do not make an update; "
            "export it again"
        ) from error
    alpha = _alpha(file, name, tensors, rank, alpha_of)
    if rank != down.shape[0]:  # the same scale at the rank of the exact product
        scale = 1.0 if rank == NO_RANK else alpha / rank
        alpha = scale * down.shape[0]
    magnitude = tensors.get("magnitude")
    return Factors(down, up, alpha, None if magnitude is None else magnitude.flatten(), rslora)


def split(factors: Factors, row: Row, file: str) -> dict[str, Factors]:
    """Share one update among the modules that diffusers splits its layer into: the same `down`, and each
    module's rows of `up`.
    """
    up, magnitude = factors.up, factors.magnitude
    if row.swapped:
        up = torch.cat(up.chunk(2)[::-1])
        magnitude = None if magnitude is None else torch.cat(magnitude.chunk(2)[::-1])
    total = sum(units for _, units in row.ours)
    if up.shape[0] % total:
        raise AdapterError(
            f"{file}: {row.theirs} updates {up.shape[0]} rows, which cannot be shared by {total}; "
            "it was made for another base"
        )
    unit, start, parts = up.shape[0] // total, 0, {}
    for name, units in row.ours:
        rows = slice(start, start + units * unit)
        own = None if magnitude is None else magnitude[rows].contiguous()
        parts[name] = Factors(factors.down, up[rows].contiguous(), factors.alpha, own, factors.rslora)
        start = rows.stop
    return parts


def _product(tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor, int]:
    """(down, up, the rank that alpha is divided by)."""
    if "down_t" in tensors:
        down, up = tensors["down_t"].T.contiguous(), tensors["up_t"].T.contiguous()
    elif "w1_a" in tensors:
        return _hadamard(tensors)
    elif "down" not in tensors:
        return _kronecker(tensors)
    else:
        down, up = tensors["down"], tensors["up"]
    if "mid" in tensors:
        down = torch.einsum("rskl,si->rikl", tensors["mid"].float(), down.flatten(1).float())
    if down.dim() == 2 and up.dim() == 4:
        up = up.flatten(1)
    if down.dim() not in (2, 4) or up.dim() != down.dim() or up.shape[2:] not in ((), (1, 1)):
        raise ValueError("not an update")
    if not 1 <= down.shape[0] == up.shape[1]:
        raise ValueError("two ranks")
    return down, up, down.shape[0]


def _hadamard(tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor, int]:
    """LoHa (FedPara, arXiv 2108.06098, prop. 1): (A1 B1) o (A2 B2) has rank r1 r2.

    Its factors are the row-wise Kronecker products of the pieces: up (out, r1 r2), down (r1 r2, in).
    """
    a1, b1, a2, b2 = (tensors[leaf].float() for leaf in ("w1_a", "w1_b", "w2_a", "w2_b"))
    up = torch.einsum("or,os->ors", a1, a2).flatten(1)
    down = torch.einsum("ri,si->rsi", b1.flatten(1), b2.flatten(1)).flatten(0, 1)
    return down, up, b1.shape[0]


def _kronecker(tensors: dict[str, Tensor]) -> tuple[Tensor, Tensor, int]:
    """LoKr (LyCORIS, arXiv 2309.14859, section 3.3): W1 (x) W2 = (W1 (x) A2)(I (x) B2), and likewise the
    other way round; the smaller inner dimension is taken.

    W2 may be a convolution (o2, n2, kh, kw).
    """
    w1 = tensors["k1"] if "k1" in tensors else tensors["k1_a"].float() @ tensors["k1_b"].float()
    w1 = w1.float()
    if "k2" in tensors:
        w2 = tensors["k2"].float()
        rank = tensors["k1_b"].shape[0] if "k1_b" in tensors else NO_RANK
    else:
        rank = tensors["k2_b"].shape[0]
        w2 = (tensors["k2_a"].float() @ tensors["k2_b"].float().flatten(1)).view(
            -1, *tensors["k2_b"].shape[1:]
        )
    outer, inner = w1.shape
    if "k2" not in tensors and inner * rank <= outer * w2.shape[1]:
        b2 = tensors["k2_b"].float()
        up = torch.kron(w1, tensors["k2_a"].float())
        return _down(torch.eye(inner), b2), _as_conv(up, b2.dim()), rank
    kernel = math.prod(w2.shape[2:])
    if kernel > 1 or inner * w2.shape[0] <= outer * w2.shape[1]:
        return _down(torch.eye(inner), w2), _as_conv(torch.kron(w1, torch.eye(w2.shape[0])), w2.dim()), rank
    same = torch.eye(w2.shape[1]).view(w2.shape[1], w2.shape[1], *w2.shape[2:])
    up = torch.kron(torch.eye(outer), w2.flatten(1))
    return _down(w1, same), _as_conv(up, w2.dim()), rank


def _down(left: Tensor, right: Tensor) -> Tensor:
    """left (x) right, where right may carry a kernel behind its two dimensions."""
    product = torch.einsum("ab,cd...->acbd...", left, right)
    return product.flatten(0, 1).flatten(1, 2).contiguous()


def _as_conv(up: Tensor, dimensions: int) -> Tensor:
    return up.contiguous().view(*up.shape, *[1] * (dimensions - 2))


def _alpha(
    file: str, name: str, tensors: dict[str, Tensor], rank: int, alpha_of: Callable[[int], float]
) -> float:
    if "alpha" in tensors:
        if tensors["alpha"].numel() != 1:
            raise AdapterError(f"{file}: the alpha of {name[:100]} is no single number; export it again")
        alpha = float(tensors["alpha"].float())
    else:
        alpha = alpha_of(max(rank, 1))
    if not math.isfinite(alpha) or alpha <= 0:
        raise AdapterError(f"{file}: {name[:100]} has alpha {alpha:g}; it must be above 0")
    return alpha
