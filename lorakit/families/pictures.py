"""What the families of image bases share: opening a pipeline, moving its encoders, sizes and noise."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from diffusers.utils import logging as diffusers_logging
from PIL import Image
from torch import Tensor
from transformers.utils import logging as transformers_logging

from lorakit.errors import DataError
from lorakit.families import quantize
from lorakit.families.base import Base
from lorakit.families.facts import Licence, Settings
from lorakit.families.hub import loading
from lorakit.families.licences import licence_of
from lorakit.families.source import Source, check_parts, read_settings
from lorakit.lora.live import set_progress

diffusers_logging.disable_progress_bar()
logging.getLogger("diffusers").setLevel(logging.ERROR)
transformers_logging.set_verbosity_error()
transformers_logging.disable_progress_bar()

HALF = "fp16"  # the name of a variant of a repository's files


def open_pipeline(kind: Any, source: Source, dtype: torch.dtype, **options: Any) -> Any:
    """A pipeline of class `kind` from a folder or from the hub, on the CPU.

    Files of the fp16 variant are taken when there are no others, and for 16-bit types when there are both:
    they are half as large. Raises BaseError.
    """
    if source.folder:
        check_parts(source.folder)
    with loading(source.shown):
        half = dtype.itemsize == 2
        if source.folder:
            weights = [path.name for path in source.folder.glob("*/*.safetensors")]
            variant = HALF if _has(weights, True) and (half or not _has(weights, False)) else None
        else:
            variant = HALF if half else None
        options |= {"dtype": dtype, "revision": source.revision, "use_safetensors": True}
        try:
            pipeline = kind.from_pretrained(source.place, variant=variant, **options)
        except (OSError, ValueError) as error:
            if source.folder or variant is None or "variant" not in str(error):
                raise
            pipeline = kind.from_pretrained(source.place, **options)
    return pipeline


def _has(names: list[str], half: bool) -> bool:
    return any((f".{HALF}." in name) == half for name in names)


def settle(
    pipeline: Any,
    source: Source,
    family: str,
    component: str,
    device: torch.device,
    dtype: torch.dtype,
    quantized: str | None,
    default: Settings,
) -> Base:
    """A Base from an opened pipeline: in 4 bits if asked for, denoiser and VAE on the device.

    Text encoders wait on the CPU until `bring` fetches them.
    """
    pipeline.set_progress_bar_config(disable=True)
    settings, stated = read_settings(source.folder, default)
    model = getattr(pipeline, component)
    with loading(source.shown):
        if quantized == "nf4":
            for part in (model, *encoders(pipeline).values()):
                quantize.nf4(part, device if part is model else torch.device("cpu"), dtype)
        model.to(device)
        pipeline.vae.to(device)
    for part in (model, pipeline.vae, *encoders(pipeline).values()):
        part.eval().requires_grad_(False)
    return Base(
        source.text, family, model, device, dtype, stated or licence(source), pipeline,
        quantized=quantized, settings=settings,
    )  # fmt: skip


def licence(source: Source) -> Licence:
    """The licence of the base with this id or name."""
    return licence_of(source.repo or source.shown)


def encoders(pipeline: Any) -> dict[str, Any]:
    """The pipeline's text encoders by name."""
    found = {name: getattr(pipeline, name, None) for name in ("text_encoder", "text_encoder_2")}
    return {name: encoder for name, encoder in found.items() if encoder is not None}


def bring(base: Base) -> torch.device:
    """Move the text encoders to where texts are encoded, and return that device.

    That is the base's own, but for an offloaded base, for whose encoders a small card has no room.
    """
    place = torch.device("cpu") if base.offloaded else base.device
    for encoder in encoders(base.pipeline).values():
        encoder.to(place)
    return place


def free_encoders(base: Base) -> None:
    """Make room on a GPU once texts are encoded; `encode_prompts` brings the text encoders back by itself."""
    if base.device.type == "cuda":
        for encoder in encoders(base.pipeline).values():
            encoder.to("cpu")
        torch.cuda.empty_cache()


@contextmanager
def without_encoders(pipeline: Any) -> Iterator[None]:
    """Sampling from embeddings needs none, and diffusers takes its device from any part, also a freed one."""
    kept = encoders(pipeline)
    try:
        for part in kept:
            setattr(pipeline, part, None)
        yield
    finally:
        for part, encoder in kept.items():
            setattr(pipeline, part, encoder)


def draw(
    base: Base,
    width: int,
    height: int,
    multiple: int,
    seeds: Sequence[int],
    steps: int,
    on_step: Callable[[int], None] | None,
    **options: Any,
) -> list[Image.Image]:
    """One picture per seed through the pipeline itself, from embeddings in `options`.

    Each seed has a generator of its own on the CPU, so that its noise depends neither on the device nor on
    what it is batched with. A mix that is live on the base's model is told at every step how far the sampling
    is. Raises DataError when a side is no multiple of `multiple` pixels.
    """
    if min(width, height) < multiple or width % multiple or height % multiple:
        raise DataError(
            f"size {width}x{height}: both sides must be multiples of {multiple}; choose the nearest ones"
        )

    def stepped(pipeline: Any, number: int, t: Any, kept: dict[str, Tensor]) -> dict[str, Tensor]:
        # Counted by the pipeline: some schedulers take more steps than they are asked for.
        set_progress(base.model, (number + 1) / pipeline.num_timesteps)
        if on_step is not None:
            on_step(number)
        return kept

    set_progress(base.model, 0.0)
    noise = [torch.Generator("cpu").manual_seed(int(seed)) for seed in seeds]
    with without_encoders(base.pipeline):
        return base.pipeline(
            width=width,
            height=height,
            num_inference_steps=steps,
            generator=noise,
            output_type="pil",
            callback_on_step_end=stepped,
            **options,
        ).images


def rows(base: Base, conditioning: dict[str, Tensor], count: int, prefix: str = "") -> dict[str, Tensor]:
    """Each embedding with `count` rows on the base's device, its name behind `prefix`."""
    return {
        prefix + name: (value if value.shape[0] == count else value.expand(count, *value.shape[1:])).to(
            base.device, base.dtype
        )
        for name, value in conditioning.items()
    }


def blank(
    base: Base, latents: tuple[int, ...], shapes: dict[str, tuple[int, ...]]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Empty tensors of these shapes on the base's device."""
    conditioning = {
        name: torch.empty(shape, device=base.device, dtype=base.dtype) for name, shape in shapes.items()
    }
    return torch.empty(latents, device=base.device), conditioning
