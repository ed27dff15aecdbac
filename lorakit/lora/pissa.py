"""PiSSA: an update that starts as the main directions of the weight it is for (arXiv 2404.02948, section 3).

The start is subtracted by a second, frozen update beside the base, not from its weights: those stay bit for
bit, also quantized ones, and the adapter fits the original base with twice the rank, exactly.
"""

import torch
from torch import Tensor

from lorakit.lora.layers import Layer, LoraConv2d, LoraLinear, dense_weight

WHOLE = 1024  # sides up to which the decomposition is computed whole
ROUNDS = 4  # subspace iterations for larger weights, as in the paper's section 5.4


@torch.no_grad()
def start_at_main_directions(layer: LoraLinear, seed: int) -> None:
    """Set a trainable layer's factors to scale * up down = the weight's best approximation of that rank."""
    rank, shape = layer.down.shape[0], layer.down.shape
    left, values, right = _main_directions(dense_weight(layer.base).flatten(1), rank, seed)
    root = (values / layer.scale).sqrt()
    layer.up.copy_((left * root).view_as(layer.up))
    layer.down.copy_((root[:, None] * right).view(shape))
    kind = LoraConv2d if len(shape) == 4 else LoraLinear
    layer.base = kind(layer.base, layer.down.detach().clone(), -layer.up.detach(), scale=layer.scale)


def learned(layer: Layer) -> tuple[Tensor, Tensor]:
    """`down` and `up` of a trained layer, counted from the base's own weight."""
    if not isinstance(layer.base, LoraLinear):
        return layer.down, layer.up
    return torch.cat([layer.down, layer.base.down]), torch.cat([layer.up, layer.base.up], dim=1)


def _main_directions(weight: Tensor, rank: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """left (out, r), values (r,), right (r, in) of the largest singular values."""
    if min(weight.shape) <= WHOLE:
        left, values, right = torch.linalg.svd(weight, full_matrices=False)
    else:
        with torch.random.fork_rng(devices=[weight.device] if weight.is_cuda else []):
            torch.manual_seed(seed)
            left, values, right = torch.svd_lowrank(weight, q=min(rank + 8, *weight.shape), niter=ROUNDS)
        right = right.T
    return left[:, :rank], values[:rank], right[:rank]
