"""Round trips through both layouts, and what inspecting tells."""

import json

import pytest
import torch

import lorakit
from lorakit.errors import AdapterError
from lorakit.formats import inspect
from lorakit.lora.adapter import Adapter, Card, Factors


def adapter(prefix="", **kinds):
    return Adapter(
        {
            f"{prefix}model.layers.0.self_attn.q_proj": Factors(
                torch.randn(4, 6), torch.randn(5, 4), 8.0, **kinds
            ),
            f"{prefix}model.layers.0.self_attn.v_proj": Factors(
                torch.randn(2, 6), torch.randn(5, 2), 3.0, **kinds
            ),
        },
        Card(
            name="Round trip", trigger="aurora bottle", base="starter-text", family="llm", rank=4, alpha=8.0
        ),
    )


@pytest.mark.parametrize("kinds", [{}, {"rslora": True}, {"magnitude": torch.rand(5) + 0.5}])
@pytest.mark.parametrize("layout", ["peft", "diffusers"])
def test_a_round_trip_is_exact(layout, kinds, tmp_path):
    before = adapter("transformer." if layout == "diffusers" else "", **kinds)
    lorakit.save_adapter(before, tmp_path, format=layout)
    after = lorakit.load_adapter(tmp_path)
    assert after.card == before.card
    assert set(after.modules) == set(before.modules)
    for name, factors in before.modules.items():
        again = after.modules[name]
        assert torch.equal(again.down, factors.down) and torch.equal(again.up, factors.up)
        assert again.scale == factors.scale
        assert (again.magnitude is None) == (factors.magnitude is None)


def test_equal_adapters_give_equal_files(tmp_path):
    torch.manual_seed(0)
    one = adapter("transformer.")
    for number in range(4):
        lorakit.save_adapter(one, tmp_path / str(number), format="diffusers")
    files = {
        (tmp_path / str(number) / "pytorch_lora_weights.safetensors").read_bytes() for number in range(4)
    }
    assert len(files) == 1


def test_inspecting_reads_the_header_alone(tmp_path):
    lorakit.save_adapter(adapter(), tmp_path, format="peft")
    seen = inspect(tmp_path)
    assert (seen.dialect, seen.family, seen.rank, len(seen.modules)) == ("peft", "llm", 4, 2)


def test_a_peft_file_without_its_config_says_so(tmp_path):
    lorakit.save_adapter(adapter(), tmp_path, format="peft")
    (tmp_path / "adapter_config.json").unlink()
    with pytest.raises(AdapterError, match=r"adapter_config\.json"):
        lorakit.load_adapter(tmp_path)


def test_replaced_layers_are_refused_by_name(tmp_path):
    lorakit.save_adapter(adapter(), tmp_path, format="peft")
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    (tmp_path / "adapter_config.json").write_text(json.dumps(config | {"modules_to_save": ["lm_head"]}))
    with pytest.raises(AdapterError, match="modules_to_save"):
        lorakit.load_adapter(tmp_path)


def test_an_unknown_format_lists_the_known_ones(tmp_path):
    with pytest.raises(AdapterError, match=r"'zip' is not known.*peft, diffusers"):
        lorakit.save_adapter(adapter(), tmp_path, format="zip")


def test_a_name_that_is_neither_file_nor_hub_id_is_refused():
    with pytest.raises(AdapterError, match=r"no such adapter"):
        lorakit.load_adapter("./nowhere/at/all")
