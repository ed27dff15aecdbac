"""Live mixes against the dense sum of W + delta W, computed here without lorakit's layers."""

import gc
import hashlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.lora.inject import trainable
from lorakit.lora.live import applied


class Model(nn.Module):
    def __init__(self, dtype=torch.float32):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(12, 16)
        self.second = nn.Linear(16, 8, bias=False)
        self.conv = nn.Conv2d(3, 6, 3, stride=2, padding=1, padding_mode="reflect")
        self.to(dtype)

    def forward(self, x):
        return self.second(torch.relu(self.first(x)))


def linear_factors(rank, out, into, seed, alpha=None, **kinds):
    random = torch.Generator().manual_seed(seed)
    return Factors(
        torch.randn(rank, into, generator=random),
        torch.randn(out, rank, generator=random),
        alpha or float(rank),
        **kinds,
    )


def adapter(seed, rank=4, alpha=None, **kinds):
    modules = {
        "first": linear_factors(rank, 16, 12, seed, alpha, **kinds),
        "second": linear_factors(rank + 1, 8, 16, seed + 50, alpha, **kinds),
    }
    return Adapter(modules, Card(name=f"adapter {seed}"))


def dense_output(model, mix, x):
    def weight(name):
        layer = getattr(model, name)
        total = layer.weight.float().clone()
        for one, strength in mix.items():
            f = one.modules[name]
            scale = f.alpha / (f.rank**0.5 if f.rslora else f.rank)
            total += strength * scale * f.up @ f.down
        return total

    hidden = torch.relu(x @ weight("first").T + model.first.bias)
    return hidden @ weight("second").T


def fingerprint(model):
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.contiguous().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@settings(max_examples=25, deadline=None)
@given(
    ranks=st.lists(st.integers(1, 6), min_size=1, max_size=5),
    weights=st.lists(st.floats(-2, 2), min_size=5, max_size=5),
    rslora=st.booleans(),
    alpha=st.floats(0.5, 32),
)
def test_a_mix_equals_the_dense_sum_and_leaves_no_trace(ranks, weights, rslora, alpha):
    model, x = Model(), torch.randn(3, 5, 12)
    mix = {adapter(i, rank, alpha, rslora=rslora): weights[i] for i, rank in enumerate(ranks)}
    before = fingerprint(model)
    with torch.no_grad():
        expected = dense_output(model, mix, x)
        with applied(model, mix):
            torch.testing.assert_close(model(x), expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())
    assert fingerprint(model) == before
    assert type(model.first) is nn.Linear


def test_the_order_of_a_mix_does_not_matter():
    model, x = Model(), torch.randn(4, 12)
    one, two = adapter(1), adapter(2, rank=2)
    with applied(model, {one: 0.7, two: -0.4}):
        forward = model(x)
    with applied(model, {two: -0.4, one: 0.7}):
        torch.testing.assert_close(model(x), forward)


def test_an_exception_inside_leaves_the_model_as_it_was():
    model = Model()
    before = fingerprint(model)
    with pytest.raises(RuntimeError), applied(model, {adapter(1): 1.0}):
        raise RuntimeError
    assert fingerprint(model) == before


def test_mixes_inside_one_another_add_up():
    model, x = Model(), torch.randn(4, 12)
    one, two = adapter(1), adapter(2)
    with torch.no_grad(), applied(model, {one: 0.5}):
        alone = model(x)
        with applied(model, {two: 0.3, one: 0.5}):
            torch.testing.assert_close(
                model(x), dense_output(Model(), {one: 1.0, two: 0.3}, x), rtol=1e-4, atol=1e-3
            )
        torch.testing.assert_close(model(x), alone)


def test_dora_follows_the_papers_equation():
    model, x = Model(), torch.randn(4, 12)
    magnitude = torch.rand(16) + 0.5
    f = Factors(torch.randn(3, 12), torch.randn(16, 3), 6.0, magnitude)
    weight = model.first.weight.detach() + 2.0 * f.up @ f.down
    full = magnitude[:, None] * weight / weight.norm(dim=1, keepdim=True)
    half = 0.5 * model.first.weight.detach() + 0.5 * full
    with torch.no_grad():
        for strength, expected in ((1.0, full), (0.5, half)):
            with applied(model, {Adapter({"first": f}): strength}):
                torch.testing.assert_close(
                    model.first(x), x @ expected.T + Model().first.bias, rtol=1e-4, atol=1e-4
                )


def test_a_convolution_equals_its_dense_kernel():
    model, x = Model(), torch.randn(2, 3, 9, 9)
    f = Factors(torch.randn(2, 3, 3, 3), torch.randn(6, 2, 1, 1), 2.0)
    dense = Model()
    with torch.no_grad():
        dense.conv.weight += 0.8 * torch.einsum("or,rikl->oikl", f.up[:, :, 0, 0], f.down)
        with applied(model, {Adapter({"conv": f}): 0.8}):
            torch.testing.assert_close(model.conv(x), dense.conv(x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("quantized", ["nf4", "int8"])
def test_quantized_layers_run_the_adapter_beside_them(quantized):
    bnb = pytest.importorskip("bitsandbytes")
    torch.manual_seed(0)
    plain = nn.Linear(64, 64)
    if quantized == "nf4":
        layer = bnb.nn.Linear4bit(64, 64, quant_type="nf4", compute_dtype=torch.float32)
    else:
        layer = bnb.nn.Linear8bitLt(64, 64, has_fp16_weights=False)
    layer.load_state_dict(plain.state_dict())
    model = nn.ModuleDict({"layer": layer.to("cpu")})
    f = linear_factors(4, 64, 64, 1)
    x = torch.randn(3, 64)
    with torch.no_grad():
        try:
            expected = model["layer"](x) + x @ f.delta().T
        except Exception as error:
            pytest.skip(
                f"this machine's bitsandbytes cannot run {quantized} on the CPU: {type(error).__name__}"
            )
        with applied(model, {Adapter({"layer": f}): 1.0}):
            torch.testing.assert_close(model["layer"](x), expected, rtol=1e-3, atol=1e-3)


def test_bad_mixes_are_refused_by_name_before_anything_is_touched():
    model = Model()
    wrong_shape = Adapter({"first": linear_factors(2, 16, 13, 0)}, Card(name="wide"))
    elsewhere = Adapter({"blocks.0.attn": linear_factors(2, 4, 4, 0)}, Card(name="stranger"))
    broken = Adapter(
        {"first": Factors(torch.full((2, 12), float("nan")), torch.zeros(16, 2), 2.0)}, Card(name="broken")
    )
    for mix, words in (
        ({}, "empty"),
        ({adapter(1): float("nan")}, "adapter 1.*weight"),
        ({adapter(1): "strong"}, "weight"),
        ({adapter(1): 1.0, wrong_shape: 1.0}, r"wide.*\(16, 13\).*\(16, 12\)"),
        ({elsewhere: 1.0}, "stranger.*blocks.0.attn"),
        ({broken: 1.0}, "broken.*NaN"),
    ):
        with pytest.raises(AdapterError, match=words), applied(model, mix):
            pass
        assert type(model.first) is nn.Linear


def test_components_of_a_pipeline_are_told_apart():
    class Pipeline:
        def __init__(self):
            self.transformer, self.text_encoder = Model(), Model()

    pipeline, f = Pipeline(), linear_factors(2, 16, 12, 3)
    x = torch.randn(2, 12)
    both = Adapter({"transformer.first": f, "text_encoder.second": linear_factors(2, 8, 16, 4)})
    with torch.no_grad(), applied(pipeline, {both: 1.0}):
        torch.testing.assert_close(
            pipeline.transformer.first(x),
            x @ (Model().first.weight + f.delta()).T + Model().first.bias,
            rtol=1e-4,
            atol=1e-4,
        )
        assert type(pipeline.text_encoder.first) is nn.Linear
    with torch.no_grad(), applied(pipeline.transformer, {both: 1.0}):
        assert type(pipeline.transformer.first) is not nn.Linear


def test_a_hundred_swaps_leak_nothing():
    model, x = Model(), torch.randn(2, 12)

    def tensors():
        gc.collect()
        return sum(isinstance(one, torch.Tensor) for one in gc.get_objects())

    def swap(count):
        for i in range(count):
            with torch.no_grad(), applied(model, {adapter(i): 1.0}):
                model(x)

    swap(10)
    before = tensors()
    swap(100)
    assert tensors() <= before


def test_training_starts_at_the_base_and_reaches_only_the_factors():
    model, x = Model(), torch.randn(4, 12)
    expected = model(x)
    injection = trainable(model, ["first", "second"], rank=3, alpha=6.0)
    torch.testing.assert_close(model(x), expected)
    model(x).sum().backward()
    assert all(p.grad is not None for p in injection.parameters())
    assert model.first.base.weight.grad is None
    with injection.suspended():
        assert type(model.first) is nn.Linear
    assert type(model.first) is not nn.Linear
    injection.remove()
    assert type(model.first) is nn.Linear


def test_what_was_trained_is_what_is_applied():
    for dora in (False, True):
        model, x = Model(), torch.randn(4, 12)
        injection = trainable(model, ["first", "second"], rank=3, alpha=6.0, dora=dora, rslora=True)
        with torch.no_grad():
            for p in injection.parameters():
                p.add_(0.1 * torch.randn(p.shape))
            trained = model(x)
        factors = injection.factors()
        injection.remove()
        with torch.no_grad(), applied(model, {Adapter(factors): 1.0}):
            torch.testing.assert_close(model(x), trained, rtol=1e-4, atol=1e-4)


def test_targets_that_cannot_be_trained_are_named():
    with pytest.raises(AdapterError, match="third"):
        trainable(Model(), ["third"], 2, 2.0)
    with pytest.raises(AdapterError, match=r"second.*rank 9"):
        trainable(Model(), ["second"], 9, 2.0)
