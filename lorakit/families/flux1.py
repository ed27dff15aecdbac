"""FLUX.1 (dev, schnell, and the starter image base), on diffusers' own classes.

Covers loading (folder or hub id, optionally NF4), encoding, the velocity prediction of training, and sampling
through `FluxPipeline` itself. Not covered: Fill, Canny, Depth and Kontext variants, which also take pictures.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from diffusers import FluxInpaintPipeline, FluxPipeline
from torch import Tensor

from lorakit.errors import BaseError
from lorakit.families import hub, pictures
from lorakit.families.base import Base
from lorakit.families.facts import Settings
from lorakit.families.image import ImageFamily, guidance_in_training
from lorakit.families.source import Source

SCHNELL = Settings(steps=4, guidance=0.0, max_tokens=256)


class Flux1(ImageFamily):
    """FLUX.1."""

    step, cell = 16, 8

    def open(self, source: Source, dtype: torch.dtype) -> Any:
        kind = source.holds or hub.holds(source)
        if kind != FluxPipeline.__name__:  # FLUX.1 Kontext, under any name, would open as FLUX.1: noise
            raise BaseError(f"{source.shown} is a {kind}; use {self.row.instead}")
        pipeline = pictures.open_pipeline(FluxPipeline, source, dtype)
        if pipeline.transformer.config.in_channels != 4 * pipeline.vae.config.latent_channels:
            what = "a FLUX variant with extra inputs (Fill, Canny, Depth)"
            raise BaseError(f"{source.shown}: {what}; use {self.row.instead}")
        return pipeline

    def settings_of(self, pipeline: Any, index: Mapping[str, Any]) -> Settings:
        return self.row.settings if pipeline.transformer.config.guidance_embeds else SCHNELL

    @torch.no_grad()
    def encode_images(self, base: Base, pixels: Tensor) -> Tensor:
        vae = base.pipeline.vae
        encoded = vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist.mode()
        return (encoded - vae.config.shift_factor) * vae.config.scaling_factor

    @torch.no_grad()
    def encode_prompts(self, base: Base, prompts: Sequence[str]) -> dict[str, Tensor]:
        """Both text embeddings of each: `prompt_embeds` (B, T, D) and `pooled_prompt_embeds` (B, P)."""
        place = pictures.bring(base)
        embeds, pooled, _ = base.pipeline.encode_prompt(
            prompt=list(prompts), prompt_2=None, device=place, max_sequence_length=base.settings.max_tokens
        )
        return {"prompt_embeds": embeds, "pooled_prompt_embeds": pooled}

    def shapes(self, base: Base, batch: int) -> tuple[int, dict[str, tuple[int, ...]]]:
        config: Any = base.model.config
        texts = (batch, base.settings.max_tokens, config.joint_attention_dim)
        shapes = {"prompt_embeds": texts, "pooled_prompt_embeds": (batch, config.pooled_projection_dim)}
        return config.in_channels // 4, shapes

    def predict(self, base: Base, latents: Tensor, t: Tensor, conditioning: dict[str, Tensor]) -> Tensor:
        """The velocity (B, C, h, w) at `latents` and times `t` (B,) in 0..1, 1 is noise."""
        batch, channels, height, width = latents.shape
        text = conditioning["prompt_embeds"].to(base.device, base.dtype)
        packed = base.model(
            hidden_states=FluxPipeline._pack_latents(latents.to(base.dtype), batch, channels, height, width),
            timestep=t.to(base.device, base.dtype),
            guidance=guidance_in_training(base, batch),
            pooled_projections=conditioning["pooled_prompt_embeds"].to(base.device, base.dtype),
            encoder_hidden_states=text,
            txt_ids=torch.zeros(text.shape[1], 3, device=base.device, dtype=base.dtype),
            img_ids=FluxPipeline._prepare_latent_image_ids(
                batch, height // 2, width // 2, base.device, base.dtype
            ),
            return_dict=False,
        )[0]
        return FluxPipeline._unpack_latents(packed, height * 8, width * 8, 8)

    def guided(
        self, base: Base, negative: dict[str, Tensor] | None, guidance: float, count: int
    ) -> dict[str, Any]:
        """A base that was not distilled for guidance is guided by `negative` (classifier-free guidance) when
        `guidance` is above 1.
        """
        if base.pipeline.transformer.config.guidance_embeds:
            return {"guidance_scale": guidance}
        if negative is None or guidance <= 1:
            return {}
        return {"true_cfg_scale": guidance, **pictures.rows(base, negative, count, "negative_")}

    def inpainter(self, base: Base) -> Any:
        return FluxInpaintPipeline
