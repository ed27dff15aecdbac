"""In which arithmetic a training runs: types of numbers, and attention whose gradients can be trusted."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch

from lorakit.families import Base


def precision(base: Base) -> Any:
    """bf16 where the device has it, for a base that is kept in wider numbers; the factors stay in float32.

    A base in bf16 runs as it does when it samples. Autocast would widen its norms and, behind 4-bit layers,
    everything that flows through it.
    """
    cpu_has_it = base.device.type == "cpu" and torch.backends.mkldnn.is_available() and fast_bf16_on_cpu()
    on = base.dtype != torch.bfloat16 and (base.device.type == "cuda" or cpu_has_it)
    if not on:
        return nullcontext()
    # Each factor is used once in a step, so autocast's copies would only lie there until its end.
    return torch.autocast(base.device.type, torch.bfloat16, cache_enabled=False)


def fast_bf16_on_cpu() -> bool:
    """Does the processor multiply bf16 itself?"""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def is_inexact(error: RuntimeError) -> bool:
    """Does torch say that a layer's gradients come out differently each time?"""
    return "deterministic" in str(error)


@contextmanager
def steady(device: torch.device, exact: bool = False) -> Iterator[None]:
    """Attention with right gradients; if `exact`, everything comes out alike in every run, or RuntimeError.

    cuDNN's attention, which PyTorch prefers on Hopper GPUs since 2.11, gives gradients that are no numbers
    (pytorch/pytorch issue 196678) or reads where it may not. Flash attention adds up in another order each
    time unless torch is told to refuse that. Only CUDA needs it; all is as before afterwards.
    """
    if device.type != "cuda":
        yield
        return
    fills: Any = torch.utils.deterministic
    cudnn, filled = torch.backends.cuda.cudnn_sdp_enabled(), fills.fill_uninitialized_memory
    deterministic = torch.are_deterministic_algorithms_enabled()
    warns = torch.is_deterministic_algorithms_warn_only_enabled()
    torch.backends.cuda.enable_cudnn_sdp(False)
    torch.use_deterministic_algorithms(exact)
    fills.fill_uninitialized_memory = False  # costs time, and nothing here reads what it did not write
    try:
        yield
    finally:
        torch.backends.cuda.enable_cudnn_sdp(cudnn)
        torch.use_deterministic_algorithms(deterministic, warn_only=warns)
        fills.fill_uninitialized_memory = filled
