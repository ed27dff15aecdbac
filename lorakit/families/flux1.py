"""FLUX.1 (dev, schnell, and the starter image base), on diffusers' own classes.

Covers loading (folder or hub id, optionally NF4), encoding, the velocity prediction of training, and sampling
through `FluxPipeline` itself. Not covered: Fill, Canny, Depth and Kontext variants, which also take pictures.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from diffusers import FluxPipeline
from PIL import Image
from torch import Tensor, nn

from lorakit.errors import BaseError
from lorakit.families import (
    Base,
    Objective,
    Settings,
    hub,
    pictures,
)
from lorakit.families.numbers import best_dtype
from lorakit.families.sources import Source

name = "flux"
component = "transformer"
step = 16
cell = 8

SCHNELL = Settings(steps=4, guidance=0.0, max_tokens=256)
DEV = Settings(steps=28, guidance=3.5, max_tokens=512)


def load(source: Source, device: torch.device, dtype: torch.dtype | None, quantize: str | None) -> Base:
    """Load the pipeline. In bf16 on CUDA and float32 on the CPU unless `dtype` says otherwise."""
    dtype = best_dtype(device, dtype)
    kind = source.holds or hub.holds(source)
    if kind != FluxPipeline.__name__:  # FLUX.1 Kontext, under any name, would open as FLUX.1 and draw noise
        raise BaseError(f"{source.shown}: is a {kind}; use FLUX.1-dev or FLUX.1-schnell")
    pipeline = pictures.open_pipeline(FluxPipeline, source, dtype)
    if pipeline.transformer.config.in_channels != 4 * pipeline.vae.config.latent_channels:
        what = "is a FLUX variant with extra inputs (Fill, Canny, Depth)"
        raise BaseError(f"{source.shown}: {what}; use FLUX.1-dev or FLUX.1-schnell")
    default = DEV if pipeline.transformer.config.guidance_embeds else SCHNELL
    return pictures.settle(pipeline, source, name, component, device, dtype, quantize, default)


def targets(base: Base, convolutions: bool = False) -> list[str]:
    """All linear layers of attention and feed-forward; not the modulations, embedders or the output.

    It has no convolutions.
    """
    return [
        path
        for path, module in base.model.named_modules()
        if isinstance(module, nn.Linear) and "transformer_blocks." in path and ".norm" not in path
    ]


def objective(base: Base) -> Objective:
    """Rectified flow."""
    return Objective("flow_matching")


@torch.no_grad()
def encode_images(base: Base, pixels: Tensor) -> Tensor:
    """Pixels (B, 3, H, W) in -1..1 -> normalised latents (B, C, H/8, W/8): the posterior's mode."""
    vae = base.pipeline.vae
    encoded = vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist.mode()
    return (encoded - vae.config.shift_factor) * vae.config.scaling_factor


@torch.no_grad()
def encode_prompts(base: Base, prompts: Sequence[str]) -> dict[str, Tensor]:
    """Both text embeddings of each prompt: `prompt_embeds` (B, T, D) and `pooled_prompt_embeds` (B, P)."""
    place = pictures.bring(base)
    embeds, pooled, _ = base.pipeline.encode_prompt(
        prompt=list(prompts), prompt_2=None, device=place, max_sequence_length=base.settings.max_tokens
    )
    return {"prompt_embeds": embeds, "pooled_prompt_embeds": pooled}


def describe_photo(base: Base, original: tuple[int, int], bucket: tuple[int, int]) -> dict[str, Tensor]:
    """Nothing: the size of the latents says it all."""
    return {}


def blank(base: Base, batch: int, width: int, height: int) -> tuple[Tensor, dict[str, Tensor]]:
    """Empty latents and conditioning of a batch's shapes, from the model's configuration alone."""
    config: Any = base.model.config
    texts = (batch, base.settings.max_tokens, config.joint_attention_dim)
    shapes = {"prompt_embeds": texts, "pooled_prompt_embeds": (batch, config.pooled_projection_dim)}
    latents = (batch, config.in_channels // 4, height // cell, width // cell)
    return pictures.blank(base, latents, shapes)


free_encoders = pictures.free_encoders


def predict(base: Base, latents: Tensor, t: Tensor, conditioning: dict[str, Tensor]) -> Tensor:
    """The velocity (B, C, h, w) at `latents` and times `t` (B,) in 0..1, 1 is noise."""
    batch, channels, height, width = latents.shape
    text = conditioning["prompt_embeds"].to(base.device, base.dtype)
    guidance = None
    if base.model.config.guidance_embeds:  # type: ignore[union-attr]
        # Training with guidance 1 keeps the distilled base's own guidance usable afterwards (diffusers' and
        # ai-toolkit's FLUX trainings do the same).
        guidance = torch.ones(batch, device=base.device, dtype=base.dtype)
    packed = base.model(
        hidden_states=FluxPipeline._pack_latents(latents.to(base.dtype), batch, channels, height, width),
        timestep=t.to(base.device, base.dtype),
        guidance=guidance,
        pooled_projections=conditioning["pooled_prompt_embeds"].to(base.device, base.dtype),
        encoder_hidden_states=text,
        txt_ids=torch.zeros(text.shape[1], 3, device=base.device, dtype=base.dtype),
        img_ids=FluxPipeline._prepare_latent_image_ids(
            batch, height // 2, width // 2, base.device, base.dtype
        ),
        return_dict=False,
    )[0]
    return FluxPipeline._unpack_latents(packed, height * 8, width * 8, 8)


@torch.no_grad()
def sample(
    base: Base,
    conditioning: dict[str, Tensor],
    negative: dict[str, Tensor] | None,
    width: int,
    height: int,
    seeds: Sequence[int],
    steps: int,
    guidance: float,
    on_step: Callable[[int], None] | None = None,
) -> list[Image.Image]:
    """One picture per seed through the pipeline itself.

    `conditioning` and `negative` have one row, or one per seed. A base that was not distilled for guidance is
    guided by `negative` (classifier-free guidance) when `guidance` is above 1. A seed's picture does not
    depend on what it is batched with. Raises DataError when a side is no multiple of `step`.
    """
    count = len(seeds)
    options: dict[str, Any] = pictures.rows(base, conditioning, count)
    if base.pipeline.transformer.config.guidance_embeds:
        options["guidance_scale"] = guidance
    elif negative is not None and guidance > 1:
        options["true_cfg_scale"] = guidance
        options |= pictures.rows(base, negative, count, "negative_")
    return pictures.draw(base, width, height, step, seeds, steps, on_step, **options)
