"""DoRA: magnitude and direction of a weight apart (arXiv 2402.09353)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lorakit.lora.adapter import Factors
from lorakit.lora.layers import Layer, LoraLinear, dense_weight


def row_norm(weight: Tensor) -> Tensor:
    """Norm of each output row, (out,): DoRA's column-wise norm in the paper's notation (arXiv 2402.09353, eq.

    5).
    """
    return weight.flatten(1).norm(dim=1)


def dora_gain(layer: Layer, factors: Factors) -> Tensor:
    """m / ||W + s B A||, DoRA's factor of the updated weight: (out, 1[, 1, 1]) or (1, in[, 1, 1])."""
    assert factors.magnitude is not None
    updated = dense_weight(layer) + factors.delta().to(layer.weight.device)
    by_column = factors.magnitude.dim() == 2
    norm = row_norm(updated.transpose(0, 1) if by_column else updated)
    gain = factors.magnitude.flatten().float().to(updated.device) / norm
    kernel = [1] * (updated.dim() - 2)
    return gain.view(1, -1, *kernel) if by_column else gain.view(-1, 1, *kernel)


class DoraLinear(LoraLinear):
    """Trainable DoRA: y = bias + magnitude / ||W + s B A|| * (W + s B A) x.

    arXiv 2402.09353: eq. 5, and section 4.3 for keeping the norm out of the gradient. `magnitude` (out,) is
    a parameter.
    """

    def __init__(self, base: Layer, down: Tensor, up: Tensor, scale: float):
        super().__init__(base, down, up, scale=scale)
        self.magnitude = nn.Parameter(row_norm(dense_weight(base)))

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            norm = row_norm(dense_weight(self.base) + self.scale * (self.up.float() @ self.down.float()))
        gain = self.magnitude / norm
        y = self.base(x)
        plain = y - self.bias if self.bias is not None else y
        hidden = self.side(x)
        update = F.linear(hidden, self.up.to(hidden.dtype))
        return y + ((gain - 1) * plain + gain * update).to(y.dtype)
