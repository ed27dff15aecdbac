"""How strongly an adapter acts: by block, by part of the sampling, and what is refused."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakit.errors import AdapterError, RecipeError
from lorakit.lora.mix_syntax import check_strength
from lorakit.lora.strength import Strength, is_in

WEIGHTS = st.floats(-2, 2)
BLOCKS = st.dictionaries(
    st.sampled_from(["double", "single", "down", "mid", "up", "0-3", "4", "5-27"]), WEIGHTS
)


@given(weight=WEIGHTS, blocks=BLOCKS, start=st.floats(0, 0.5), end=st.floats(0.51, 1))
def test_what_a_spec_keeps_is_what_was_said(weight, blocks, start, end):
    strength = Strength(weight, blocks, start, end)
    again = Strength.from_dict(json.loads(json.dumps(strength.to_dict())))
    assert again == strength and hash(again) == hash(strength)


def test_a_number_stays_a_number():
    assert Strength(0.8).to_dict() == 0.8 and Strength.from_dict(0.8) == Strength.of(0.8) == Strength(0.8)
    assert str(Strength(0.8)) == "0.8"
    assert str(Strength(0.8, {"single": 0.4}, start=0.6)) == "0.8 (single 0.4, from 60% to 100%)"


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("transformer.transformer_blocks.3.attn.to_q", "double"),
        ("transformer_blocks.3.attn.to_q", "double"),
        ("transformer.single_transformer_blocks.3.proj_out", "single"),
        ("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q", "down"),
        ("mid_block.attentions.0.transformer_blocks.0.attn1.to_q", "mid"),
        ("unet.up_blocks.2.resnets.0.conv1", "up"),
        ("text_encoder_2.encoder.layers.3.self_attn.q_proj", "text"),
        ("model.layers.3.self_attn.q_proj", "3"),
        ("model.language_model.layers.3.mlp.up_proj", "2-5"),
        ("transformer.h.3.attn.c_attn", "0-3"),
    ],
)
def test_every_module_is_in_one_group(name, group):
    groups = ["double", "single", "down", "mid", "up", "text", *([group] if group[0].isdigit() else ["0-99"])]
    assert [one for one in groups if is_in(name, one)] == [group]
    assert Strength(1.0, {group: -0.5}).at(name) == -0.5
    assert Strength(1.0, {"up": 0.5, "7-9": 0.5} if group != "up" else {"down": 0.5}).at(name) == 1.0


def test_a_part_of_the_sampling_has_a_first_and_a_last_step():
    start, rest = Strength(end=0.25), Strength(start=0.25)
    assert [start.acts(i / 4) for i in range(4)] == [True, False, False, False]
    assert [rest.acts(i / 4) for i in range(4)] == [False, True, True, True]
    assert rest.acts(1.0) and not start.acts(1.0)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"weight": 2.1}, "2.1; choose one from -2 to 2"),
        ({"weight": True}, "True; a strength is a number"),
        ({"weight": math.nan}, "nan; a strength is a number"),
        ({"weight": "1"}, "'1'; a strength is a number"),
        ({"weight": 10**400}, "choose one from -2 to 2"),
        ({"weight": None}, r"its (strength is None; a strength is|\w+ is missing; give) a number"),
        ({"blocks": {"side": 1.0}}, "'side' is not known; use text, double"),
        ({"blocks": {"9-3": 1.0}}, "'9-3' is not known"),
        ({"blocks": {"up": 3}}, "strength in up is 3; choose one"),
        ({"blocks": {"0-5": 1.0, "5-8": 0.5}}, "0-5 and 5-8 overlap"),
        ({"blocks": 3}, "blocks is 3"),
        ({"blocks": (1, 2)}, "blocks is not a table"),
        ({"start": 1.2}, "start is 1.2"),
        ({"end": math.nan}, "end is nan"),
        ({"start": 0.5, "end": 0.5}, "it must start before it ends"),
        ({"strat": 0.5}, "'strat' is not known; a strength has weight, blocks, start, end"),
    ],
)
def test_what_cannot_be_meant_is_named(given, words):
    with pytest.raises(AdapterError, match=words):
        Strength.from_dict(given)
    with pytest.raises(RecipeError, match=f"riso: .*{words}"):
        check_strength("riso", given)
