"""Training objectives: what a base predicts, and how far off it is. Pure functions of tensors.

Covered: flow matching (FLUX) and next-token prediction (language models).
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

SHIFT_FROM = 768 * 768  # pixels; below that FLUX trainings use unshifted times


def flow_matching(
    predict: Callable[[Tensor, Tensor], Tensor], latents: Tensor, noise: Tensor, t: Tensor
) -> Tensor:
    """Mean squared error of the velocity noise - latents on the straight path between them.

    Rectified flow, arXiv 2403.03206, eq. 13 with uniform weights. `latents`, `noise` (B, C, h, w); `t` (B,)
    in 0..1, 1 is noise; `predict(x_t, t)` gives the velocity. Returns the loss of each example, (B,).
    """
    along = t.view(-1, 1, 1, 1).to(latents.dtype)
    velocity = predict((1 - along) * latents + along * noise, t)
    return (velocity.float() - (noise - latents).float()).square().mean(dim=(1, 2, 3))


def next_token(logits: Tensor, tokens: Tensor, answer: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of each answer token given all before it.

    `logits` (B, T, V), `tokens` (B, T), `answer` (B, T) 1 where the token is learned. Returns the summed
    loss and the number of tokens it is the sum of.
    """
    wanted = answer[:, 1:].bool()
    loss = F.cross_entropy(logits[:, :-1][wanted].float(), tokens[:, 1:][wanted], reduction="sum")
    return loss, wanted.sum()


def flow_times(count: int, area: int, generator: torch.Generator) -> Tensor:
    """Times to train at, (count,): logit-normal(0, 1), shifted towards noise for large pictures.

    arXiv 2403.03206, section 3.1; the shift exp(mu) with mu from 0.5 at 256 to 1.15 at 4096 tokens of 16 x
    16 pixels is that of FLUX.1's sampler (black-forest-labs/flux, src/flux/sampling.py).
    """
    t = torch.sigmoid(torch.randn(count, generator=generator))
    if area < SHIFT_FROM:
        return t
    mu = 0.5 + (area / 256 - 256) * (1.15 - 0.5) / (4096 - 256)
    return math.exp(mu) * t / (1 + (math.exp(mu) - 1) * t)
