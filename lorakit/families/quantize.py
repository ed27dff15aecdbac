"""NF4: linear weights in 4 bits with doubly quantized constants (QLoRA, arXiv 2305.14314, sections 3-4).

Through bitsandbytes, on CUDA and on the CPU. Layers go one at a time, so the device never holds the model in
16 bits. Not covered: convolutions, embeddings, and layers that a model asks to keep in float32.
"""

from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from lorakit.errors import BaseError

BLOCK = 64  # weights that share a constant, and
BLOCK_2 = 256  # constants that share one of their own: bitsandbytes' defaults, those of the paper


def check_available(shown: str) -> None:
    """Raise BaseError when the package is missing."""
    if find_spec("bitsandbytes") is None:
        raise BaseError(f"{shown}: quantize='nf4' needs the package bitsandbytes; install it or leave it out")


def nf4(model: nn.Module, device: torch.device, compute: torch.dtype) -> None:
    """Replace every linear layer of `model` by its NF4 twin on `device`, and move the rest there.

    Products are made in `compute`. The output head of a language model stays as it is.
    """
    from bitsandbytes.nn import Linear4bit, Params4bit

    kept = set(getattr(model, "_keep_in_fp32_modules", None) or ())
    head = getattr(model, "get_output_embeddings", lambda: None)()
    for path, layer in list(model.named_modules()):
        if type(layer) is not nn.Linear or layer is head or kept & set(path.split(".")):
            continue
        twin = Linear4bit(
            layer.in_features, layer.out_features, layer.bias is not None, compute, True, "nf4", device="meta"
        )
        weight: Any = Params4bit(
            layer.weight.data, requires_grad=False, compress_statistics=True, quant_type="nf4", module=twin
        )
        twin.weight = weight.to(device)
        twin.bias = None if layer.bias is None else nn.Parameter(layer.bias.data.to(device), False)
        parent, _, name = path.rpartition(".")
        setattr(model.get_submodule(parent), name, twin)
    model.to(device)
    keep_readable(model)


def keep_readable(model: nn.Module) -> None:
    """Keep bitsandbytes from packing weights for one kind of CPU when a layer is used without gradients.

    Packed weights give no gradients to their input, so a preview would silently end a training.
    """
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            unpacked: Any = layer
            unpacked.support_avx512bf16_for_cpu = False


def bytes_of(out_features: int, in_features: int) -> int:
    """Bytes of one NF4 weight: the codes, an 8-bit constant per block, a 32-bit one per block of those."""
    count = out_features * in_features
    blocks = -(-count // BLOCK)
    return -(-count // 2) + blocks + 4 * -(-blocks // BLOCK_2) + 4 * (16 + 256 + 1)
