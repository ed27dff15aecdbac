"""Updates of experts in PEFT's layout: the keys, shapes and order that PEFT 0.21's own wrapper has."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

import lorakit
from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Card, Factors

PLACE = "model.layers.0.mlp.experts"
KEYS = f"base_model.model.{PLACE}"
EXPERTS, RANK = 3, 2


def written(folder, tensors, **stated):
    folder.mkdir(exist_ok=True)
    config = {
        "peft_type": "LORA", "r": RANK, "lora_alpha": 3, "target_modules": [],
        "target_parameters": ["mlp.experts.down_proj", "mlp.experts.gate_up_proj"],
    }  # fmt: skip
    (folder / "adapter_config.json").write_text(json.dumps(config | stated))
    save_file(tensors, folder / "adapter_model.safetensors")
    return folder


def tensors(rank=RANK):
    """Of a layer of 6 units with 5 inside each expert: `gate_up_proj` (3, 10, 6), `down_proj` (3, 6, 5)."""
    random = torch.Generator().manual_seed(0)
    shapes = {
        f"{KEYS}.base_layer.lora_A.weight": (EXPERTS * rank, 6),
        f"{KEYS}.base_layer.lora_B.weight": (10, rank * EXPERTS),
        f"{KEYS}.lora_A.weight": (EXPERTS * rank, 5), f"{KEYS}.lora_B.weight": (6, rank * EXPERTS),
    }  # fmt: skip
    return {key: torch.randn(shape, generator=random) for key, shape in shapes.items()}


def as_peft_computes(down, up, scale):
    """tuners/lora/layer.py, ParamWrapper.get_delta_weight: einsum("o r e, e r i -> e o i") * scaling."""
    experts = down.reshape(EXPERTS, -1, down.shape[-1])
    return torch.einsum("ore,eri->eoi", up.reshape(len(up), -1, EXPERTS), experts) * scale


def test_each_expert_gets_its_part_of_peft_s_two_tensors(tmp_path):
    given = tensors()
    adapter = lorakit.load_adapter(written(tmp_path / "moe", given))
    assert len(adapter.modules) == 2 * EXPERTS and adapter.rank == adapter.card.rank == RANK
    for leaf, key in (("gate_up_proj", f"{KEYS}.base_layer"), ("down_proj", KEYS)):
        expected = as_peft_computes(given[f"{key}.lora_A.weight"], given[f"{key}.lora_B.weight"], 3 / RANK)
        for expert in range(EXPERTS):
            torch.testing.assert_close(adapter.modules[f"{PLACE}.{leaf}[{expert}]"].delta(), expected[expert])


def test_saved_again_it_is_the_same_file(tmp_path):
    given = tensors()
    adapter = lorakit.load_adapter(written(tmp_path / "moe", given))
    lorakit.save_adapter(adapter, tmp_path / "out", format="peft")
    found = load_file(tmp_path / "out" / "adapter_model.safetensors")
    assert found.keys() == given.keys() and all(torch.equal(found[key], given[key]) for key in given)
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert config["target_parameters"] == [f"{PLACE}.down_proj", f"{PLACE}.gate_up_proj"]
    assert (config["r"], config["lora_alpha"], config["target_modules"]) == (RANK, 3, [])


def test_a_rank_of_its_own_is_read_from_the_pattern_of_the_parameter(tmp_path):
    given = tensors(rank=4)
    stated = {"rank_pattern": {r".*\.gate_up_proj": 4, "down_proj": 4}, "alpha_pattern": {"down_proj": 8}}
    adapter = lorakit.load_adapter(written(tmp_path / "moe", given, **stated))
    assert {f.rank for f in adapter.modules.values()} == {4} and len(adapter.modules) == 2 * EXPERTS
    assert adapter.modules[f"{PLACE}.down_proj[0]"].scale == 2.0
    assert adapter.modules[f"{PLACE}.gate_up_proj[0]"].scale == 0.75


def test_a_router_and_a_layer_that_peft_names_by_their_weights_are_single_matrices(tmp_path):
    gate = "base_model.model.model.layers.0.mlp.gate"
    given = {f"{gate}.lora_A.weight": torch.ones(RANK, 6), f"{gate}.lora_B.weight": torch.ones(EXPERTS, RANK)}
    adapter = lorakit.load_adapter(written(tmp_path / "moe", given, target_parameters=["gate.weight"]))
    (name,) = adapter.modules
    assert name == "model.layers.0.mlp.gate" and adapter.modules[name].weight_shape == (EXPERTS, 6)


def test_layers_that_peft_would_take_for_experts_are_named_by_their_weight(tmp_path):
    def part(rank, rows=6):
        return Factors(torch.ones(rank, 6), torch.ones(rows, rank), float(rank))

    layers = {
        "model.layers.0.mlp.shared_experts.up_proj": part(2),
        "model.layers.0.self_attn.q_proj": part(2),
    }
    stack = {f"{PLACE}.gate_up_proj[{expert}]": part(2) for expert in range(2)}
    narrow = {"model.layers.0.mlp.gate_proj": part(1)}
    adapter = Adapter(layers | stack | narrow, Card(family="llm"))
    lorakit.save_adapter(adapter, tmp_path, format="peft")
    config = json.loads((tmp_path / "adapter_config.json").read_text())
    assert config["target_modules"] == ["model.layers.0.self_attn.q_proj"]
    assert set(config["target_parameters"]) == {
        f"{PLACE}.gate_up_proj", "model.layers.0.mlp.shared_experts.up_proj.weight",
        "model.layers.0.mlp.gate_proj.weight",
    }  # fmt: skip
    assert config["rank_pattern"] == {"model.layers.0.mlp.gate_proj.weight": 1}
    again = lorakit.load_adapter(tmp_path)
    assert {name: (f.rank, f.alpha) for name, f in again.modules.items()} == {
        name: (f.rank, f.alpha) for name, f in adapter.modules.items()
    }  # fmt: skip


def test_experts_of_several_ranks_and_scales_are_one_stack_with_the_same_updates(tmp_path):
    random = torch.Generator().manual_seed(1)
    modules = {
        f"{PLACE}.down_proj[{expert}]": Factors(
            torch.randn(rank, 5, generator=random), torch.randn(6, rank, generator=random), alpha
        )
        for expert, rank, alpha in ((0, 1, 2.0), (2, 3, 4.0))
    }  # fmt: skip
    lorakit.save_adapter(Adapter(modules, Card(family="llm")), tmp_path, format="peft")
    again = lorakit.load_adapter(tmp_path).modules
    for name, factors in modules.items():
        torch.testing.assert_close(again[name].delta(), factors.delta())
    assert not again[f"{PLACE}.down_proj[1]"].delta().any()


@pytest.mark.battery(110, "experts whose factors do not fit their rank")
def test_factors_that_are_no_whole_experts_are_refused(tmp_path, record_property):
    with pytest.raises(AdapterError, match=r"gate_up_proj.*don't form experts of rank 4 each") as told:
        lorakit.load_adapter(written(tmp_path / "moe", tensors(), r=4))
    record_property("told", str(told.value))


def test_only_peft_s_layout_holds_experts(tmp_path):
    adapter = lorakit.load_adapter(written(tmp_path / "moe", tensors()))
    for layout in ("diffusers", "kohya"):
        with pytest.raises(AdapterError, match=r"experts|no place for"):
            lorakit.save_adapter(adapter, tmp_path / layout, format=layout)
