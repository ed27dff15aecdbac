"""In which type of numbers a base is kept: what its device multiplies well."""

import torch

from lorakit.errors import BaseError

# The first generation of NVIDIA's cards that multiplies bf16; before it, PyTorch imitates it slowly, and the
# attention kernels that save memory do not take it (CUDA C++ programming guide, compute capabilities).
AMPERE = (8, 0)


def default_device() -> torch.device:
    """The best one present."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def best_dtype(device: torch.device, dtype: torch.dtype | None = None) -> torch.dtype:
    """bf16 on CUDA, fp16 on cards that have no bf16, and float32 elsewhere, unless `dtype` is given.

    diffusers' pipeline decodes SDXL's pictures in float32 when it is in fp16, where they would overflow.
    """
    if dtype is not None:
        return dtype
    if device.type != "cuda":
        return torch.float32
    return torch.bfloat16 if _has_bf16(device) else torch.float16


def check_trains(device: torch.device) -> None:
    """Raise BaseError for a card on which bf16, in which trainings run, is only imitated."""
    if device.type == "cuda" and not _has_bf16(device):
        name = torch.cuda.get_device_name(device)
        raise BaseError(
            f"device: {name} can't multiply bf16, which training needs; generate and write with it, and "
            "train on a newer GPU (NVIDIA Ampere, such as RTX 30, A10 or A100, or later)"
        )


def _has_bf16(device: torch.device) -> bool:
    # Asked for a card that this machine does not have, the answer is that of today's.
    return not torch.cuda.is_available() or torch.cuda.get_device_capability(device) >= AMPERE
