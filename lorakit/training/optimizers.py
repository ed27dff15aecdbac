"""Optimizers, as rows: AdamW from torch, the others from the libraries that keep them, imported when used.

Every row takes groups of parameters with a `ratio`, the factor of their learning rate. Measured of
bitsandbytes 0.50.2: its 8-bit AdamW runs on the CPU too; the paged one only on CUDA, elsewhere it would
quietly be the plain one, so it is refused there.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from lorakit.errors import RecipeError
from lorakit.training.recipe import Recipe

Groups = list[dict[str, Any]]


def make(parameters: Mapping[str, torch.nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimizer over parameters named `<module>.<down | up | ...>`.

    LoRA+, arXiv 2402.12354, section 4: `up` learns `lora_plus` times as fast as the rest. Raises RecipeError
    when the optimizer does not run on the parameters' device.
    """
    ups = [p for name, p in parameters.items() if name.endswith(".up")]
    if recipe.lora_plus == 1 or not ups:
        groups = [{"params": list(parameters.values()), "ratio": 1.0}]
    else:
        rest = [p for name, p in parameters.items() if not name.endswith(".up")]
        groups = [{"params": rest, "ratio": 1.0}, {"params": ups, "ratio": recipe.lora_plus}]
    return MAKERS[recipe.optimizer](groups, recipe)


def _adamw(groups: Groups, recipe: Recipe) -> torch.optim.Optimizer:
    # In one pass over each tensor: a LoRA has hundreds of small ones.
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True)


def _adamw_8bit(groups: Groups, recipe: Recipe) -> torch.optim.Optimizer:
    from bitsandbytes.optim import AdamW8bit

    return AdamW8bit(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)


def _adamw_8bit_paged(groups: Groups, recipe: Recipe) -> torch.optim.Optimizer:
    from bitsandbytes.optim import PagedAdamW8bit

    device = groups[0]["params"][0].device.type
    if device != "cuda":
        raise RecipeError(
            f"recipe: optimizer adamw-8bit-paged needs a CUDA device; choose adamw-8bit on the {device}"
        )
    return PagedAdamW8bit(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)


def _prodigy(groups: Groups, recipe: Recipe) -> torch.optim.Optimizer:
    """arXiv 2306.06101, with the two switches its authors advise for diffusion models and warm-up."""
    from prodigyopt import Prodigy

    return Prodigy(
        groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, use_bias_correction=True,
        safeguard_warmup=True,
    )  # fmt: skip


def _schedule_free(groups: Groups, recipe: Recipe) -> torch.optim.Optimizer:
    """arXiv 2405.15682. The warm-up is the loop's."""
    from schedulefree import AdamWScheduleFree

    optimizer = AdamWScheduleFree(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    optimizer.train()
    return optimizer


MAKERS: dict[str, Callable[[Groups, Recipe], torch.optim.Optimizer]] = {
    "adamw": _adamw,
    "adamw-8bit": _adamw_8bit,
    "adamw-8bit-paged": _adamw_8bit_paged,
    "prodigy": _prodigy,
    "schedule-free": _schedule_free,
}


EIGHT_BITS_FROM = 4096  # values of a tensor; smaller ones keep 32 bits (Optimizer2State's min_8bit_size)
PAGED_FROM = 100_000  # values; smaller tensors stay on the device (Optimizer8bit.get_state_buffer)
BLOCK = 256  # values of a moment in 8 bits that share one float32 constant (Optimizer2State.init_state)


def _in_8_bits(size: int) -> int:
    return 2 * (size + _constants(size)) if size >= EIGHT_BITS_FROM else 8 * size


def _paged(size: int) -> int:
    return 2 * _constants(size) if size >= PAGED_FROM else _in_8_bits(size)


def _constants(size: int) -> int:
    return 4 * -(-size // BLOCK)


# Bytes on the device of the state of one tensor with this many values: two moments in float32 or 8 bits;
# Prodigy's also the gradients' sum and where the tensor began.
STATES: dict[str, Callable[[int], int]] = {
    "adamw": lambda size: 8 * size,
    "adamw-8bit": _in_8_bits,
    "adamw-8bit-paged": _paged,
    "prodigy": lambda size: 16 * size,
    "schedule-free": lambda size: 8 * size,
}


def state_bytes(optimizer: str, sizes: Iterable[int]) -> int:
    """Bytes of device memory that an optimizer's state takes for tensors of these many values.

    What is paged waits in the host's memory and is not counted.
    """
    return sum(STATES[optimizer](size) for size in sizes)


def resume(optimizer: Any, state: dict[str, Any]) -> None:
    """Load the state of an optimizer of the same kind, over the same parameters.

    bitsandbytes' `load_state_dict` would move all of it to the device, also what was paged before
    (Optimizer8bit.load_state_dict, version 0.50.2); here it is put into paged memory again.
    """
    if not getattr(optimizer, "is_paged", False):
        optimizer.load_state_dict(state)
        return
    optimizer.load_state_dict(state, move_to_device=False)  # its first step moves what is not paged
    for p, kept in optimizer.state.items():
        for name in ("state1", "state2"):
            kept[name] = optimizer.get_state_buffer(p, dtype=kept[name].dtype).copy_(kept[name])


@torch.no_grad()
def settled(optimizer: Any, parameters: Mapping[str, torch.nn.Parameter]) -> dict[str, Tensor]:
    """A copy of what is to be kept and shown: schedule-free's average, for the others the parameters.

    The parameters are afterwards bit for bit what they were: going there and back by arithmetic would not be.
    """
    own = {name: p.detach().clone() for name, p in parameters.items()}
    if not hasattr(optimizer, "eval"):
        return own
    optimizer.eval()
    average = {name: p.detach().clone() for name, p in parameters.items()}
    optimizer.train()
    for name, p in parameters.items():
        p.copy_(own[name])
    return average
