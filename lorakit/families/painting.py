"""Painting into an image, by diffusers' inpaint pipelines on the modules of a loaded base."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from PIL import Image

from lorakit.errors import DataError
from lorakit.families.base import Base
from lorakit.lora.live import set_progress

OnStep = Callable[[int], None] | None


def check_canvas(image: Image.Image, mask: Image.Image, multiple: int, strength: float) -> None:
    """Raise DataError for a mask of another size, a size the base cannot draw, or a strength beyond 0..1."""
    if mask.size != image.size:
        raise DataError(
            f"mask: is {mask.width}x{mask.height} pixels and the image {image.width}x{image.height}; "
            "give a mask of the image's size"
        )
    if min(image.size) < multiple or image.width % multiple or image.height % multiple:
        raise DataError(
            f"size {image.width}x{image.height}: both sides must be multiples of {multiple}; choose the "
            "nearest ones"
        )
    if not 0 < strength <= 1:
        raise DataError(f"strength {strength:g}: must be above 0, up to 1")


def sharing(kind: Any, pipeline: Any) -> Any:
    """A pipeline of class `kind` made of another's parts, without its text encoders: sampling from embeddings
    needs none, and diffusers takes its device from any part.
    """
    asked = inspect.signature(kind.__init__).parameters
    parts = {name: part for name, part in pipeline.components.items() if name in asked}
    parts |= {name: None for name in asked if name.startswith(("text_encoder", "image_encoder"))}
    parts |= {"safety_checker": None, "feature_extractor": None} if "safety_checker" in asked else {}
    stated = {name: value for name, value in pipeline.config.items() if name in asked and name not in parts}
    shared = kind(**{name: value for name, value in (parts | stated).items() if name in asked})
    shared.set_progress_bar_config(disable=True)
    return shared


def inpaint(
    base: Base,
    kind: Any,
    images: Sequence[Image.Image],
    masks: Sequence[Image.Image],
    strength: float,
    seeds: Sequence[int],
    steps: int,
    on_step: OnStep,
    **options: Any,
) -> list[Image.Image]:
    """One image per seed through the inpaint pipeline `kind`, from embeddings in `options`.

    White in a mask is painted, black stays. A mix that is live on the base's model is told how far the
    sampling is.
    """
    pipeline = sharing(kind, base.pipeline)
    width, height = images[0].size

    def stepped(pipeline: Any, number: int, t: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        set_progress(base.model, (number + 1) / max(1, pipeline.num_timesteps))
        if on_step is not None:
            on_step(number)
        return tensors

    set_progress(base.model, 0.0)
    # A pipeline takes at least one step: strength counts steps, and a low one of few steps would be none.
    return pipeline(
        image=list(images),
        mask_image=list(masks),
        width=width,
        height=height,
        strength=max(strength, 1 / steps),
        num_inference_steps=steps,
        generator=[torch.Generator("cpu").manual_seed(int(seed)) for seed in seeds],
        output_type="pil",
        callback_on_step_end=stepped,
        **options,
    ).images


def merged(painted: Image.Image, original: Image.Image, mask: Image.Image) -> Image.Image:
    """`painted` where `mask` is white and `original` where it is black, bit for bit."""
    return Image.composite(painted.convert("RGB"), original.convert("RGB"), mask.convert("L"))
