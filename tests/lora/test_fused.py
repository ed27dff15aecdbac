"""The fused layer has the outputs and gradients that automatic differentiation finds."""

import pytest
import torch
from torch import nn

from lorakit.lora import layers
from lorakit.lora.layers import LoraLinear


def fused_layer(bias=True, scale=0.5, kind=torch.float64):
    torch.manual_seed(0)
    base = nn.Linear(6, 5, bias=bias, dtype=kind).requires_grad_(False)
    down, up = nn.Parameter(torch.randn(2, 6, dtype=kind)), nn.Parameter(torch.randn(5, 2, dtype=kind))
    return LoraLinear(base, down, up, scale=scale)


def outcome(layer, x):
    x = x.clone().requires_grad_(True)
    y = layer(x)
    return y, *torch.autograd.grad(y.square().sum(), [x, layer.down, layer.up]), y.grad_fn.name()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(6,), (3, 6), (2, 4, 6)])
def test_outputs_and_gradients_are_those_of_automatic_differentiation(monkeypatch, bias, shape):
    layer, x = fused_layer(bias), torch.randn(shape, dtype=torch.float64)
    fused = outcome(layer, x)
    monkeypatch.setattr(layers, "fused", lambda *_: None)
    plain = outcome(layer, x)
    assert fused[-1] == "FusedLoraBackward" and plain[-1] != fused[-1]
    for one, other in zip(fused[:-1], plain[:-1], strict=True):
        torch.testing.assert_close(one, other)


def test_an_input_that_learns_nothing_gets_no_gradient():
    layer, x = fused_layer(), torch.randn(3, 6, dtype=torch.float64)
    layer(x).sum().backward()
    assert x.grad is None and layer.down.grad is not None and layer.up.grad is not None


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(6,), (3, 6), (2, 4, 6)])
def test_without_gradients_the_outputs_are_the_same(bias, shape):
    layer, x = fused_layer(bias), torch.randn(shape, dtype=torch.float64)
    expected = layer(x).detach()
    with torch.no_grad():
        torch.testing.assert_close(layer(x), expected)
    with torch.inference_mode():
        torch.testing.assert_close(layer(x), expected)


def test_what_a_watcher_of_the_base_has_seen_stays_as_it_was():
    layer, x, seen = fused_layer(), torch.randn(3, 6, dtype=torch.float64), []
    layer.base.register_forward_hook(lambda _, __, y: seen.append(y))
    with torch.no_grad():
        y = layer(x)
    assert torch.equal(seen[0], layer.base(x)) and not torch.equal(seen[0], y)


def test_a_layer_that_is_watched_replaced_or_in_another_type_is_called():
    calls, x = [], torch.randn(3, 6, dtype=torch.float64)
    watched = fused_layer()
    watched.base.register_forward_hook(lambda *_: calls.append("hook"))
    replaced = fused_layer()
    own = replaced.base.forward
    replaced.base.forward = lambda x: calls.append("forward") or own(x)
    for layer in (watched, replaced):
        layer(x).sum().backward()
    assert calls == ["hook", "forward"]
    lower = fused_layer(kind=torch.float32)
    lower.base.to(torch.bfloat16)
    assert lower(x.to(torch.bfloat16)).dtype == torch.bfloat16


@pytest.mark.parametrize("wide", [torch.bfloat16, torch.float32])
def test_wider_factors_learn_under_autocast_as_automatic_differentiation_has_them(monkeypatch, wide):
    layer = fused_layer(kind=torch.float32)
    layer.base.to(torch.bfloat16)
    x = torch.randn(2, 4, 6).to(wide)
    with torch.autocast("cpu", torch.bfloat16):
        fused = outcome(layer, x)
        monkeypatch.setattr(layers, "fused", lambda *_: None)
        plain = outcome(layer, x)
    assert fused[-1] == "FusedLoraBackward" and plain[-1] != fused[-1]
    for one, other in zip(fused[:-1], plain[:-1], strict=True):
        assert one.dtype == other.dtype
        torch.testing.assert_close(one, other, rtol=0.03, atol=0.03)


def test_a_pass_without_gradients_gives_what_the_one_with_them_gives():
    layer, x = fused_layer(kind=torch.float32), torch.randn(3, 6)
    with torch.no_grad():
        plain = layer(x)
    assert torch.equal(plain, layer(x))
