"""Experts that one parameter holds: trained, mixed, merged and taken off, each as a matrix of its own."""

import copy

import pytest
import torch
from transformers import GptOssConfig, GptOssForCausalLM, MixtralConfig, MixtralForCausalLM

import lorakit
from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Factors
from lorakit.lora.inject import trainable
from lorakit.lora.live import applied_rows

COMMON = {
    "vocab_size": 40, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "head_dim": 8,
    "num_attention_heads": 2, "num_key_value_heads": 1, "num_local_experts": 4, "num_experts_per_tok": 2,
    "max_position_embeddings": 64, "sliding_window": 8,
}  # fmt: skip
TOKENS = torch.arange(24).view(2, 12)
EXPERTS = "model.layers.0.mlp.experts"


def mixtral():
    torch.manual_seed(0)
    return MixtralForCausalLM(MixtralConfig(**COMMON)).eval().requires_grad_(False)


def gpt_oss():
    """Keeps its experts as (in, out), and gate and up in turn."""
    torch.manual_seed(0)
    return GptOssForCausalLM(GptOssConfig(**COMMON)).eval().requires_grad_(False)


def logits(model):
    with torch.no_grad():
        return model(input_ids=TOKENS).logits


def factors(rows, columns, seed, rank=2):
    random = torch.Generator().manual_seed(seed)
    down, up = torch.randn(rank, columns, generator=random), torch.randn(rows, rank, generator=random)
    return Factors(down / 4, up / 4, 3.0)


def of_old():
    """A Mixtral adapter as it was written while each expert had three layers of its own."""
    sizes = {"w1": (24, 16), "w3": (24, 16), "w2": (16, 24)}
    name = "model.layers.0.block_sparse_moe"
    modules = {f"{name}.experts.{expert}.{leaf}": factors(*size, seed=10 * expert + len(leaf) + i)
               for expert in (0, 3) for i, (leaf, size) in enumerate(sizes.items())}  # fmt: skip
    return Adapter(modules | {f"{name}.gate": factors(4, 16, seed=99)})


@pytest.mark.battery(110, "experts one by one, as before transformers 5")
def test_an_adapter_of_single_experts_finds_its_rows_of_today_s_parameters():
    adapter, model = of_old(), mixtral()
    one = {name.rpartition("block_sparse_moe.")[2]: f.delta() for name, f in adapter.modules.items()}
    deltas = lorakit.deltas(adapter, model)
    assert set(deltas) == {
        f"{EXPERTS}.gate_up_proj", f"{EXPERTS}.down_proj", "model.layers.0.mlp.gate.weight"
    }  # fmt: skip
    joined = deltas[f"{EXPERTS}.gate_up_proj"]
    # transformers' own conversion of Mixtral's weights joins w1 and w3, in this order.
    torch.testing.assert_close(joined[3], torch.cat([one["experts.3.w1"], one["experts.3.w3"]]))
    torch.testing.assert_close(deltas[f"{EXPERTS}.down_proj"][0], one["experts.0.w2"])
    assert not joined[1].any() and not joined[2].any()

    changed = copy.deepcopy(model)
    for name, delta in deltas.items():
        changed.get_parameter(name).add_(delta)
    expected, plain = logits(changed), logits(model)
    assert (expected - plain).abs().max() > 1e-3
    with lorakit.applied(model, {adapter: 1.0}):
        torch.testing.assert_close(logits(model), expected)
    torch.testing.assert_close(logits(model), plain, rtol=0, atol=0)
    lorakit.merge(model, {adapter: 1.0})
    torch.testing.assert_close(logits(model), expected)
    lorakit.unmerge(model)
    torch.testing.assert_close(logits(model), plain, rtol=0, atol=0)


def test_gates_that_stand_in_turn_with_the_rest_get_their_own_columns():
    model = gpt_oss()
    adapter = Adapter(
        {f"{EXPERTS}.2.gate_proj": factors(24, 16, 1), f"{EXPERTS}.2.up_proj": factors(24, 16, 2)}
    )
    (delta,) = lorakit.deltas(adapter, model).values()
    gate, up = (f.delta() for f in adapter.modules.values())
    assert delta.shape == (4, 16, 48)  # as gpt-oss stores it: (experts, in, out)
    torch.testing.assert_close(delta[2][:, ::2], gate.T)
    torch.testing.assert_close(delta[2][:, 1::2], up.T)


@pytest.mark.parametrize("build", [mixtral, gpt_oss])
def test_a_trained_stack_is_each_expert_s_update_and_leaves_no_trace(build):
    model = build()
    plain, before = logits(model), {name: id(p) for name, p in model.named_parameters()}
    targets = [f"{EXPERTS}.gate_up_proj", f"{EXPERTS}.down_proj", "model.layers.0.self_attn.q_proj"]
    injection = trainable(model, targets, rank=3, alpha=6.0)
    torch.testing.assert_close(logits(model), plain, rtol=0, atol=0)
    optimizer = torch.optim.SGD(injection.parameters(), lr=5.0)
    for _ in range(2):  # in the first step only `up` moves
        optimizer.zero_grad()
        model(input_ids=TOKENS).logits.logsumexp(-1).mean().backward()
        optimizer.step()
    assert all(p.grad is not None and p.grad.any() for p in injection.parameters())
    trained, learned = logits(model), injection.factors()
    with injection.suspended():
        torch.testing.assert_close(logits(model), plain, rtol=0, atol=0)
    torch.testing.assert_close(logits(model), trained, rtol=0, atol=0)
    injection.remove()
    assert {name: id(p) for name, p in model.named_parameters()} == before
    assert not any("_updates" in m.__dict__ or "forward" in m.__dict__ for m in model.modules())
    assert len(learned) == 4 + 4 + 1 and learned[f"{EXPERTS}.down_proj[3]"].weight_shape == (16, 24)
    with lorakit.applied(model, {Adapter(learned): 0.5}), lorakit.applied(model, {Adapter(learned): 0.5}):
        torch.testing.assert_close(logits(model), trained)


def test_the_weights_are_not_kept_once_more_for_the_backward_pass():
    model = mixtral()
    injection = trainable(model, [f"{EXPERTS}.gate_up_proj", f"{EXPERTS}.down_proj"], rank=1, alpha=1.0)
    stack, kept = model.get_parameter(f"{EXPERTS}.gate_up_proj").shape, []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.shape) or t, lambda t: t):
        model(input_ids=TOKENS)
    assert injection.layers and stack not in kept and stack.numel() not in [s.numel() for s in kept]


def test_rows_of_a_batch_cannot_have_experts_of_their_own():
    model, adapter = mixtral(), of_old()
    plain = logits(model)
    with pytest.raises(AdapterError, match="one mix at a time"), applied_rows(model, [{adapter: 1.0}, {}]):
        pass
    torch.testing.assert_close(logits(model), plain, rtol=0, atol=0)


def test_a_layer_narrower_than_the_rank_gets_the_rank_it_has_room_for_at_the_same_scale():
    model = torch.nn.ModuleDict({"wide": torch.nn.Linear(16, 16), "gate": torch.nn.Linear(16, 1)})
    learned = trainable(model, ["wide", "gate"], rank=8, alpha=12.0).factors()
    assert {name: f.rank for name, f in learned.items()} == {"wide": 8, "gate": 1}
    assert learned["gate"].scale == learned["wide"].scale == 1.5
    with pytest.raises(AdapterError, match=r"wide has shape .*rank 17 is not between 1 and 16"):
        trainable(model, ["wide", "gate"], rank=17, alpha=1.0)
