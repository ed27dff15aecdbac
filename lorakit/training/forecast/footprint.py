"""How much device memory a training takes, from the exact sizes of its tensors; nothing is allocated.

The model stands on the meta device, one step's forward pass runs there, and what autograd would keep is
counted. Covered: weights (16 bits or NF4), factors, gradients, optimizer, kept activations with and without
recomputing, offloaded blocks. Not counted: the allocator's rounding, and what the driver itself takes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lorakit.families import Base, quantize
from lorakit.families.memory import blocks_of
from lorakit.lora.experts import LoraExperts
from lorakit.lora.fused import autocasts
from lorakit.lora.inject import Injection
from lorakit.training.objectives import even_levels, image_loss
from lorakit.training.optimizers import state_bytes


@dataclass(frozen=True)
class Footprint:
    """Bytes of device memory that a step takes, by what they are for."""

    weights: int
    factors: int  # float32
    gradients: int  # float32
    optimizer: int  # without what waits in the host's memory
    activations: int  # kept for the backward pass when it begins
    block: int  # what the pass through the fullest block keeps
    transient: int  # the largest weight as it is multiplied, and the gradient of the largest kept tensor;
    # of experts, a layer's weights with the update in them, and as much again for their gradients
    waiting: int = 0  # gradients of an update's earlier batches, which lie there during the next one

    @property
    def total(self) -> int:
        """At the fullest moment: as the backward pass begins, or as it ends in the first block."""
        begins = self.activations + self.transient + self.waiting
        ends = self.gradients + self.block + self.transient
        return self.weights + self.factors + self.optimizer + max(begins, ends)


def footprint(
    model: nn.Module,
    injection: Injection,
    loss: Callable[[], Tensor],
    dtype: torch.dtype,
    quantized: bool,
    recomputing: bool,
    optimizer: str = "adamw",
    offloaded: bool = False,
) -> Footprint:
    """The memory of one training step.

    `model` is on the meta device in `dtype`, with `injection` in it; `loss` runs the forward pass there.
    `quantized` counts every linear weight in NF4 but the output head's. `optimizer` is a recipe's;
    `offloaded` lets all blocks wait in the host's memory but the one that runs.
    """
    factors = injection.named_parameters().values()
    sizes = [p.numel() for p in factors]
    for p in factors:
        p.data = p.data.to(dtype)  # as autocast uses them; on the meta device this costs nothing
    kept, largest = _kept(model, loss)
    blocks, rest = _weights(model, quantized, dtype)
    dense = max((layer.weight.numel() for _, layer in quantize.linears(model)), default=0)
    inside = [each for block, each in kept.items() if block is not None]
    fullest = max((each.saved for each in inside), default=0)
    held = sum(each.inputs if recomputing else each.saved for each in inside)
    return Footprint(
        weights=rest + (max(blocks, default=0) if offloaded else sum(blocks)),
        factors=4 * sum(sizes),
        gradients=4 * sum(sizes),
        optimizer=state_bytes(optimizer, sizes),
        activations=kept[None].saved + held + (fullest if recomputing else 0),
        block=fullest,
        transient=largest + dtype.itemsize * ((dense if quantized else 0) + 2 * _experts(injection)),
    )


def _experts(injection: Injection) -> int:
    """The most weights of experts that one module has and that get an update."""
    sizes: dict[int, int] = {}
    for layer in injection.layers.values():
        if isinstance(layer, LoraExperts):
            owner = id(layer.base.owner)
            sizes[owner] = sizes.get(owner, 0) + layer.weight.numel()
    return max(sizes.values(), default=0)


def image_step(base: Base, batch: int, width: int, height: int) -> Callable[[], Tensor]:
    """The loss of one batch of random pictures of this size, for `footprint`."""
    latents, conditioning = base.kind.blank(base, batch, width, height)
    noise = torch.empty_like(latents)
    for part in (latents, noise, *conditioning.values()):
        part.normal_()
    t = even_levels(base.kind.objective(base), batch, width * height).to(base.device)
    return lambda: image_loss(base, latents, noise, t, conditioning).mean()


def text_step(base: Base, batch: int, length: int) -> Callable[[], Tensor]:
    """The loss of one batch of texts of this many tokens, all of them learned, for `footprint`."""
    tokens = torch.zeros(batch, length, dtype=torch.long, device=base.device)
    seen = empty_mask(tokens)

    def loss() -> Tensor:
        logits = base.kind.predict(base, tokens, seen)[:, :-1]
        return F.cross_entropy(logits.flatten(0, 1).float(), tokens[:, 1:].flatten())

    return loss


def empty_mask(tokens: Tensor) -> Tensor | None:
    """What each of these tokens (B, T) sees: transformers looks into the texts to leave this out, but on the
    meta device they have no values to look at.
    """
    batch, length = tokens.shape
    empty = tokens.device.type == "meta"
    return torch.ones(batch, 1, length, length, dtype=torch.bool, device=tokens.device) if empty else None


def _weights(model: nn.Module, quantized: bool, dtype: torch.dtype) -> tuple[list[int], int]:
    """Bytes of the frozen weights of each block, and of everything outside of the blocks."""
    four_bit = quantize.packed(model) if quantized else {}

    def size(part: Tensor) -> int:
        return four_bit.get(id(part), part.numel() * dtype.itemsize)

    frozen = {id(p): p for p in model.parameters() if not p.requires_grad}
    blocks = []
    for block in blocks_of(model):
        parts = {id(p): p for p in block.parameters() if id(p) in frozen}
        blocks.append(sum(size(p) for p in parts.values()))
        frozen = {key: p for key, p in frozen.items() if key not in parts}
    buffers = sum(b.numel() * b.element_size() for b in model.buffers())
    return blocks, sum(size(p) for p in frozen.values()) + buffers


@dataclass
class _Saved:
    saved: int = 0  # what autograd keeps of the pass through it
    inputs: int = 0  # what enters it, which is all that recomputing keeps


def _kept(model: nn.Module, loss: Callable[[], Tensor]) -> tuple[dict[Any, _Saved], int]:
    """What the forward pass keeps in each block, and outside of them under None; and the largest of it."""
    blocks = blocks_of(model)
    kept: dict[Any, _Saved] = {block: _Saved() for block in blocks} | {None: _Saved()}
    weights = {p.untyped_storage()._cdata for p in model.parameters()}
    place: list[Any] = [None]
    seen: dict[int, Tensor] = {}  # kept alive, so that no storage is counted twice or mistaken for another
    largest = 0

    def pack(value: Tensor) -> Tensor:
        nonlocal largest
        key = value.untyped_storage()._cdata
        if key not in seen and key not in weights:
            seen[key] = value
            size = value.untyped_storage().nbytes()
            kept[place[-1]].saved += size
            largest = max(largest, size)
        return value

    def enter(block: Any, args: Any, named: Any) -> None:
        place.append(block)
        tensors = [v for v in (*args, *named.values()) if isinstance(v, Tensor) and v.is_floating_point()]
        kept[block].inputs = sum(v.numel() * v.element_size() for v in tensors if v.dim() > 2)

    hooks = [block.register_forward_pre_hook(enter, with_kwargs=True) for block in blocks]
    hooks += [block.register_forward_hook(lambda *_: place.pop() and None) for block in blocks]
    try:
        with flash_attention(), torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
            held = loss()
        del held
    finally:
        for hook in hooks:
            hook.remove()
    return kept, largest


@contextmanager
def flash_attention() -> Iterator[None]:
    """Attention that keeps q, k, v, its output and one number per row, as the fused kernels of CUDA do."""
    own, grouped = F.scaled_dot_product_attention, F.grouped_mm
    F.scaled_dot_product_attention, F.grouped_mm = _Fused.run, _Grouped.run  # type: ignore[assignment]
    try:
        yield
    finally:
        F.scaled_dot_product_attention, F.grouped_mm = own, grouped


class _Grouped(torch.autograd.Function):
    """Tokens (S, in), sorted by expert, by the experts' weights (experts, in, out): both are kept."""

    @staticmethod
    def run(tokens: Tensor, weights: Tensor, **named: Any) -> Tensor:
        return _Grouped.apply(tokens, weights)

    @staticmethod
    def forward(ctx: Any, tokens: Tensor, weights: Tensor) -> Tensor:
        ctx.save_for_backward(tokens, weights)
        return tokens.new_empty(len(tokens), weights.shape[-1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        raise NotImplementedError("only counted, never trained through")


class _Fused(torch.autograd.Function):
    @staticmethod
    def run(query: Tensor, key: Tensor, value: Tensor, *args: Any, **named: Any) -> Tensor:
        device = query.device.type
        if autocasts(device):  # as it does with attention's own inputs
            query, key, value = (part.to(torch.get_autocast_dtype(device)) for part in (query, key, value))
        return _Fused.apply(query, key, value)

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        batch, heads, length, _ = query.shape
        # In the kernels' own order, so that joining the heads again needs no copy.
        out = query.new_empty(batch, length, heads, value.shape[-1]).transpose(1, 2)
        rows = query.new_empty(query.shape[:-1], dtype=torch.float32)
        ctx.save_for_backward(query, key, value, out, rows)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        raise NotImplementedError("only counted, never trained through")
