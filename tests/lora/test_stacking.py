"""A LoKr that is large when multiplied out runs as its own two products, and is the same update."""

import pytest
import torch
from torch import nn

from lorakit.formats.flux import NameRule
from lorakit.formats.updates import factors_of, split
from lorakit.lora.adapter import Adapter
from lorakit.lora.diagnose import stack_report
from lorakit.lora.live import applied, applied_rows
from lorakit.lora.stacking import KronLinear
from tests.lora.mixing import assert_near


def lokr(seed, left=(4, 4), right=(12, 8), low=None):
    """As LyCORIS and ai-toolkit write them: a small side, and a large one, whole or in two factors."""
    random = torch.Generator().manual_seed(seed)

    def rand(*shape):
        return torch.randn(*shape, generator=random)

    pieces = {"k1": rand(*left)}
    pieces |= (
        {"k2": rand(*right)} if low is None else {"k2_a": rand(right[0], low), "k2_b": rand(low, right[1])}
    )
    return factors_of("file", "layer", pieces, lambda rank: 1.0, False)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("low", [None, 6])
def test_it_runs_as_its_own_two_products(dtype, low):
    torch.manual_seed(0)
    model, x = nn.ModuleDict({"layer": nn.Linear(32, 48)}).to(dtype), torch.randn(2, 5, 32).to(dtype)
    f, other = lokr(1, low=low), lokr(2, low=low)
    mix = {Adapter({"layer": f}): 0.8, Adapter({"layer": other}): -0.3}
    with torch.no_grad():
        base = model["layer"](x).double()
        with applied(model, mix):
            assert isinstance(model["layer"], KronLinear) and isinstance(model["layer"].base, KronLinear)
            assert model["layer"].in_features == 32 and model["layer"].out_features == 48
            found = model["layer"](x)
        expected = base + x.double() @ (0.8 * f.delta() - 0.3 * other.delta()).double().T
        assert_near(found, expected, 1e-6 if dtype == torch.float32 else 1.5e-2)
        with applied_rows(model, [mix, {}]):
            rows = model["layer"](x)
        assert_near(rows[0], expected[0], 1e-6 if dtype == torch.float32 else 1.5e-2)
        assert torch.equal(rows[1], model["layer"](x)[1])


def test_the_parts_of_a_fused_layer_take_their_own_rows():
    parts = split(lokr(3, right=(30, 8)), NameRule("qkv", (("q", 1), ("k", 1), ("v", 1))), "file")
    torch.manual_seed(0)
    model, x = nn.ModuleDict({name: nn.Linear(32, 40) for name in parts}), torch.randn(3, 32)
    with torch.no_grad():
        base = {name: layer(x) for name, layer in model.items()}
        with applied(model, {Adapter(parts): 1.0}):
            for name, f in parts.items():
                assert isinstance(model[name], KronLinear)
                assert_near(model[name](x), base[name] + x @ f.delta().T, 1e-6)


def test_the_report_of_products_needs_no_more_memory_than_one_layer(monkeypatch):
    model = nn.ModuleDict({f"layer{i}": nn.Linear(32, 48) for i in range(5)})
    mix = {Adapter({name: lokr(seed + i) for i, name in enumerate(model)}): 1.0 for seed in (0, 10)}
    whole = stack_report(mix, model)
    monkeypatch.setattr("lorakit.lora.grams.TOGETHER", 1)
    apart = stack_report(mix, model)
    assert apart.score == pytest.approx(whole.score) and len(apart.layers) == 5
