"""Judging images: each score measured by itself, or said to be missing and why.

Covers craft, near-duplicates, the product's lettering and colours, and, with an embedder, whether the product
is itself and the scene as the prompt says. Not covered: whether an image is beautiful.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from PIL import Image

from lorakit.data.photos import sameness, subject
from lorakit.data.photos.look import Look, take_look
from lorakit.errors import DataError
from lorakit.generation.pictures.judging import colour, lettering, reading
from lorakit.generation.pictures.judging.craft import craft_of
from lorakit.generation.pictures.judging.likeness import likeness
from lorakit.generation.pictures.judging.scores import Likeness, Scores

NO_EMBEDDER = (
    "No judge model is configured: set LORAKIT_JUDGE to a DINOv2, SigLIP2 or CLIP model "
    "(a folder or a Hugging Face ID)."
)
NO_TEXT = "The judge model has no text side: use a SigLIP2 or CLIP model to compare images with prompts."
NO_CUT_OUT = "A cut-out of the product is needed to compare the image with."
NO_LETTERING = "No lettering could be read on the product's cut-out."
NO_LOOK_ALIKES = "Similar products are needed to rank the product among."
NO_PROMPT = "The image has no prompt."
NOT_FOUND = "The product can't be told from the background of this image."
MARGIN = 0.1  # of the sides of the subject's box, that an embedder is shown around it


class Embedder(Protocol):
    """What turns images and texts into unit vectors, such as `families.judge.Judge`."""

    reads: bool  # whether it takes texts

    def images(self, images: Sequence[Image.Image]) -> np.ndarray:
        """(N, D) float32."""
        ...

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """(N, D) float32, in the space of the images."""
        ...


@dataclass(frozen=True, eq=False)
class Reference:
    """What images are compared with: measured once for each product. `missing` as in Scores."""

    lines: tuple[str, ...] = ()
    palettes: tuple[colour.Palette, ...] = ()
    product: np.ndarray | None = None  # (N, D), its cut-outs
    look_alikes: Mapping[str, np.ndarray] = field(default_factory=dict)  # each (N, D)
    embedder: Embedder | None = None
    missing: Mapping[str, str] = field(default_factory=dict)


def judge(
    images: Iterable[Image.Image],
    prompts: str | Sequence[str] | None = None,
    product: Image.Image | Sequence[Image.Image] | None = None,
    embedder: Embedder | None = None,
    look_alikes: Mapping[str, Sequence[Image.Image]] | None = None,
) -> list[Scores]:
    """The scores of images, in their order; see Scores for what each figure means.

    `prompts` is one for all or one per image; `product` its cut-outs (RGBA); `look_alikes` names other
    products with their cut-outs or photos. Images are taken one at a time, so they may be opened as they are
    asked for. Raises DataError.
    """
    reference = measure(product, embedder, look_alikes)
    found, looks = [], []
    asked = None if prompts is None or isinstance(prompts, str) else list(prompts)
    for number, image in enumerate(images):
        if asked is not None and number >= len(asked):
            raise DataError(f"prompts: there are only {len(asked)}, fewer than images; give one per image")
        prompt = asked[number] if asked is not None else prompts
        scores, look = score(image, str(prompt or ""), reference)
        found.append(scores)
        looks.append(look)
    if asked is not None and len(asked) > len(found):
        raise DataError(f"prompts: there are {len(asked)} for {len(found)} images; give one per image")
    twins = {twin.index: twin.other for twin in sameness.near_duplicates(looks)}
    return [replace(scores, twin_of=twins.get(number)) for number, scores in enumerate(found)]


def measure(
    product: Image.Image | Sequence[Image.Image] | None,
    embedder: Embedder | None = None,
    look_alikes: Mapping[str, Sequence[Image.Image]] | None = None,
) -> Reference:
    """Read and measure the product's cut-outs. Raises DataError when one is not a cut-out."""
    cut_outs = [product] if isinstance(product, Image.Image) else list(product or ())
    _check(cut_outs)
    missing: dict[str, str] = {}
    lines = lettering.expected([reading.lines(cut_out) for cut_out in cut_outs])
    palettes = tuple(filter(None, map(colour.of_cut_out, cut_outs)))
    if not lines:
        missing["lettering"] = NO_LETTERING if cut_outs else NO_CUT_OUT
    if not cut_outs:
        missing["colour"] = NO_CUT_OUT
    others = {name: shown for name, shown in (look_alikes or {}).items() if shown}
    if embedder is None or not cut_outs or not others:
        why = NO_EMBEDDER if embedder is None else NO_LOOK_ALIKES if cut_outs else NO_CUT_OUT
        return Reference(lines, palettes, embedder=embedder, missing=missing | {"product": why})
    own = embedder.images([_close(cut_out) for cut_out in cut_outs])
    vectors = {name: embedder.images([_close(image) for image in shown]) for name, shown in others.items()}
    return Reference(lines, palettes, own, vectors, embedder, missing)


def score(image: Image.Image, prompt: str, reference: Reference) -> tuple[Scores, Look]:
    """The scores of one image but for `twin_of`, and the figures that near-duplicates are found by."""
    rgb = image.convert("RGB")
    look = take_look(rgb)
    missing = dict(reference.missing)
    measured: dict[str, Any] = {"craft": craft_of(rgb, look)}
    if reference.lines:
        read = [line.text for line in reading.lines(rgb)]
        measured["lettering"] = lettering.error(reference.lines, read)
    if reference.palettes:
        palette = colour.of_image(rgb)
        if palette is None:
            missing["colour"] = NOT_FOUND
        else:
            measured["colour"] = colour.nearest_apart(reference.palettes, palette)
    if reference.product is not None:
        measured["product"] = _likeness(rgb, reference)
    why = _no_scene(prompt, reference.embedder)
    if why:
        missing["scene"] = why
    else:
        measured["scene"] = _scene(rgb, prompt, reference.embedder)
    return Scores(**measured, missing=missing), look


def _likeness(image: Image.Image, reference: Reference) -> Likeness:
    assert reference.embedder is not None and reference.product is not None
    (vector,) = reference.embedder.images([_close(image)])
    return likeness(vector, reference.product, reference.look_alikes)


def _no_scene(prompt: str, embedder: Embedder | None) -> str:
    if embedder is None:
        return NO_EMBEDDER
    return NO_TEXT if not embedder.reads else "" if prompt.strip() else NO_PROMPT


def _scene(image: Image.Image, prompt: str, embedder: Embedder | None) -> float:
    assert embedder is not None
    (shown,), (said,) = embedder.images([image]), embedder.texts([prompt])
    return float(shown @ said)


def _check(cut_outs: Sequence[Image.Image]) -> None:
    wrong = []
    for number, cut_out in enumerate(cut_outs, 1):
        name = f"product {number}"
        if cut_out.mode != "RGBA":
            wrong.append(f"{name} has no transparency ({cut_out.mode}); use a cut-out")
        elif colour.of_cut_out(cut_out) is None:
            wrong.append(f"{name} has next to nothing opaque in it; use a cut-out that shows the product")
    if wrong:
        raise DataError("; ".join(wrong))


def _close(image: Image.Image) -> Image.Image:
    """The product with little around it, so that an embedder sees it rather than the scene."""
    if image.mode == "RGBA":
        cropped = image.crop(image.getchannel("A").getbbox())
        shown = Image.new("RGB", cropped.size, reading.BEHIND)
        shown.paste(cropped, mask=cropped.getchannel("A"))
        return shown
    rgb = image.convert("RGB")
    found = subject.find(np.asarray(rgb))
    rows, columns = np.flatnonzero(found.any(1)), np.flatnonzero(found.any(0))
    if not len(rows):
        return rgb
    (top, bottom), (left, right) = ((line[0], line[-1] + 1) for line in (rows, columns))
    deep, wide = MARGIN * (bottom - top), MARGIN * (right - left)
    up, across = rgb.height / found.shape[0], rgb.width / found.shape[1]
    box = ((left - wide) * across, (top - deep) * up, (right + wide) * across, (bottom + deep) * up)
    return rgb.crop(
        (
            max(0, int(box[0])),
            max(0, int(box[1])),
            min(rgb.width, int(box[2]) + 1),
            min(rgb.height, int(box[3]) + 1),
        )
    )
