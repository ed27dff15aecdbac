"""What of a base gets no update, or a smaller one, is said before a training starts."""

import pytest
import torch
from transformers import Qwen2MoeConfig, Qwen2MoeForCausalLM

from lorakit.errors import RecipeError
from lorakit.families import Base, Licence
from lorakit.training.coverage import notes, targets
from lorakit.training.recipe import Recipe


@pytest.fixture(scope="module")
def base():
    config = Qwen2MoeConfig(
        vocab_size=40, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16,
        shared_expert_intermediate_size=16,
    )  # fmt: skip
    model = Qwen2MoeForCausalLM(config)
    return Base("moe", "llm", model, torch.device("cpu"), torch.float32, Licence("", None))


@pytest.mark.battery(110, "layers narrower than the rank")
def test_layers_narrower_than_the_rank_are_said(base, record_property):
    (said,) = notes(base, Recipe(rank=8), targets(base, Recipe(rank=8)))
    assert said.startswith("2 of 20 layers are narrower than rank 8")
    assert "model.layers.0.mlp.shared_expert_gate (rank 1)" in said
    record_property("told", said)
    assert not notes(base, Recipe(rank=1), targets(base, Recipe(rank=1)))


@pytest.mark.battery(110, "weights that get no update")
def test_the_share_of_weights_without_an_update_is_said(base, record_property):
    found = targets(base, Recipe(rank=1))
    rest = [name for name in found if "experts." not in name]
    experts = 2 * 4 * (3 * 16 * 32)  # layers x experts x three projections
    whole = sum(p.numel() for p in base.model.model.layers.parameters()) + 32
    others = whole - sum(base.model.get_submodule(name).weight.numel() for name in rest)
    assert others > experts
    (said,) = notes(base, Recipe(rank=1), rest)
    assert said.startswith(
        f"{others / whole:.0%} of this base model's weights, embeddings aside, are not trained"
    )
    record_property("told", said)


@pytest.mark.battery(110, "DoRA on experts")
def test_dora_on_a_base_with_experts_is_refused(base):
    with pytest.raises(RecipeError, match="dora is not possible on a base model with experts"):
        targets(base, Recipe(dora=True))
