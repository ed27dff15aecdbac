"""FLUX.2 (dev, klein 4B and 9B, their undistilled bases), on diffusers' own classes.

Latents are those of the pipelines: 2 x 2 places of the autoencoder side by side as channels, normalised by
its batch statistics. Not covered: reference pictures, and the klein variants with a cache for them.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from diffusers import DiffusionPipeline, Flux2KleinPipeline, Flux2Pipeline
from PIL import Image
from torch import Tensor, nn
from transformers import AutoTokenizer

from lorakit.errors import BaseError
from lorakit.families import (
    Base,
    Objective,
    Settings,
    hub,
    pictures,
)
from lorakit.families.hub import loading
from lorakit.families.numbers import best_dtype
from lorakit.families.sources import Source

name = "flux2"
component = "transformer"
step = 16
cell = 16

DEV = Settings(steps=28, guidance=4.0, max_tokens=512)
KLEIN = Settings(steps=4, guidance=1.0, max_tokens=512)
KLEIN_BASE = Settings(steps=50, guidance=4.0, max_tokens=512)


def load(source: Source, device: torch.device, dtype: torch.dtype | None, quantize: str | None) -> Base:
    """Load the pipeline. In bf16 on CUDA and float32 on the CPU unless `dtype` says otherwise."""
    dtype = best_dtype(device, dtype)
    # dev's processor also prepares pictures, for which it needs torchvision; texts need its tokenizer alone.
    without: dict[str, Any] = {"tokenizer": None} if _kind(source) == Flux2Pipeline.__name__ else {}
    pipeline: Any = pictures.open_pipeline(DiffusionPipeline, source, dtype, **without)
    if without:
        with loading(source.shown):
            tokenizer = AutoTokenizer.from_pretrained(
                source.place, subfolder="tokenizer", revision=source.revision
            )
        pipeline.register_modules(tokenizer=tokenizer)
    if type(pipeline) not in (Flux2Pipeline, Flux2KleinPipeline):
        raise BaseError(f"{source.shown}: is a {type(pipeline).__name__}; use FLUX.2-dev or a FLUX.2-klein")
    default = settings_of(type(pipeline).__name__, pipeline.config.get("is_distilled"))
    return pictures.settle(pipeline, source, name, component, device, dtype, quantize, default)


def settings_of(pipeline: str, is_distilled: bool | None) -> Settings:
    """What a base with this class of pipeline works best with; of the kleins, one is distilled."""
    if pipeline != Flux2KleinPipeline.__name__:
        return DEV
    return KLEIN if is_distilled else KLEIN_BASE


def targets(base: Base, convolutions: bool = False) -> list[str]:
    """All linear layers of attention and feed-forward; not the modulations, embedders or the output.

    It has no convolutions.
    """
    return [
        path
        for path, module in base.model.named_modules()
        if isinstance(module, nn.Linear) and "transformer_blocks." in path
    ]


def objective(base: Base) -> Objective:
    """Rectified flow."""
    return Objective("flow_matching")


@torch.no_grad()
def encode_images(base: Base, pixels: Tensor) -> Tensor:
    """Pixels (B, 3, H, W) in -1..1 -> normalised latents (B, 4 C, H/16, W/16): the posterior's mode."""
    vae = base.pipeline.vae
    encoded = vae.encode(pixels.to(vae.device, vae.dtype)).latent_dist.mode()
    patches = Flux2Pipeline._patchify_latents(encoded)
    mean = vae.bn.running_mean.view(1, -1, 1, 1).to(patches)
    spread = (vae.bn.running_var.view(1, -1, 1, 1) + vae.config.batch_norm_eps).sqrt().to(patches)
    return (patches - mean) / spread


@torch.no_grad()
def encode_prompts(base: Base, prompts: Sequence[str]) -> dict[str, Tensor]:
    """Three layers of the language model, side by side: `prompt_embeds` (B, T, 3 D)."""
    place = pictures.bring(base)
    embeds, _ = base.pipeline.encode_prompt(
        list(prompts), device=place, max_sequence_length=base.settings.max_tokens
    )
    return {"prompt_embeds": embeds}


def describe_photo(base: Base, original: tuple[int, int], bucket: tuple[int, int]) -> dict[str, Tensor]:
    """Nothing: the size of the latents says it all."""
    return {}


def blank(base: Base, batch: int, width: int, height: int) -> tuple[Tensor, dict[str, Tensor]]:
    """Empty latents and conditioning of a batch's shapes, from the model's configuration alone."""
    config: Any = base.model.config
    texts = (batch, base.settings.max_tokens, config.joint_attention_dim)
    latents = (batch, config.in_channels, height // cell, width // cell)
    return pictures.blank(base, latents, {"prompt_embeds": texts})


free_encoders = pictures.free_encoders


def predict(base: Base, latents: Tensor, t: Tensor, conditioning: dict[str, Tensor]) -> Tensor:
    """The velocity (B, C, h, w) at `latents` and times `t` (B,) in 0..1, 1 is noise."""
    batch, channels, height, width = latents.shape
    text = conditioning["prompt_embeds"].to(base.device, base.dtype)
    guidance = None
    if base.model.config.guidance_embeds:  # type: ignore[union-attr]
        # As in training FLUX.1: guidance 1 keeps the distilled base's own guidance usable afterwards.
        guidance = torch.ones(batch, device=base.device, dtype=base.dtype)
    packed = base.model(
        hidden_states=Flux2Pipeline._pack_latents(latents.to(base.dtype)),
        timestep=t.to(base.device, base.dtype),
        guidance=guidance,
        encoder_hidden_states=text,
        txt_ids=Flux2Pipeline._prepare_text_ids(text).to(base.device),
        img_ids=Flux2Pipeline._prepare_latent_ids(latents).to(base.device),
        return_dict=False,
    )[0]
    return packed.transpose(1, 2).reshape(batch, channels, height, width)


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

    `conditioning` and `negative` have one row, or one per seed. dev has its guidance built in; an undistilled
    klein is guided by `negative` when `guidance` is above 1; a distilled one not at all. Raises DataError
    when a side is no multiple of `step`.
    """
    count = len(seeds)
    options: dict[str, Any] = {
        **pictures.rows(base, conditioning, count),
        "guidance_scale": guidance,
    }
    if _is_klein(base.pipeline):
        guided = negative is not None and guidance > 1 and not base.pipeline.config.is_distilled
        options["guidance_scale"] = guidance if guided else 1.0
        if guided:
            options |= pictures.rows(base, negative or {}, count, "negative_")
    return pictures.draw(base, width, height, step, seeds, steps, on_step, **options)


def _kind(source: Source) -> str:
    return source.holds or hub.holds(source)


def _is_klein(pipeline: Any) -> bool:
    return isinstance(pipeline, Flux2KleinPipeline)
