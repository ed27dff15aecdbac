"""Fitting a large base on a small device: activations computed again, and blocks that wait on the CPU.

Both work block by block, a block being what the model's own library never splits over devices. diffusers'
group offloading and accelerate's cpu_offload put weights away right after a block's forward pass, so that the
backward pass does not find them: they serve sampling, not training. Here a block stays until another one is
needed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_unflatten
from torch.utils.checkpoint import checkpoint

Layer = Any  # an nn.Module; which attributes it has depends on the library it comes from


def blocks_of(model: nn.Module) -> list[Layer]:
    """The outermost modules of the classes that the model's library does not split, in order."""
    names = set(getattr(model, "_no_split_modules", None) or ())
    found: dict[str, Layer] = {}
    for path, module in model.named_modules():
        if type(module).__name__ in names and not any(path.startswith(f"{outer}.") for outer in found):
            found[path] = module
    return list(found.values())


@contextmanager
def recomputing(model: nn.Module, on: bool = True) -> Iterator[None]:
    """Keep only the blocks' inputs for the backward pass, and compute the rest again (arXiv 1604.06174).

    Gradients are the same. Without gradients, as in sampling, nothing changes.
    """
    before = [(block, block.forward) for block in blocks_of(model)] if on else []
    for block, forward in before:
        block.forward = _recomputed(forward)
    try:
        yield
    finally:
        for block, forward in before:
            block.forward = forward


def _recomputed(forward: Callable[..., Any]) -> Callable[..., Any]:
    def run(*args: Any, **named: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*args, **named)
        # Tensors inside tuples too: the backward pass may enter each graph once only.
        values, shape = tree_flatten((args, named))

        def positional(*values: Any) -> Any:
            args, named = tree_unflatten(list(values), shape)
            return forward(*args, **named)

        # The reentrant kind keeps no graph of the first pass, in which 4-bit layers would hold their weights
        # on the device; it needs an input with a gradient to find the trained factors inside.
        if not any(isinstance(value, Tensor) and value.requires_grad for value in values):
            first = next(i for i, value in enumerate(values) if _is_float(value))
            values[first] = values[first].detach().requires_grad_()
        return checkpoint(positional, *values, use_reentrant=True)

    return run


def _is_float(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point()


def swap_blocks(model: nn.Module, device: torch.device, rest: torch.device) -> None:
    """Let the blocks' frozen weights wait on `rest`; one block at a time is on `device`, as all else is.

    A training must run inside `recomputing`, so that its backward pass goes block by block too. Costs one
    copy of each block's weights to the device per pass; nothing is copied back, as they are frozen.
    """
    blocks = blocks_of(model)
    waiting = {id(part) for block in blocks for part in block.parameters()}
    for part in (*model.parameters(), *model.buffers()):
        if id(part) not in waiting:
            move(part, device)
    held: list[Layer] = []
    home: dict[int, list[Any]] = {}  # id of a block -> its weights where they wait

    def leave(block: Layer) -> None:
        for owner, name, waiting in home[id(block)]:
            setattr(owner, name, waiting)

    def swapped(block: Layer, forward: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **named: Any) -> Any:
            if held != [block]:
                for other in held:
                    leave(other)
                held[:] = [block]
                put(block, device)
            return forward(*args, **named)

        return run

    for block in blocks:
        for layer in block.modules():
            layer.works_on = device  # updates of its layers belong there
        put(block, rest)
        home[id(block)] = [place for part in frozen(block) for place in places(part)]
        block.forward = swapped(block, block.forward)


def put(block: nn.Module, device: torch.device) -> None:
    """Move a block's frozen parameters; trained ones stay where their optimizer is."""
    for part in frozen(block):
        move(part, device)


def frozen(block: nn.Module) -> list[Any]:
    return [part for part in block.parameters() if not part.requires_grad]


def places(part: Any) -> list[tuple[Any, str, Any]]:
    """Every tensor of a parameter as (owner, attribute, tensor): a 4-bit one has constants too."""
    places = [(part, "data", part.data)]
    state = getattr(part, "quant_state", None)
    while state is not None:
        tensors = [(name, value) for name, value in vars(state).items() if isinstance(value, Tensor)]
        places += [(state, name, value) for name, value in tensors]
        state = state.state2
    return places


def move(part: Any, device: torch.device) -> None:
    part.data = part.data.to(device)
    if getattr(part, "quant_state", None) is not None:
        part.quant_state.to(device)
