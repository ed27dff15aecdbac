"""FLUX.1 (dev, schnell, and the starter image base), on diffusers' own classes.

Covers loading (folder or hub id, optionally NF4), encoding, the velocity prediction of training, and sampling
through `FluxPipeline` itself. Not covered: Fill, Canny, Depth and Kontext variants, whose inputs are wider.
"""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from diffusers import FluxPipeline, FluxTransformer2DModel
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from torch import Tensor, nn

from lorakit.errors import BaseError, DataError
from lorakit.families import Base, Licence, Objective, Settings, read_settings
from lorakit.families.hub import loading

name = "flux"
step = 16
cell = 8

HUB = "https://huggingface.co/black-forest-labs/"
LICENCES = {
    "FLUX.1-dev": Licence("FLUX.1 [dev] Non-Commercial License", False, HUB + "FLUX.1-dev"),
    "FLUX.1-schnell": Licence("Apache-2.0", True, HUB + "FLUX.1-schnell"),
}
UNKNOWN = Licence("unknown: ask the model's owner", None)
SCHNELL = Settings(steps=4, guidance=0.0, max_tokens=256)
DEV = Settings(steps=28, guidance=3.5, max_tokens=512)

diffusers_logging.disable_progress_bar()
logging.getLogger("diffusers").setLevel(logging.ERROR)


def recognises(folder: Path) -> bool:
    """Is this a FLUX.1 pipeline folder, or the hub id of one?"""
    index = folder / "model_index.json"
    if index.is_file():
        try:
            return json.loads(index.read_text(encoding="utf-8")).get("_class_name") == "FluxPipeline"
        except (ValueError, AttributeError):
            return False
    return not folder.exists() and "flux.1" in folder.name.lower()


def load(source: str, device: torch.device, dtype: torch.dtype | None, quantize: str | None) -> Base:
    """Load the pipeline. In bf16 on CUDA and float32 on the CPU unless `dtype` says otherwise."""
    dtype = dtype or (torch.bfloat16 if device.type == "cuda" else torch.float32)
    folder = Path(source) if Path(source).is_dir() else None
    shown = folder.name if folder else source
    if quantize and device.type != "cuda":
        raise BaseError(
            f"{shown}: quantize={quantize!r} needs a CUDA device; leave it out on the {device.type}"
        )
    if folder:
        _check_parts(folder)
    with loading(shown):
        parts: dict[str, Any] = {}
        if quantize == "nf4":
            parts["transformer"] = _quantized_transformer(source, dtype)
        pipeline = FluxPipeline.from_pretrained(source, dtype=dtype, **parts)
        pipeline.to(device)
    pipeline.set_progress_bar_config(disable=True)
    if pipeline.transformer.config.in_channels != 4 * pipeline.vae.config.latent_channels:
        what = "is a FLUX variant with extra inputs (Fill, Canny, Depth)"
        raise BaseError(f"{shown}: {what}; use FLUX.1-dev or FLUX.1-schnell")
    default = DEV if pipeline.transformer.config.guidance_embeds else SCHNELL
    settings, stated = read_settings(folder, default)
    for part in (pipeline.vae, pipeline.text_encoder, pipeline.text_encoder_2):
        part.eval().requires_grad_(False)
    return Base(
        source, name, pipeline.transformer, device, dtype, stated or _licence(source), pipeline,
        quantized=quantize, settings=settings,
    )  # fmt: skip


def _check_parts(folder: Path) -> None:
    """Raise BaseError when a part that model_index.json lists is not there."""
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    listed = [part for part, classes in index.items() if isinstance(classes, list) and classes[0]]
    missing = [part for part in listed if not (folder / part).is_dir() or not any((folder / part).iterdir())]
    if missing:
        raise BaseError(
            f"{folder.name}: its {', '.join(missing)} is missing; download this base again, complete"
        )


def _quantized_transformer(source: str, dtype: torch.dtype) -> FluxTransformer2DModel:
    from diffusers import BitsAndBytesConfig

    config = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
    return FluxTransformer2DModel.from_pretrained(
        source, subfolder="transformer", quantization_config=config, dtype=dtype
    )


def _licence(source: str) -> Licence:
    return next((licence for part, licence in LICENCES.items() if part.lower() in source.lower()), UNKNOWN)


def targets(base: Base) -> list[str]:
    """All linear layers of attention and feed-forward; not the modulations, embedders or the output."""
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
    for encoder in (base.pipeline.text_encoder, base.pipeline.text_encoder_2):
        encoder.to(base.device)
    embeds, pooled, _ = base.pipeline.encode_prompt(
        prompt=list(prompts), prompt_2=None, max_sequence_length=base.settings.max_tokens
    )
    return {"prompt_embeds": embeds, "pooled_prompt_embeds": pooled}


def free_encoders(base: Base) -> None:
    """Make room on a GPU once texts are encoded; `encode_prompts` brings the text encoders back by itself."""
    if base.device.type == "cuda":
        for encoder in (base.pipeline.text_encoder, base.pipeline.text_encoder_2):
            encoder.to("cpu")
        torch.cuda.empty_cache()


@contextmanager
def _without_encoders(pipeline: Any) -> Iterator[None]:
    """Sampling from embeddings needs none, and diffusers takes its device from any part, also a freed one."""
    encoders = {"text_encoder": pipeline.text_encoder, "text_encoder_2": pipeline.text_encoder_2}
    try:
        for part in encoders:
            setattr(pipeline, part, None)
        yield
    finally:
        for part, encoder in encoders.items():
            setattr(pipeline, part, encoder)


def predict(base: Base, latents: Tensor, t: Tensor, conditioning: dict[str, Tensor]) -> Tensor:
    """The velocity (B, C, h, w) at `latents` and times `t` (B,) in 0..1, 1 is noise."""
    batch, channels, height, width = latents.shape
    text = conditioning["prompt_embeds"].to(base.device, base.dtype)
    guidance = None
    if base.pipeline.transformer.config.guidance_embeds:
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
    guided by `negative` (classifier-free guidance) when `guidance` is above 1. Each seed has a generator of
    its own, so its noise does not depend on what it is batched with. Raises DataError when a side is no
    multiple of `step`.
    """
    if min(width, height) < step or width % step or height % step:
        raise DataError(
            f"size {width}x{height}: both sides must be multiples of {step}; choose the nearest ones"
        )
    count = len(seeds)
    options: dict[str, Any] = {
        k: _rows(v, count).to(base.device, base.dtype) for k, v in conditioning.items()
    }
    if base.pipeline.transformer.config.guidance_embeds:
        options["guidance_scale"] = guidance
    elif negative is not None and guidance > 1:
        options["true_cfg_scale"] = guidance
        options |= {f"negative_{k}": _rows(v, count).to(base.device, base.dtype) for k, v in negative.items()}
    if on_step is not None:
        options["callback_on_step_end"] = lambda pipe, number, t, kept: (on_step(number), kept)[1]
    # Noise is drawn on the CPU, so that a seed gives the same picture on every device.
    noise = [torch.Generator("cpu").manual_seed(int(seed)) for seed in seeds]
    with _without_encoders(base.pipeline):
        return base.pipeline(
            width=width,
            height=height,
            num_inference_steps=steps,
            generator=noise,
            output_type="pil",
            **options,
        ).images


def _rows(rows: Tensor, count: int) -> Tensor:
    return rows if rows.shape[0] == count else rows.expand(count, *rows.shape[1:])
