import pytest
import torch
from torch import nn

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.lora.live import applied
from lorakit.lora.merging import deltas, merge, unmerge


def model_and_adapter(dtype=torch.float32):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4)).to(dtype)
    modules = {
        "0": Factors(torch.randn(2, 6), torch.randn(5, 2), 4.0),
        "1": Factors(torch.randn(3, 5), torch.randn(4, 3), 3.0),
    }
    return model, Adapter(modules, Card(name="pair"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_unmerge_is_bit_for_bit(dtype):
    model, adapter = model_and_adapter(dtype)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    merge(model, {adapter: 0.7})
    assert not torch.equal(model[0].weight, before["0.weight"])
    unmerge(model)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_merged_equals_live():
    model, adapter = model_and_adapter()
    x = torch.randn(3, 6)
    with torch.no_grad():
        with applied(model, {adapter: -0.6}):
            live = model(x)
        merge(model, {adapter: -0.6})
        torch.testing.assert_close(model(x), live, rtol=1e-4, atol=1e-4)


def test_merging_twice_is_refused():
    model, adapter = model_and_adapter()
    merge(model, {adapter: 1.0})
    with pytest.raises(AdapterError, match="unmerge"):
        merge(model, {adapter: 1.0})


def test_merging_into_four_bits_is_refused_with_the_reason():
    bnb = pytest.importorskip("bitsandbytes")
    model = nn.ModuleDict({"layer": bnb.nn.Linear4bit(64, 64, quant_type="nf4").to("cpu")})
    adapter = Adapter({"layer": Factors(torch.randn(2, 64), torch.randn(64, 2), 2.0)}, Card(name="small"))
    with pytest.raises(AdapterError, match=r"small.*quantized.*round"):
        merge(model, {adapter: 1.0})


def test_deltas_need_only_the_shapes():
    _, adapter = model_and_adapter()
    with torch.device("meta"):
        empty = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4))
    found = deltas(adapter, empty)
    f = adapter.modules["0"]
    torch.testing.assert_close(found["0"], 2.0 * f.up @ f.down)
    assert found["1"].dtype == torch.float32 and set(found) == {"0", "1"}


def test_deltas_of_a_stranger_name_what_is_missing():
    _, adapter = model_and_adapter()
    with pytest.raises(AdapterError, match="pair: none of its modules \(2\)"):
        deltas(adapter, nn.ModuleDict({"other": nn.Linear(6, 5)}))
