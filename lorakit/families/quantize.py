"""NF4: linear weights in 4 bits with doubly quantized constants (QLoRA, arXiv 2305.14314, sections 3-4).

Through bitsandbytes, on CUDA and on the CPU. Layers go one at a time, so the device never holds the model in
16 bits. Not covered: convolutions, embeddings, and layers that a model asks to keep in float32.
"""

from collections.abc import Iterable
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from lorakit.errors import BaseError
from lorakit.families.memory import places

BLOCK = 64  # weights that share a constant, and
BLOCK_2 = 256  # constants that share one of their own: bitsandbytes' defaults, those of the paper


def check_available(shown: str) -> None:
    """Raise BaseError when the package is missing."""
    if find_spec("bitsandbytes") is None:
        raise BaseError(f"{shown}: quantize='nf4' needs the bitsandbytes package; install it or leave it out")


def nf4(model: nn.Module, device: torch.device, compute: torch.dtype) -> None:
    """Replace every linear layer of `model` by its NF4 twin on `device`, and move the rest there.

    Products are made in `compute`. The output head of a language model stays as it is.
    """
    for path, layer in linears(model):
        bias = None if layer.bias is None else layer.bias.data
        replace(model, path, twin(layer.weight.data, bias, device, compute))
    model.to(device)
    keep_readable(model)


def linears(model: nn.Module) -> list[tuple[str, nn.Linear]]:
    """The layers that go to 4 bits, with their paths.

    Layers that the model asks to keep in float32 stay, as in transformers' own 4-bit loading. It means fp16,
    but T5 also reads the type of its layer `wo` and would turn activations into the bytes of a 4-bit one.
    """
    kept = set(getattr(model, "_keep_in_fp32_modules", None) or ())
    head = getattr(model, "get_output_embeddings", lambda: None)()
    return [
        (path, layer)
        for path, layer in model.named_modules()
        if type(layer) is nn.Linear and layer is not head and not kept & set(path.split("."))
    ]


def twin(weight: Tensor, bias: Tensor | None, device: torch.device, compute: torch.dtype) -> nn.Module:
    """A layer of `weight` (out, in) in NF4 with doubly quantized constants, on `device`."""
    from bitsandbytes.nn import Params4bit

    from lorakit.families.four_bits import Nf4Linear

    layer: Any = Nf4Linear(
        weight.shape[1], weight.shape[0], bias is not None, compute, True, "nf4", device="meta"
    )
    packed: Any = Params4bit(
        weight, requires_grad=False, compress_statistics=True, quant_type="nf4", module=layer
    )
    layer.weight = packed.to(device)
    layer.bias = None if bias is None else nn.Parameter(bias.to(device), False)
    return layer


def replace(model: nn.Module, path: str, layer: nn.Module) -> None:
    """Put `layer` at `path` of `model`."""
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, layer)


def keep_readable(model: nn.Module) -> None:
    """Keep bitsandbytes from packing weights for one kind of CPU when a layer is used without gradients.

    Packed weights give no gradients to their input, so a preview would silently end a training.
    """
    for layer in model.modules():
        if hasattr(layer, "support_avx512bf16_for_cpu"):
            unpacked: Any = layer
            unpacked.support_avx512bf16_for_cpu = False


def packed(model: nn.Module) -> dict[int, int]:
    """Bytes that weights of a model will take in NF4, by the id of each that goes there."""
    return {id(layer.weight): bytes_of(layer.out_features, layer.in_features) for _, layer in linears(model)}


def numbers_in(parameters: Iterable[Any]) -> int:
    """How many numbers these parameters are: two to a byte where they are in 4 bits."""
    return sum(_whole_shape(p).numel() for p in parameters)


def _whole_shape(parameter: Any) -> torch.Size:
    state = getattr(parameter, "quant_state", None)
    return parameter.shape if state is None else torch.Size(state.shape)


def bytes_in(parameters: Iterable[Any]) -> int:
    """Bytes that these parameters take, with the constants of those in 4 bits."""
    tensors = [tensor for p in parameters for _, _, tensor in places(p)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def bytes_of(out_features: int, in_features: int) -> int:
    """Bytes of one NF4 weight: the codes, an 8-bit constant per block, a 32-bit one per block of those."""
    count = out_features * in_features
    blocks = -(-count // BLOCK)
    return -(-count // 2) + blocks + 4 * -(-blocks // BLOCK_2) + 4 * (16 + 256 + 1)
