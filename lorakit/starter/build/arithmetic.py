"""In which arithmetic the starter bases are trained and sampled."""

from typing import Any

import torch

from lorakit.training.arithmetic import fast_bf16_on_cpu


def fast_bf16(device: str) -> bool:
    """Does the device multiply bf16 itself? One without it takes 20 times as long as in fp32."""
    return device != "cpu" or fast_bf16_on_cpu()


def precision(device: str) -> Any:
    """bf16 where the device has it, else fp32; the weights stay in fp32."""
    return torch.autocast(device, torch.bfloat16, enabled=fast_bf16(device))


def matrix_optimizer(
    matrices: list[torch.nn.Parameter], rate: float, adam_rate: float, device: str
) -> torch.optim.Optimizer:
    """Muon for a model's hidden matrices; AdamW on a processor without bf16, in which Muon computes: one step
    for 4 M parameters would take it 20 seconds.
    """
    if fast_bf16(device):
        return torch.optim.Muon(matrices, lr=rate, weight_decay=0.01, adjust_lr_fn="match_rms_adamw")
    return torch.optim.AdamW(matrices, lr=adam_rate, weight_decay=0.01, betas=(0.9, 0.98), fused=True)
