"""Which module an update belongs to: names of before a renaming, and a base that has only some of them."""

import pytest
import torch
from torch import nn

import lorakit
from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.lora.aliases import aliases


def model_of(*names):
    """A module that has a linear layer of 4 by 4 at each of these places."""
    root = nn.Module()
    for name in names:
        place = root
        *parents, leaf = name.split(".")
        for parent in parents:
            if parent not in place._modules:
                place.add_module(parent, nn.Module())
            place = place._modules[parent]
        place.add_module(leaf, nn.Linear(4, 4, bias=False))
    return root


def adapter_of(*names, **card):
    generator = torch.Generator().manual_seed(1)
    factors = {
        name: Factors(torch.randn(2, 4, generator=generator), torch.randn(4, 2, generator=generator), 2.0)
        for name in names
    }
    return Adapter(factors, Card(name="riso", **card))


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        # Qwen2-VL, LLaVA and Gemma 3 before and since transformers 4.52
        ("model.layers.0.self_attn.q_proj", "model.language_model.layers.0.self_attn.q_proj"),
        ("language_model.model.layers.0.self_attn.q_proj", "model.language_model.layers.0.self_attn.q_proj"),
        ("visual.blocks.0.attn.qkv", "model.visual.blocks.0.attn.qkv"),
        ("vision_tower.vision_model.encoder.layers.0.mlp.fc1",
         "model.vision_tower.encoder.layers.0.mlp.fc1"),
        ("multi_modal_projector.linear_1", "model.multi_modal_projector.linear_1"),
        ("language_model.lm_head", "lm_head"),
        # a vision model's adapter on the language model alone, and the other way round
        ("model.language_model.layers.0.mlp.up_proj", "model.layers.0.mlp.up_proj"),
        # trained on the model without its head: GPT-2, Llama, Falcon, GPT-NeoX
        ("h.0.attn.c_attn", "transformer.h.0.attn.c_attn"),
        ("layers.0.self_attn.v_proj", "model.layers.0.self_attn.v_proj"),
        ("layers.0.attention.dense", "gpt_neox.layers.0.attention.dense"),
        ("decoder.layers.0.fc1", "model.decoder.layers.0.fc1"),
        ("language_model.model.embed_tokens", "model.language_model.embed_tokens"),
        # CLIP with and without the level that transformers 5 dropped
        ("text_model.encoder.layers.0.self_attn.k_proj", "encoder.layers.0.self_attn.k_proj"),
        ("encoder.layers.0.self_attn.k_proj", "text_model.encoder.layers.0.self_attn.k_proj"),
    ],
)  # fmt: skip
def test_a_name_of_before_a_renaming_means_the_same_layer(theirs, ours):
    adapter, model = adapter_of(theirs), model_of(ours)
    found = lorakit.deltas(adapter, model)
    factors = adapter.modules[theirs]
    assert found.keys() == {ours}
    torch.testing.assert_close(found[ours], factors.up @ factors.down)


def test_the_layer_of_its_own_name_comes_first():
    model = model_of("model.layers.0.q_proj", "model.language_model.layers.0.q_proj")
    assert lorakit.deltas(adapter_of("model.layers.0.q_proj"), model).keys() == {"model.layers.0.q_proj"}


def test_two_places_that_could_be_meant_are_no_guess():
    model = model_of("model.layers.0.q_proj", "model.language_model.layers.0.q_proj")
    with pytest.raises(AdapterError, match="none of its"):
        lorakit.deltas(adapter_of("layers.0.q_proj"), model)


def test_a_text_encoder_of_a_pipeline_keeps_its_prefix():
    class Pipeline:
        transformer = model_of("transformer_blocks.0.attn.to_q")
        text_encoder = model_of("model.language_model.layers.0.self_attn.q_proj")

    adapter = adapter_of("text_encoder.model.layers.0.self_attn.q_proj")
    assert lorakit.deltas(adapter, Pipeline()).keys() == {
        "text_encoder.model.language_model.layers.0.self_attn.q_proj"
    }
    assert "text_encoder.lm_head" in aliases("text_encoder.language_model.lm_head")


BLOCKS = [f"transformer_blocks.{i}.attn.to_q" for i in range(3)]


@pytest.mark.battery(113, "an adapter of a look-alike base")
def test_what_fits_a_base_only_in_part_is_refused(record_property):
    adapter, model = adapter_of(*(f"transformer.{name}" for name in BLOCKS)), model_of(*BLOCKS[:2])
    for use in (lambda: lorakit.deltas(adapter, model), lambda: lorakit.merge(model, {adapter: 1.0}),
                lambda: lorakit.applied(model, {adapter: 1.0}).__enter__()):  # fmt: skip
        with pytest.raises(
            AdapterError, match=r"riso: 1 of its 3 modules.*blocks\.2.*partial=True"
        ) as caught:
            use()
    record_property("told", caught.value)


def test_the_part_that_fits_is_applied_when_that_is_asked_for():
    adapter, model = adapter_of(*(f"transformer.{name}" for name in BLOCKS)), model_of(*BLOCKS[:2])
    wanted = {name: f.up @ f.down for name, f in zip(BLOCKS[:2], adapter.modules.values(), strict=False)}
    found = lorakit.deltas(adapter, model, partial=True)
    assert found.keys() == wanted.keys()
    x = torch.randn(3, 4)
    layer = BLOCKS[0]
    plain = model.get_submodule(layer)(x)
    told = pytest.warns(UserWarning, match="1 of its 3")
    with told, lorakit.applied(model, {adapter: 0.5}, partial=True):
        torch.testing.assert_close(model.get_submodule(layer)(x), plain + 0.5 * x @ wanted[layer].T)
    with pytest.raises(AdapterError, match="partial=True"):
        lorakit.applied(model, {adapter: 0.5}).__enter__()
    adapter.card.partial = True  # as its owner allowed it in the store
    assert lorakit.deltas(adapter, model).keys() == wanted.keys()


def test_an_adapter_for_a_base_that_has_no_place_here_is_never_applied_in_part():
    adapter = adapter_of(*(f"transformer.{name}" for name in BLOCKS), family="qwen-image", base="Qwen-Image")
    with pytest.raises(AdapterError, match="made for Qwen-Image") as caught:
        lorakit.deltas(adapter, model_of(*BLOCKS[:2]), partial=True)
    assert "partial" not in str(caught.value)
    assert len(lorakit.deltas(adapter, model_of(*BLOCKS))) == 3, "on its own base, given as a module"


def test_layers_of_a_component_that_was_not_given_are_not_missing():
    adapter = adapter_of(f"transformer.{BLOCKS[0]}", "text_encoder.encoder.layers.0.mlp.fc1")
    denoiser, encoder = model_of(BLOCKS[0]), model_of("encoder.layers.0.mlp.fc1")

    class Pipeline:
        def __init__(self, text_encoder):
            self.transformer, self.text_encoder = denoiser, text_encoder

    for given, count in ((denoiser, 1), (encoder, 1), (Pipeline(None), 1), (Pipeline(encoder), 2)):
        assert len(lorakit.deltas(adapter, given)) == count
    with pytest.raises(AdapterError, match="1 of its 2"):  # of a pipeline that does have the encoder
        lorakit.deltas(adapter, Pipeline(model_of("encoder.layers.7.mlp.fc1")))


def test_a_text_encoder_that_happens_to_fit_does_not_hide_that_the_denoiser_does_not():
    class Pipeline:
        unet, text_encoder = model_of("down_blocks.0"), model_of("encoder.layers.0.mlp.fc1")

    adapter = adapter_of(f"transformer.{BLOCKS[0]}", "text_encoder.encoder.layers.0.mlp.fc1")
    with pytest.raises(AdapterError, match=r"1 of its 2 modules.*to_q"):
        lorakit.deltas(adapter, Pipeline())
