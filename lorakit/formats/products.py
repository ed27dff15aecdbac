"""Tensors of LoCon, LoHa and LoKr updates, with Tucker cores, and the matrices that they stand for."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Leaves = dict[str, Tensor]


@dataclass(frozen=True)
class Kind:
    """How pieces multiply to (down, up), and what comes out, without multiplying: (rank, weight's shape)."""

    multiply: Callable[[Leaves], tuple[Tensor, Tensor]]
    size: Callable[[Leaves], tuple[int, tuple[int, ...]]]


def _need(fits: bool) -> None:
    if not fits:
        raise ValueError("pieces of different sizes")


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


def kron_pieces(tensors: Leaves) -> tuple[Tensor, Tensor]:
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
