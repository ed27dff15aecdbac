"""The types of numbers in which a training runs, and the attention it runs with."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from lorakit.families import quantize
from lorakit.lora.inject import trainable
from lorakit.training import arithmetic


@pytest.mark.parametrize("kind", ["plain", "nf4", "dora", "convolution"])
def test_a_bf16_base_trains_in_bf16_with_factors_in_float32(kind):
    torch.manual_seed(0)
    layer = nn.Conv2d(64, 64, 3, padding=1) if kind == "convolution" else nn.Linear(64, 64)
    model = nn.Sequential(layer).to(torch.bfloat16).requires_grad_(False)
    if kind == "nf4":
        quantize.nf4(model, torch.device("cpu"), torch.bfloat16)
    base = SimpleNamespace(dtype=torch.bfloat16, device=torch.device("cpu"))
    injection = trainable(model, ["0"], 4, 4.0, dora=kind == "dora")
    x = torch.randn(2, 64, 5, 5) if kind == "convolution" else torch.randn(2, 3, 64)
    x = x.to(torch.bfloat16).requires_grad_(True)
    with arithmetic.precision(base):
        y = model(x)
    y.float().square().sum().backward()
    assert y.dtype == x.grad.dtype == torch.bfloat16
    learned = injection.named_parameters()
    assert all(p.dtype == p.grad.dtype == torch.float32 for p in learned.values())
    assert any(p.grad.abs().sum() > 0 for p in learned.values())


def test_a_wider_base_is_multiplied_in_bf16_where_that_is_fast_and_one_in_bf16_is_left_alone(monkeypatch):
    monkeypatch.setattr(arithmetic, "fast_bf16_on_cpu", lambda: True)
    x = torch.ones(2, 2)
    for dtype, expected in ((torch.float32, torch.bfloat16), (torch.bfloat16, torch.float32)):
        with arithmetic.precision(SimpleNamespace(dtype=dtype, device=torch.device("cpu"))):
            assert (x @ x).dtype == expected


def settings():
    return (
        torch.backends.cuda.cudnn_sdp_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.utils.deterministic.fill_uninitialized_memory,
    )


@pytest.mark.parametrize("exact", [True, False])
def test_attention_is_steady_in_a_step_and_as_before_afterwards(exact):
    before = settings()
    with pytest.raises(KeyError), arithmetic.steady(torch.device("cuda"), exact):
        assert settings() == (False, exact, False, False)
        raise KeyError
    assert settings() == before
    with arithmetic.steady(torch.device("cpu"), exact):
        assert settings() == before
