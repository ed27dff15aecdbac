"""What the device holds at the fullest instant of each part of a training: preparing, steps and looking.

From the shapes alone, as in `footprint`. Not counted: what kernels need inside, such as cuDNN's convolutions.
"""

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import unset_fake_temporarily
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from lorakit.families import Base
from lorakit.families.empty import META
from lorakit.families.pictures import encoders
from lorakit.families.quantize import linears, packed
from lorakit.families.trying import positions_of
from lorakit.training.forecast.footprint import Footprint, empty_mask, flash_attention, image_step
from lorakit.training.recipe import Recipe
from lorakit.training.watch.few_shot import SHOTS
from lorakit.training.watch.previews import side_of

ALIKE = 1.1  # photos of one area differ by so much, as their sides are rounded


@dataclass(frozen=True)
class Placement:
    """How the base is kept: `quantize` "nf4" or None, and whether its blocks wait in the host's memory."""

    quantize: str | None = None
    offload: bool = False


@dataclass(frozen=True)
class Batch:
    """The largest batch that the data can make: `width` x `height` pixels, or texts of `length` tokens."""

    size: int
    width: int = 0
    height: int = 0
    length: int = 0


def bytes_of_parts(shape: Base, placement: Placement) -> dict[str, int]:
    """Bytes of weights and buffers by part: the model (under "model"), the autoencoder and text encoders.

    The autoencoder stays in 16 or 32 bits.
    """
    four_bits = placement.quantize is not None
    parts = {"model": weights(shape.model, four_bits)}
    beside = shape.kind.parts(shape).items()
    return parts | {name: weights(part, four_bits and name != "vae") for name, part in beside}


def weights(model: nn.Module, four_bits: bool) -> int:
    """Bytes of weights and buffers of a part that is not trained."""
    small = packed(model) if four_bits else {}
    tensors = (*model.parameters(), *model.buffers())
    return sum(small.get(id(part), part.numel() * part.element_size()) for part in tensors)


def of_texts(
    shape: Base, recipe: Recipe, batch: Batch, placement: Placement, counted: Footprint, average: int
) -> dict[str, int]:
    """Bytes while training, and while texts that were held out are looked at."""
    moments = {"Training": counted.total + average}
    if not recipe.held_out:
        return moments
    # Its own factors wait beside those that are looked at (`loop`); texts with examples before them are
    # longer, but no more tokens go through at once (`text_examples.in_parts`).
    stays = counted.weights + 2 * counted.factors + counted.optimizer + average
    length = min((1 + SHOTS) * batch.length, positions_of(shape.model) or (1 + SHOTS) * batch.length)
    rows = max(1, batch.size * recipe.max_length // length)
    tokens = torch.zeros(rows, length, dtype=torch.long, device=shape.device)
    places = torch.zeros(batch.length, dtype=torch.long, device=shape.device)
    mask, four_bits = empty_mask(tokens), placement.quantize is not None
    passing, logits = made(
        shape.model, lambda: shape.kind.predict(shape, tokens, mask, places=places), four_bits
    )
    # The logits, those of answers, these in float32, and their logarithms (`objectives.summed_loss`).
    learned = min(rows, batch.size) * batch.length * logits.shape[-1] * (2 * shape.dtype.itemsize + 8)
    return moments | {"Measuring held-out texts": stays + max(passing, learned)}


def of_pictures(
    shape: Base, recipe: Recipe, batch: Batch, placement: Placement, counted: Footprint, average: int
) -> dict[str, int]:
    """Bytes while preparing photos, training, and drawing."""
    parts, four_bits = bytes_of_parts(shape, placement), placement.quantize is not None
    texts = sum(size for name, size in parts.items() if name not in ("model", "vae"))
    texts = 0 if placement.offload else texts  # they work on the host then (`pictures.bring`)
    reading = 0 if placement.offload else max(reading_bytes(shape, part, four_bits)
                                         for part in encoders(shape.pipeline).values())  # fmt: skip
    side = side_of(shape, recipe)
    encode, decode = coder_bytes(shape, max(batch.width, side), max(batch.height, side))
    drawing = max(decode, drawing_bytes(shape, side, batch, four_bits))
    base = counted.weights + parts["vae"]
    stays = texts if shape.device.type == "cpu" else 0  # a GPU is rid of them by then (`free_encoders`)
    moments = {
        "Preparing photos": base + texts + max(encode, reading),
        "Training": counted.total + average + parts["vae"] + stays,
        "Previews": base + 2 * counted.factors + counted.optimizer + average + stays + drawing,
    }
    if recipe.class_images:
        moments["Generating class images"] = base + texts + drawing
    return moments


def drawing_bytes(shape: Base, side: int, batch: Batch, four_bits: bool) -> int:
    """The most that a pass of sampling one square picture makes; 0 where a training step has as many pixels,
    and so takes more. A UNet's pipelines put the guided and the unguided pass into one batch; the others make
    two.
    """
    rows = 2 if shape.kind.guided_at_once and shape.settings.guidance > 1 else 1
    if rows * side * side <= ALIKE * batch.size * batch.width * batch.height:
        return 0
    step = image_step(shape, rows, side, side)
    return made(shape.model, step, four_bits)[0]


def reading_bytes(shape: Base, encoder: Any, four_bits: bool) -> int:
    """The most that a text encoder makes as it reads one prompt, and gives the states of all its layers."""
    config = getattr(encoder.config, "text_config", encoder.config)
    asked = shape.settings.max_tokens
    length = min(asked, getattr(config, "max_position_embeddings", asked))
    with unset_fake_temporarily():
        tokens = torch.zeros(1, length, dtype=torch.long, device=META)
        return made(encoder, lambda: encoder(input_ids=tokens, output_hidden_states=True), four_bits)[0]


def coder_bytes(shape: Base, width: int, height: int) -> tuple[int, int]:
    """The most that the autoencoder makes as it encodes, and as it decodes, one picture of this size: its own
    weights in wider numbers too, where it encodes in these.
    """
    vae = shape.pipeline.vae
    halvings = 2 ** (len(vae.config.block_out_channels) - 1)
    size = (1, vae.config.latent_channels, height // halvings, width // halvings)
    with unset_fake_temporarily():
        pixels = torch.empty(1, 3, height, width, device=META, dtype=shape.dtype)
        encode, _ = made(vae, lambda: shape.kind.encode_images(shape, pixels))
        latents = torch.empty(size, device=META, dtype=shape.dtype)
        decode, _ = made(vae, lambda: vae.decode(latents).sample)
    return encode, decode


def made(model: nn.Module, work: Callable[[], Any], four_bits: bool = False) -> tuple[int, Any]:
    """The most bytes of tensors that lie there at once during `work` without gradients, beside those that lay
    there before, and what `work` gave. Of weights in 4 bits the largest is there in whole numbers too.
    """
    with torch.no_grad(), flash_attention(), _Alive(model) as alive:
        result = work()
    layers = linears(model) if four_bits else []
    whole = max((layer.weight.numel() * layer.weight.element_size() for _, layer in layers), default=0)
    return alive.most + whole, result


class _Alive(TorchDispatchMode):
    """Bytes of all tensors made, each storage until its last tensor is gone."""

    def __init__(self, model: nn.Module):
        super().__init__()
        tensors = (*model.parameters(), *model.buffers())
        storages = [part.untyped_storage() for part in tensors]
        self.before = {storage._cdata: storage for storage in storages}  # kept, so that names stay theirs
        self.placement: dict[int, list[int]] = {}  # a storage -> how many tensors share it, and its bytes
        self.now = self.most = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for value in tree_leaves(out):
            if isinstance(value, Tensor):
                self._note(value)
        return out

    def _note(self, value: Tensor) -> None:
        storage = value.untyped_storage()
        key = storage._cdata
        if key in self.before:
            return
        if key not in self.placement:
            self.placement[key] = [0, storage.nbytes()]
            self.now += storage.nbytes()
            self.most = max(self.most, self.now)
        self.placement[key][0] += 1
        weakref.finalize(value, self._gone, key).atexit = False

    def _gone(self, key: int) -> None:
        self.placement[key][0] -= 1
        if not self.placement[key][0]:
            self.now -= self.placement.pop(key)[1]
