"""FLUX.2 (dev, klein 4B and 9B, their undistilled bases), on diffusers' own classes.

Latents are those of the pipelines: 2 x 2 places of the autoencoder side by side as channels, normalised by
its batch statistics. Not covered: reference pictures, and the klein variants with a cache for them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from diffusers import DiffusionPipeline, Flux2KleinInpaintPipeline, Flux2KleinPipeline, Flux2Pipeline
from torch import Tensor
from transformers import AutoTokenizer

from lorakit.errors import BaseError
from lorakit.families import hub, pictures
from lorakit.families.base import Base
from lorakit.families.facts import Settings
from lorakit.families.hub import loading
from lorakit.families.image import ImageFamily, guidance_in_training
from lorakit.families.source import Source

KLEIN = Settings(steps=4, guidance=1.0, max_tokens=512)
KLEIN_BASE = Settings(steps=50, guidance=4.0, max_tokens=512)


class Flux2(ImageFamily):
    """FLUX.2."""

    step, cell = 16, 16

    def open(self, source: Source, dtype: torch.dtype) -> Any:
        # dev's processor also prepares pictures, for which it needs torchvision; texts need its tokenizer.
        kind = source.holds or hub.holds(source)
        without: dict[str, Any] = {"tokenizer": None} if kind == Flux2Pipeline.__name__ else {}
        pipeline: Any = pictures.open_pipeline(DiffusionPipeline, source, dtype, **without)
        if without:
            with loading(source.shown):
                tokenizer = AutoTokenizer.from_pretrained(
                    source.place, subfolder="tokenizer", revision=source.revision
                )
            pipeline.register_modules(tokenizer=tokenizer)
        if type(pipeline) not in (Flux2Pipeline, Flux2KleinPipeline):
            raise BaseError(f"{source.shown} is a {type(pipeline).__name__}; use {self.row.instead}")
        return pipeline

    def settings_of(self, pipeline: Any, index: Mapping[str, Any]) -> Settings:
        """Of the kleins, one is distilled."""
        if index["_class_name"] != Flux2KleinPipeline.__name__:
            return self.row.settings
        return KLEIN if index.get("is_distilled") else KLEIN_BASE

    @torch.no_grad()
    def encode_images(self, base: Base, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, H, W) in -1..1 -> normalised latents (B, 4 C, H/16, W/16): the posterior's mode."""
        vae = base.pipeline.vae
        encoded = vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist.mode()
        patches = Flux2Pipeline._patchify_latents(encoded)
        mean = vae.bn.running_mean.view(1, -1, 1, 1).to(patches)
        spread = (vae.bn.running_var.view(1, -1, 1, 1) + vae.config.batch_norm_eps).sqrt().to(patches)
        return (patches - mean) / spread

    @torch.no_grad()
    def encode_prompts(self, base: Base, prompts: Sequence[str]) -> dict[str, Tensor]:
        """Three layers of the language model, side by side: `prompt_embeds` (B, T, 3 D)."""
        place = pictures.bring(base)
        embeds, _ = base.pipeline.encode_prompt(
            list(prompts), device=place, max_sequence_length=base.settings.max_tokens
        )
        return {"prompt_embeds": embeds}

    def shapes(self, base: Base, batch: int) -> tuple[int, dict[str, tuple[int, ...]]]:
        config: Any = base.model.config
        texts = (batch, base.settings.max_tokens, config.joint_attention_dim)
        return config.in_channels, {"prompt_embeds": texts}

    def predict(self, base: Base, latents: Tensor, t: Tensor, conditioning: dict[str, Tensor]) -> Tensor:
        """The velocity (B, C, h, w) at `latents` and times `t` (B,) in 0..1, 1 is noise."""
        batch, channels, height, width = latents.shape
        text = conditioning["prompt_embeds"].to(base.device, base.dtype)
        packed = base.model(
            hidden_states=Flux2Pipeline._pack_latents(latents.to(base.dtype)),
            timestep=t.to(base.device, base.dtype),
            guidance=guidance_in_training(base, batch),
            encoder_hidden_states=text,
            txt_ids=Flux2Pipeline._prepare_text_ids(text).to(base.device),
            img_ids=Flux2Pipeline._prepare_latent_ids(latents).to(base.device),
            return_dict=False,
        )[0]
        return packed.transpose(1, 2).reshape(batch, channels, height, width)

    def guided(
        self, base: Base, negative: dict[str, Tensor] | None, guidance: float, count: int
    ) -> dict[str, Any]:
        """dev has its guidance built in; an undistilled klein is guided by `negative` when `guidance` is
        above 1; a distilled one not at all.
        """
        is_klein = isinstance(base.pipeline, Flux2KleinPipeline)
        if not is_klein:
            return {"guidance_scale": guidance}
        if negative is None or guidance <= 1 or base.pipeline.config.is_distilled:
            return {"guidance_scale": 1.0}
        return {"guidance_scale": guidance, **pictures.rows(base, negative, count, "negative_")}

    def inpainter(self, base: Base) -> Any:
        """Of a klein alone: diffusers has none for dev."""
        return Flux2KleinInpaintPipeline if isinstance(base.pipeline, Flux2KleinPipeline) else None
