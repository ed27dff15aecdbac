"""Stable Diffusion 1.5 and XL, on diffusers' own classes: two classes that differ in facts.

Covers loading (folder, hub id, one .safetensors file), noise and v-prediction, SDXL's size conditioning and
both its text encoders, and sampling through the pipelines themselves. Prompts are cut at CLIP's 77 tokens.
The safety checker of 1.5 is not loaded. Not covered: inpainting, refiner, Stable Diffusion 2, pickles.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from diffusers import (
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLInpaintPipeline,
    StableDiffusionXLPipeline,
)
from safetensors import safe_open
from torch import Tensor

from lorakit.errors import BaseError
from lorakit.families import pictures
from lorakit.families.base import Base, Objective
from lorakit.families.hub import loading
from lorakit.families.image import ImageFamily
from lorakit.families.source import INDEX, Source

CONFIGURATIONS = (
    f"Hugging Face can't be reached for its parts' configurations; put {INDEX} and its subfolders in the "
    "file's folder"
)


class StableDiffusion(ImageFamily):
    """Either kind of Stable Diffusion."""

    step = 64  # three halvings below the latents' 8 pixels
    cell = 8
    guided_at_once = True
    pipeline: Any
    inpaints: Any
    options: ClassVar[dict[str, Any]]
    sized = False  # is it told the sizes of the photos it learns from?

    def open(self, source: Source, dtype: torch.dtype) -> Any:
        """Its pipeline. The configurations of a checkpoint file come from the folder it is in, from a folder
        of its name beside it, or from the hub. Raises BaseError.
        """
        if source.file:
            pipeline = self._open_file(source, dtype)
        else:
            pipeline = pictures.open_pipeline(self.pipeline, source, dtype, **self.options)
        self.check(pipeline, source.shown)
        return pipeline

    def check(self, pipeline: Any, shown: str) -> None:
        """Raise BaseError for a pipeline of the same class that is another kind of base."""
        if pipeline.unet.config.in_channels != pipeline.vae.config.latent_channels:
            raise BaseError(f"{shown} is an inpainting variant with extra inputs; use the plain base")
        if not self.sized and pipeline.unet.config.cross_attention_dim == 1024:
            raise BaseError(f"{shown} is Stable Diffusion 2, which is not supported; use 1.5 or XL")

    def _open_file(self, source: Source, dtype: torch.dtype) -> Any:
        assert source.file is not None
        beside = (source.file.parent, source.file.with_suffix(""))
        config = next((str(folder) for folder in beside if (folder / INDEX).is_file()), None)
        options = {"dtype": dtype, **self.options}
        if config:
            options |= {"config": config, "local_files_only": True}
        with loading(source.shown):
            try:
                pipeline = self.pipeline.from_single_file(str(source.file), **options)
                return _with_stated_prediction(pipeline, source.file)
            except OSError as error:
                if config:
                    raise
                raise BaseError(f"{source.shown}: {CONFIGURATIONS}") from error

    def objective(self, base: Base) -> Objective:
        """What the scheduler says that the base predicts. Raises BaseError for what cannot be trained."""
        scheduler = base.pipeline.scheduler
        kind = scheduler.config.get("prediction_type", "epsilon")
        if kind not in ("epsilon", "v_prediction"):
            raise BaseError(f"{base.source}: predicts {kind!r}; only epsilon and v_prediction can be trained")
        return Objective(kind, scheduler.alphas_cumprod)

    @torch.no_grad()
    def encode_images(self, base: Base, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, H, W) in -1..1 -> scaled latents (B, C, H/8, W/8): the posterior's mode.

        In float32: SDXL's encoder overflows in 16 bits.
        """
        vae = base.pipeline.vae
        kept = vae.dtype
        vae.to(torch.float32)
        try:
            encoded = vae.encode(pixels.to(vae.device, torch.float32)).latent_dist.mode()
        finally:
            vae.to(kept)
        return encoded * vae.config.scaling_factor

    @torch.no_grad()
    def encode_prompts(self, base: Base, prompts: Sequence[str]) -> dict[str, Tensor]:
        """The text embeddings (B, T, D); for SDXL those of both encoders and the pooled ones (B, P).

        No prompt is all zeros for an SDXL that was trained so, as its pipeline has it.
        """
        place = pictures.bring(base)
        encoded = base.pipeline.encode_prompt(
            list(prompts), device=place, num_images_per_prompt=1, do_classifier_free_guidance=False
        )
        if not self.sized:
            return {"prompt_embeds": encoded[0]}
        said = torch.ones(len(prompts), device=place)
        if base.pipeline.config.force_zeros_for_empty_prompt:
            said = torch.tensor([float(bool(prompt)) for prompt in prompts], device=place)
        return {
            "prompt_embeds": encoded[0] * said.to(encoded[0].dtype)[:, None, None],
            "pooled_prompt_embeds": encoded[2] * said.to(encoded[2].dtype)[:, None],
        }

    def describe_photo(
        self, base: Base, original: tuple[int, int], bucket: tuple[int, int]
    ) -> dict[str, Tensor]:
        """SDXL's size conditioning of one photo: `time_ids` (1, 6).

        `original` and `bucket` are (width, height) in pixels; photos are not cropped, so the corner is 0, 0
        (arXiv 2307.01952, section 2.2).
        """
        if not self.sized:
            return {}
        (width, height), (bucket_width, bucket_height) = original, bucket
        return {"time_ids": torch.tensor([[height, width, 0, 0, bucket_height, bucket_width]]).float()}

    def shapes(self, base: Base, batch: int) -> tuple[int, dict[str, tuple[int, ...]]]:
        config: Any = base.model.config
        shapes: dict[str, tuple[int, ...]] = {
            "prompt_embeds": (batch, base.settings.max_tokens, config.cross_attention_dim)
        }
        if self.sized:
            sizes = 6 * config.addition_time_embed_dim
            shapes["pooled_prompt_embeds"] = (batch, config.projection_class_embeddings_input_dim - sizes)
            shapes["time_ids"] = (batch, 6)
        return config.in_channels, shapes

    def predict(self, base: Base, latents: Tensor, t: Tensor, conditioning: dict[str, Tensor]) -> Tensor:
        """What the objective says (B, C, h, w) at noisy `latents` and whole timesteps `t` (B,).

        Without `time_ids` the latents' own size is told, as in sampling.
        """
        added = None
        if self.sized:
            height, width = (side * self.cell for side in latents.shape[-2:])
            own = torch.tensor([[height, width, 0, 0, height, width]]).float().expand(latents.shape[0], 6)
            added = {
                "text_embeds": conditioning["pooled_prompt_embeds"].to(base.device, base.dtype),
                "time_ids": conditioning.get("time_ids", own).to(base.device, base.dtype),
            }
        return base.model(
            latents.to(base.dtype),
            t.to(base.device),
            encoder_hidden_states=conditioning["prompt_embeds"].to(base.device, base.dtype),
            added_cond_kwargs=added,
            return_dict=False,
        )[0]

    def inpainter(self, base: Base) -> Any:
        return self.inpaints

    def guided(
        self, base: Base, negative: dict[str, Tensor] | None, guidance: float, count: int
    ) -> dict[str, Any]:
        """Guided by `negative` when `guidance` is above 1."""
        if negative is None:
            return {"guidance_scale": 1.0}
        return {"guidance_scale": guidance, **pictures.rows(base, negative, count, "negative_")}


def _with_stated_prediction(pipeline: Any, file: Path) -> Any:
    """Let the scheduler do what marks in the checkpoint say, which diffusers passes over.

    Empty tensors `v_pred` and `ztsnr` mean v-prediction and noise down to no signal (arXiv 2305.08891),
    as trainers mark SDXL checkpoints of that kind and ComfyUI reads them.
    """
    with safe_open(file, framework="pt") as opened:
        marks = {"v_pred", "ztsnr"} & set(opened.keys())
    if "v_pred" in marks:
        whole = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"} if "ztsnr" in marks else {}
        scheduler = pipeline.scheduler
        stated = type(scheduler).from_config(scheduler.config, prediction_type="v_prediction", **whole)
        pipeline.register_modules(scheduler=stated)
    return pipeline


class SD15(StableDiffusion):
    """Stable Diffusion 1.5."""

    pipeline = StableDiffusionPipeline
    inpaints = StableDiffusionInpaintPipeline
    options: ClassVar[dict[str, Any]] = {"safety_checker": None, "requires_safety_checker": False}


class SDXL(StableDiffusion):
    """Stable Diffusion XL."""

    pipeline = StableDiffusionXLPipeline
    inpaints = StableDiffusionXLInpaintPipeline
    options: ClassVar[dict[str, Any]] = {"add_watermarker": False}
    sized = True
