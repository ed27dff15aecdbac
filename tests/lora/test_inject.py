"""Training: updates put in, learned, read out, and run live as they were trained."""

import pytest
import torch
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
