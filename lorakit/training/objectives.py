"""Training objectives: what a base predicts, and how far off it is. Pure functions of tensors.

Covered: flow matching (FLUX), epsilon and v-prediction (Stable Diffusion) with min-SNR weights, and
next-token prediction (language models). An objective of pictures gives the error of every element, so that
weights can be put on places; `image_loss` is the one way from a base and a batch to a loss.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from lorakit.families import Base, Objective

Predict = Callable[[Tensor, Tensor], Tensor]

SHIFT_FROM = 768 * 768  # pixels; below that FLUX trainings use unshifted times
MIN_SNR = 5.0  # arXiv 2303.09556, section 3.4: best of 1, 5, 10 and 20


def flow_matching(predict: Predict, latents: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """Squared error of the velocity noise - latents on the straight path between them, (B, C, h, w).

    Rectified flow, arXiv 2403.03206, eq. 13 with uniform weights. `latents`, `noise` (B, C, h, w); `t` (B,)
    in 0..1, 1 is noise; `predict(x_t, t)` gives the velocity.
    """
    along = t.view(-1, 1, 1, 1).to(latents.dtype)
    velocity = predict((1 - along) * latents + along * noise, t)
    return (velocity.float() - (noise - latents).float()).square()


def epsilon(
    predict: Predict, latents: Tensor, noise: Tensor, t: Tensor, signal: Tensor, min_snr: float = MIN_SNR
) -> Tensor:
    """Squared error of the predicted noise, (B, C, h, w), weighted by min(SNR, `min_snr`) / SNR.

    DDPM, arXiv 2006.11239, eq. 14; weights: arXiv 2303.09556, eq. 5 divided by SNR. `t` (B,) whole
    timesteps; `signal` (T,) the share of signal (alpha bar) at each; `min_snr` 0 weighs all alike;
    `predict(x_t, t)` gives the noise.
    """
    kept = signal[t].view(-1, 1, 1, 1).to(latents)
    predicted = predict(kept.sqrt() * latents + (1 - kept).sqrt() * noise, t)
    weight = _snr_share(kept, min_snr, offset=0.0)
    return (predicted.float() - noise.float()).square() * weight


def v_prediction(
    predict: Predict, latents: Tensor, noise: Tensor, t: Tensor, signal: Tensor, min_snr: float = MIN_SNR
) -> Tensor:
    """Squared error of v = sqrt(a) noise - sqrt(1 - a) latents, weighted by min(SNR, `min_snr`) / (SNR + 1).

    arXiv 2202.00512, appendix D; weights: arXiv 2303.09556, section 3.4. Shapes as `epsilon` has them.
    """
    kept = signal[t].view(-1, 1, 1, 1).to(latents)
    predicted = predict(kept.sqrt() * latents + (1 - kept).sqrt() * noise, t)
    target = kept.sqrt() * noise - (1 - kept).sqrt() * latents
    weight = _snr_share(kept, min_snr, offset=1.0)
    return (predicted.float() - target.float()).square() * weight


def _snr_share(kept: Tensor, min_snr: float, offset: float) -> Tensor:
    """min(SNR, min_snr) / (SNR + offset) with SNR = a / (1 - a), written so that a = 0 and a = 1 are fine."""
    kept = kept.float()
    if not min_snr:
        return torch.ones_like(kept)
    over = kept + offset * (1 - kept)  # (SNR + offset) (1 - a)
    return torch.minimum(kept, min_snr * (1 - kept)) / over.clamp(min=torch.finfo(torch.float32).tiny)


DIFFUSION = {"epsilon": epsilon, "v_prediction": v_prediction}


def image_loss(
    base: Base,
    latents: Tensor,
    noise: Tensor,
    t: Tensor,
    conditioning: dict[str, Tensor],
    weight: Tensor | None = None,
    min_snr: float = MIN_SNR,
) -> Tensor:
    """The loss of each example, (B,), under the base's own objective, at given noise and levels.

    `latents`, `noise` (B, C, h, w) on the base's device; `t` (B,) as `draw_levels` or `even_levels` give it;
    `weight` (B, 1, h, w) says how much each place counts: the loss is the weighted mean.
    """
    family = base.kind
    objective: Objective = family.objective(base)

    def predict(noisy: Tensor, at: Tensor) -> Tensor:
        return family.predict(base, noisy, at, conditioning)

    if objective.signal is None:
        errors = flow_matching(predict, latents, noise, t)
    else:
        compare = DIFFUSION[objective.name]
        errors = compare(predict, latents, noise, t, objective.signal.to(latents.device), min_snr)
    return weighted_mean(errors, weight)


def weighted_mean(errors: Tensor, weight: Tensor | None) -> Tensor:
    """Mean over everything but the first axis, (B,); `weight` (B, 1, h, w), None weighs all alike.

    The weights of each example are divided by their mean, so a small product counts as much as a large one.
    """
    if weight is None:
        return errors.mean(dim=(1, 2, 3))
    weight = weight.to(errors)
    return (errors * weight).mean(dim=(1, 2, 3)) / weight.mean(dim=(1, 2, 3)).clamp(min=1e-6)


def draw_levels(objective: Objective, count: int, area: int, random: torch.Generator) -> Tensor:
    """Noise levels to train at, (count,): times in 0..1 for flow matching, whole timesteps for diffusion.

    `area` is the pictures' in pixels.
    """
    if objective.signal is not None:
        return torch.randint(len(objective.signal), (count,), generator=random)
    return flow_times(count, area, random)


def even_levels(objective: Objective, count: int, area: int) -> Tensor:
    """The middles of `count` equally likely parts of what `draw_levels` draws from, from clean to noise.

    With fixed noise they make a held-out loss whose changes are the adapter's alone.
    """
    share = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    if objective.signal is not None:
        return (share * len(objective.signal)).long()
    return _shifted(torch.special.expit(torch.special.ndtri(share)), area).float()


def flow_times(count: int, area: int, generator: torch.Generator) -> Tensor:
    """Times to train at, (count,): logit-normal(0, 1), shifted towards noise for large pictures.

    arXiv 2403.03206, section 3.1; the shift exp(mu) with mu from 0.5 at 256 to 1.15 at 4096 tokens of 16 x
    16 pixels is that of FLUX.1's sampler (black-forest-labs/flux, src/flux/sampling.py); FLUX.2's has the
    same line at many steps.
    """
    return _shifted(torch.sigmoid(torch.randn(count, generator=generator)), area)


def _shifted(t: Tensor, area: int) -> Tensor:
    if area < SHIFT_FROM:
        return t
    mu = 0.5 + (area / 256 - 256) * (1.15 - 0.5) / (4096 - 256)
    return math.exp(mu) * t / (1 + (math.exp(mu) - 1) * t)


def next_token(logits: Tensor, tokens: Tensor, answer: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of each answer token given all before it.

    `logits` (B, T, V), `tokens` (B, T), `answer` (B, T) 1 where the token is learned. Returns the summed
    loss and the number of tokens it is the sum of.
    """
    return summed_loss(logits[:, :-1], tokens[:, 1:], answer[:, 1:])


def summed_loss(logits: Tensor, expected: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy of `logits` (B, K, V) with the tokens `expected` (B, K) where `counts` (B, K) is 1.

    Returns the sum and the number of tokens.
    """
    wanted = counts.bool()
    loss = F.cross_entropy(logits[wanted].float(), expected[wanted], reduction="sum")
    return loss, wanted.sum()
