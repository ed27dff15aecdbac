"""Live mixes: by block, by part of the sampling and row by row, compiled, nested, and what is refused."""

import gc
import warnings

import pytest
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from lorakit.errors import AdapterError
from lorakit.formats import load, save
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.lora.inject import trainable
from lorakit.lora.layers import LoraLinear
from lorakit.lora.live import applied, applied_rows, set_progress
from lorakit.lora.merging import merge, unmerge
from lorakit.lora.strength import Strength
from tests.lora.mixing import (
    Model,
    assert_near,
    dense,
    everywhere,
    fingerprint,
    made,
    pictures,
)

GROUPED = {
    "double": "transformer_blocks.0.to_q", "single": "single_transformer_blocks.0.to_q",
    "down": "down_blocks.0.conv", "mid": "mid_block.to_q", "up": "up_blocks.0.to_q",
    "text": "text_encoder.layers.0.q_proj", "0-1": "model.layers.1.q_proj", "2": "model.layers.2.q_proj",
}  # fmt: skip


def factors(seed, out=5, into=5, rank=2):
    random = torch.Generator().manual_seed(seed)
    down, up = torch.randn(rank, into, generator=random), torch.randn(out, rank, generator=random)
    return Factors(down, up, float(rank))


def blocks(names):
    """A linear layer of width 5 at each dotted name."""
    torch.manual_seed(1)
    model = nn.Module()
    for name in names:
        *parents, leaf = name.split(".")
        owner = model
        for part in parents:
            if part not in owner._modules:
                owner.add_module(part, nn.Module())
            owner = owner._modules[part]
        owner.add_module(leaf, nn.Linear(5, 5))
    return model


@pytest.mark.parametrize("group", GROUPED)
@pytest.mark.parametrize("way", ["live", "merged"])
def test_a_group_of_blocks_has_a_weight_of_its_own(group, way):
    model, x = blocks(GROUPED.values()), torch.randn(3, 5)
    adapter = Adapter({name: factors(i) for i, name in enumerate(GROUPED.values())})
    base = {name: model.get_submodule(name)(x) for name in GROUPED.values()}
    mix = {adapter: Strength(0.5, {group: -1.5})}
    with torch.no_grad():
        if way == "merged":
            merge(model, mix)
            found = {name: model.get_submodule(name)(x) for name in base}
            unmerge(model)
        else:
            with applied(model, mix):
                found = {name: model.get_submodule(name)(x) for name in base}
        for one, name in GROUPED.items():
            weight = -1.5 if one == group else 0.5
            assert_near(found[name], base[name] + weight * x @ adapter.modules[name].delta().T, 1e-5)


def test_an_adapter_acts_in_its_part_of_the_sampling_only():
    model, x = Model().eval(), pictures(2)
    (product, one), (style, other) = made(1), made(2, kind="dora")
    mix = {product: Strength(0.8, end=0.5), style: Strength(0.6, start=0.25)}
    parts = [[(one, 0.8)], [(one, 0.8), (other, 0.6)], [(other, 0.6)], [(other, 0.6)], [(other, 0.6)]]
    before = fingerprint(model)
    with torch.no_grad(), applied(model, mix):
        for _ in range(2):  # a second sampling begins at the start again
            for step, acting in enumerate(parts):
                set_progress(model, step / 4)
                whole = dense(model_of(model), [(deltas, everywhere(w)) for deltas, w in acting])
                assert_near(model(x), whole(x.double()), 2e-5)
    assert fingerprint(model) == before
    set_progress(model, 0.5)  # nothing is live: nothing happens
    assert fingerprint(model) == before


def model_of(live):
    """The bare model of the same seed: `live` has its layers replaced."""
    return Model().eval()


def test_a_part_of_the_sampling_goes_with_rows_and_nesting_and_ends_with_an_exception():
    model, x = Model().eval(), pictures(2)
    (always, one), (late, other) = made(1), made(2)
    before = fingerprint(model)
    rows = [{late: Strength(start=0.5)}, {}]
    with (
        pytest.raises(RuntimeError),
        torch.no_grad(),
        applied(model, {always: 0.5}),
        applied_rows(model, rows),
    ):
        set_progress(model, 0.75)
        found = model(x)
        raise RuntimeError
    assert fingerprint(model) == before
    first = dense(model, [(one, everywhere(0.5)), (other, everywhere(1.0))])
    second = dense(model, [(one, everywhere(0.5))])
    assert_near(found[:1], first(x[:1].double()), 2e-5)
    assert_near(found[1:], second(x[1:].double()), 2e-5)


def language_model():
    torch.manual_seed(0)
    sizes = {"vocab_size": 50, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
             "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 64}  # fmt: skip
    return LlamaForCausalLM(LlamaConfig(**sizes, pad_token_id=0, eos_token_id=1, bos_token_id=2)).eval()


def voice(model, seed, dora=False):
    ends = ("q_proj", "v_proj", "down_proj")
    random = torch.Generator().manual_seed(seed)
    modules = {}
    for name, layer in model.named_modules():
        if name.endswith(ends):
            f = factors(seed + len(modules), layer.out_features, layer.in_features, rank=3)
            magnitude = torch.rand(layer.out_features, generator=random) + 0.5 if dora else None
            modules[name] = Factors(f.down / 3, f.up, 3.0, magnitude)
    return Adapter(modules, Card(name=f"voice {seed}", family="llm"))


@pytest.mark.parametrize("how", [{}, {"num_beams": 3, "num_return_sequences": 2}])
def test_a_batch_in_several_voices_writes_what_each_voice_writes_alone(how):
    model = language_model()
    one, two = voice(model, 10), voice(model, 20, dora=True)
    mixes = [{one: 1.0}, {}, {two: 1.5, one: -0.5}]
    tokens = torch.randint(3, 50, (3, 7), generator=torch.Generator().manual_seed(3))
    settings = {"max_new_tokens": 8, "min_new_tokens": 8, "do_sample": False, "use_cache": True,
                "output_logits": True, "return_dict_in_generate": True, **how}  # fmt: skip
    before, each = fingerprint(model), how.get("num_return_sequences", 1)
    with torch.no_grad(), applied_rows(model, mixes):
        together = model.generate(tokens, attention_mask=torch.ones_like(tokens), **settings)
    written = set()
    for row, mix in enumerate(mixes):
        alone, mask = tokens[row : row + 1], torch.ones(1, 7, dtype=torch.long)
        with torch.no_grad(), applied(model, mix or {one: 0.0}):
            expected = model.generate(alone, attention_mask=mask, **settings)
        found = together.sequences[row * each : (row + 1) * each]
        assert found.tolist() == expected.sequences.tolist()
        width = how.get("num_beams", 1)
        for ours, theirs in zip(together.logits, expected.logits, strict=True):
            assert_near(ours[row * width : (row + 1) * width], theirs, 1e-4)
        written.add(tuple(found[0, 7:].tolist()))
    assert len(written) == 3, "the voices differ"
    assert fingerprint(model) == before


def test_a_batch_that_is_no_multiple_of_the_rows_is_refused():
    model = Model().eval()
    with (
        applied_rows(model, [{made(1)[0]: 1.0}, {}]),
        pytest.raises(AdapterError, match=r"batch of 3.*2 rows"),
    ):
        model(pictures(3))


@pytest.mark.parametrize("quantized", ["nf4", "int8"])
def test_rows_and_dora_run_beside_quantized_layers(quantized):
    bnb = pytest.importorskip("bitsandbytes")
    torch.manual_seed(0)
    plain = nn.Linear(64, 64)
    if quantized == "nf4":
        layer = bnb.nn.Linear4bit(64, 64, quant_type="nf4", compute_dtype=torch.float32)
    else:
        layer = bnb.nn.Linear8bitLt(64, 64, has_fp16_weights=False)
    layer.load_state_dict(plain.state_dict())
    model, x = nn.ModuleDict({"layer": layer.to("cpu")}), torch.randn(2, 64)
    kept = model["layer"].weight.data.clone()
    adapter, dora = (Adapter({"layer": factors(seed, 64, 64)}) for seed in (1, 2))
    f = dora.modules["layer"]
    dora.modules["layer"] = Factors(f.down, f.up, f.alpha, torch.full((64,), 2.0))
    with torch.no_grad():
        try:
            base = model["layer"](x)
        except Exception as error:
            pytest.skip(f"this machine's bitsandbytes cannot run {quantized} here: {type(error).__name__}")
        with applied_rows(model, [{adapter: 0.7}, {}]):
            found = model["layer"](x)
        with applied(model, {dora: 1.0}):
            turned = model["layer"](x)
    expected = base[0] + 0.7 * x[0] @ adapter.modules["layer"].delta().T
    torch.testing.assert_close(found[0], expected, rtol=1e-3, atol=2e-3)
    torch.testing.assert_close(found[1], base[1], rtol=1e-3, atol=2e-3)
    # Every row of W + delta is as long as its magnitude; 8-bit products round what goes in.
    eye = base.new_zeros(64, 64).fill_diagonal_(1.0)
    with torch.no_grad(), applied(model, {dora: 1.0}):
        rows = model["layer"](eye) - layer.bias
    torch.testing.assert_close(rows.norm(dim=0), torch.full((64,), 2.0), rtol=2e-2, atol=2e-2)
    assert turned.isfinite().all() and torch.equal(kept, model["layer"].weight.data)
    with pytest.raises(AdapterError, match="layer is quantized; merging"):
        merge(model, {adapter: 1.0})
    with applied(model, {adapter: 1.0}), pytest.raises(AdapterError, match="layer is quantized; merging"):
        merge(model, {adapter: 1.0})


def test_the_text_encoders_of_a_pipeline_take_their_share_and_are_clean_afterwards():
    class Pipeline:
        def __init__(self):
            self.unet, self.text_encoder = blocks(["up_blocks.0.to_q"]), blocks(["layers.0.q_proj"])

    pipe, x = Pipeline(), torch.randn(2, 5)
    names = "unet.up_blocks.0.to_q", "text_encoder.layers.0.q_proj"
    adapter = Adapter({name: factors(i) for i, name in enumerate(names)})
    before = [fingerprint(part) for part in vars(pipe).values()]
    layers = pipe.unet.up_blocks._modules["0"].to_q, pipe.text_encoder.layers._modules["0"].q_proj
    with torch.no_grad(), applied(pipe, {adapter: Strength(1.0, {"text": 0.25})}):
        found = pipe.text_encoder.layers._modules["0"].q_proj(x)
        assert_near(found, layers[1](x) + 0.25 * x @ adapter.modules[names[1]].delta().T, 1e-5)
        found = pipe.unet.up_blocks._modules["0"].to_q(x)
        assert_near(found, layers[0](x) + x @ adapter.modules[names[0]].delta().T, 1e-5)
    assert [fingerprint(part) for part in vars(pipe).values()] == before


def test_layers_that_were_replaced_since_are_seen():
    model, x = Model().eval(), pictures(1)
    adapter, deltas = made(1)
    with applied(model, {adapter: 1.0}):
        pass
    injection = trainable(model, ["first"], rank=2, alpha=2.0)
    with torch.no_grad():
        injection.layers["first"].up.fill_(0.3)
        trained = model(x)
        with applied(model, {adapter: 1.0}):
            assert not torch.allclose(
                model(x), dense(Model(), [(deltas, everywhere(1.0))])(x.double()).float()
            )
        assert torch.equal(model(x), trained) and model.first is injection.layers["first"]


def test_factors_that_changed_since_are_seen():
    model, x = Model().eval(), pictures(1)
    adapter, deltas = made(1, targets=("first",))
    with torch.no_grad():
        with applied(model, {adapter: 1.0}):
            pass
        adapter.modules["first"].up.mul_(2)
        with applied(model, {adapter: 0.5}):
            assert_near(model(x), dense(model_of(model), [(deltas, everywhere(1.0))])(x.double()), 1e-5)
        with applied(model, {adapter: 1.0}):
            assert_near(model(x), dense(model_of(model), [(deltas, everywhere(2.0))])(x.double()), 1e-5)


def test_a_mix_that_was_sampled_with_serves_a_training():
    model, x = Model().train(), pictures(1)
    mix = {made(1)[0]: 0.5}
    with torch.inference_mode(), applied(model, mix):
        model(x)
    with applied(model, mix):
        model(x).sum().backward()
    assert model.conv.weight.grad is not None


def test_the_same_adapter_twice_adds_up_and_is_said(tmp_path):
    model, x = Model().eval(), pictures(1)
    adapter, deltas = made(1, name="riso", targets=("first", "second"))
    file = save(adapter, tmp_path, "peft")
    one, two = load(file.parent), load(file.parent)
    said = pytest.warns(UserWarning, match=r"riso.*same adapter.*0\.5 and 0\.75 add up")
    with torch.no_grad(), said, applied(model, {one: 0.5, two: 0.75}):
        assert_near(model(x), dense(model_of(model), [(deltas, everywhere(1.25))])(x.double()), 1e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with applied(model, {one: 0.5}), applied(model, {one: 0.5}), applied(model, {made(2)[0]: 1.0}):
            pass


def test_bad_mixes_are_refused_by_name_before_a_layer_is_touched():
    model = Model()
    good, before = made(1)[0], fingerprint(model)
    wide = Adapter({"first": factors(0, 10, 7)}, Card(name="wide"))
    stranger = Adapter({"blocks.0.attn": factors(0)}, Card(name="stranger"))
    broken = Adapter(
        {"first": Factors(torch.full((2, 6), torch.nan), torch.ones(10, 2), 2.0)}, Card(name="broken")
    )
    cases = [
        ({}, "the mix is empty"),
        ({good: 1.0, wide: 1.0}, r"wide: first updates .*\(10, 7\), .*\(10, 6\)"),
        ({good: 1.0, stranger: 1.0}, "stranger: .*another base.*blocks.0.attn"),
        ({good: 1.0, broken: 1.0}, "broken: first contains NaN"),
        *(({good: weight}, "lora 1: its strength is") for weight in ("1", None, True, float("nan"), 2.5, 1j)),
        ({good: Strength(1.0, {"double": 1.0})}, "lora 1: no layer of it is in the block group 'double'"),
        ({"good": 1.0}, "not a str; open it with load_adapter"),
        ([good], "not a list"),
    ]
    for mix, words in cases:
        for way in (
            applied,
            lambda m, one: applied_rows(m, [{made(2)[0]: 1.0}, one]) if one else applied(m, one),
        ):
            with pytest.raises(AdapterError, match=words), way(model, mix):
                pass
            assert fingerprint(model) == before
        with pytest.raises(AdapterError, match=words):
            merge(model, mix)
        with applied(model, {good: 0.5}):
            inside = fingerprint(model)
            with pytest.raises(AdapterError, match=words), applied(model, mix):
                pass
            assert fingerprint(model) == inside, "the outer mix is still on"
        assert fingerprint(model) == before
    for rows in ([], [{}, {}]):
        with pytest.raises(AdapterError, match="mix"), applied_rows(model, rows):
            pass
    inner, outer = (applied_rows(model, [{good: 1.0}, *[{}] * n]) for n in (2, 1))
    with outer, pytest.raises(AdapterError, match="mixes for 3 rows inside mixes for 2; give as many"), inner:
        pass
    assert fingerprint(model) == before


def test_a_hundred_swaps_keep_no_tensor_and_no_layer():
    model, x, adapters = (
        Model().eval(),
        pictures(1),
        [made(i, kind=k)[0] for i, k in enumerate(("lora", "dora") * 3)],
    )

    def alive():
        gc.collect()
        return sum(isinstance(one, torch.Tensor | nn.Module) for one in gc.get_objects())

    def swap(count):
        for i in range(count):
            mix = {adapters[i % 6]: 0.5, adapters[(i + 1) % 6]: Strength(0.01 * (i % 50), start=0.5)}
            with torch.no_grad(), applied(model, mix):
                model(x)
                set_progress(model, 0.9)

    swap(12)
    before = alive()
    swap(100)
    assert alive() <= before


def test_switching_among_mixes_of_one_total_rank_compiles_once():
    compiles = []

    def backend(graph, inputs):
        compiles.append(graph)
        return graph.forward

    model, x = Model().eval(), pictures(1)
    opened = [made(seed, rank=2) for seed in range(4)]
    mixes = [({0: 1.0, 1: 0.5}), ({1: -0.3, 2: 0.8}), ({3: 0.1, 0: 1.9})]
    torch._dynamo.reset()
    compiled = torch.compile(model, backend=backend)
    with torch.no_grad():
        for turn in range(3):
            for mix in mixes:
                with applied(model, {opened[i][0]: w + 0.01 * turn for i, w in mix.items()}):
                    found = compiled(x)
                whole = dense(model, [(opened[i][1], everywhere(w + 0.01 * turn)) for i, w in mix.items()])
                assert_near(found, whole(x.double()), 2e-5)
    assert len(compiles) == 1
    torch._dynamo.reset()


def test_the_order_of_a_mix_does_not_matter():
    model, x = Model().eval(), pictures(2)
    one, two, three = (made(seed, kind=kind)[0] for seed, kind in enumerate(("lora", "dora", "loha")))
    with torch.no_grad():
        with applied(model, {one: 0.7, two: -0.4, three: 1.2}):
            forward = model(x)
        with applied(Model().eval(), {three: 1.2, two: -0.4, one: 0.7}) as other:
            assert_near(other(x), forward, 1e-6)


def test_other_weights_of_the_same_adapters_share_what_is_large():
    model, (one, _), (two, _) = Model().eval(), made(1), made(2)
    seen = []
    for weight in (0.3, 0.7):
        with applied(model, {one: weight, two: 0.5}):
            seen.append({n: m for n, m in model.named_modules() if isinstance(m, LoraLinear)})
    assert seen[0] and seen[0].keys() == seen[1].keys()
    for name, first in seen[0].items():
        second = seen[1][name]
        assert first.down is second.down and first.up is second.up
        assert not torch.equal(first.levels, second.levels)


def test_what_is_written_into_an_adapter_counts_and_is_checked_again():
    model, x, (one, _) = Model().eval(), pictures(1), made(1)
    with torch.no_grad():
        with applied(model, {one: 0.5}):
            before = model(x)
        next(iter(one.modules.values())).up.mul_(3)
        with applied(model, {one: 0.5}):
            assert not torch.equal(model(x), before)
        next(iter(one.modules.values())).up[0, 0] = float("nan")
        with pytest.raises(AdapterError, match="NaN"), applied(model, {one: 0.5}):
            pass
