"""PiSSA: starts where the model is, learns its main directions, and fits the original base exactly."""

import copy

import pytest
import torch
from torch import nn

import lorakit
from lorakit.lora.adapter import Adapter
from lorakit.lora.inject import trainable
from lorakit.lora.live import applied


def small_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 16), nn.GELU(), nn.Linear(16, 8))


@pytest.mark.parametrize("rslora", [False, True])
def test_the_model_starts_unchanged_and_the_factors_are_the_largest_singular_values(rslora):
    model, x = small_model(), torch.randn(5, 12)
    expected, weight = model(x), model[0].weight.detach().clone()
    injection = trainable(model, ["0", "2"], 3, 6.0, pissa=True, rslora=rslora)
    torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-5)
    layer = injection.layers["0"]
    left, values, right = torch.linalg.svd(weight)
    best = left[:, :3] * values[:3] @ right[:3]
    torch.testing.assert_close(layer.scale * layer.up @ layer.down, best, rtol=0, atol=1e-5)
    injection.remove()
    assert torch.equal(model[0].weight, weight)


@pytest.mark.parametrize("rslora", [False, True])
def test_what_is_saved_fits_the_original_base_with_twice_the_rank(tmp_path, rslora):
    model = small_model()
    original, x = copy.deepcopy(model), torch.randn(5, 12)
    injection = trainable(model, ["0", "2"], 3, 6.0, pissa=True, rslora=rslora)
    with torch.no_grad():
        for p in injection.parameters():
            p.add_(0.1 * torch.randn_like(p))
    learned = model(x).detach()
    assert (learned - original(x)).abs().max() > 0.1
    adapter = Adapter(injection.factors())
    assert adapter.rank == 6
    lorakit.save_adapter(adapter, tmp_path, format="peft")
    again = lorakit.load_adapter(tmp_path)
    for each in (adapter, again):
        with torch.no_grad(), applied(original, {each: 1.0}):
            torch.testing.assert_close(original(x), learned, rtol=0, atol=1e-5)


def test_large_weights_are_decomposed_fast_and_still_start_unchanged():
    model, x = nn.Sequential(nn.Linear(1100, 1200)), torch.randn(2, 1100)
    expected = model(x)
    injection = trainable(model, ["0"], 4, 4.0, pissa=True)
    torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-5)
    again = trainable(
        copy.deepcopy(nn.Sequential(injection.layers["0"].base.base)), ["0"], 4, 4.0, pissa=True
    )
    assert torch.equal(again.layers["0"].down, injection.layers["0"].down)


def test_convolutions_start_unchanged_too():
    model, x = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1)), torch.randn(1, 3, 6, 6)
    expected = model(x)
    injection = trainable(model, ["0"], 4, 4.0, pissa=True)
    torch.testing.assert_close(model(x), expected, rtol=0, atol=1e-5)
    assert injection.factors()["0"].down.shape == (8, 3, 3, 3)
