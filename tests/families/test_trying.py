"""Models that transformers lists as causal and that cannot write here are refused as they are loaded."""

import pytest

from lorakit.data.texts.sets import TextSample, TextSet
from lorakit.errors import BaseError, DataError, RecipeError
from lorakit.families import family_named, load_base
from lorakit.families.trying import positions_of
from lorakit.training.recipe import Recipe
from lorakit.training.text_examples import TextExamples
from tests.families.architectures import tiny
from tests.families.tiny_language import byte_tokenizer

causal_lm = family_named("llm")

OTHERS = "state-space and recurrent models don't"


def saved(kind, folder):
    tiny(kind).save_pretrained(folder / kind)
    byte_tokenizer().save_pretrained(folder / kind)
    return str(folder / kind)


@pytest.mark.battery(110, "state-space, recurrent and two-way models")
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("mamba", OTHERS), ("rwkv", OTHERS), ("xlstm", OTHERS), ("bart", OTHERS),
        ("bert", "reads text in both directions"),
    ],
)  # fmt: skip
def test_what_cannot_write_token_by_token_is_refused_in_words(kind, words, tmp_path, record_property):
    with pytest.raises(BaseError, match=rf"is a model of type {kind}, which .*{words}") as told:
        load_base(saved(kind, tmp_path), device="cpu")
    record_property("told", str(told.value))


@pytest.mark.parametrize(("kind", "most"), [("gpt2", 128), ("mpt", 128), ("llama", 128), ("bloom", None)])
def test_the_positions_of_a_base_are_those_that_its_configuration_states(kind, most):
    assert positions_of(tiny(kind)) == most


@pytest.mark.battery(110, "a brief longer than the base's positions")
def test_a_brief_longer_than_the_base_s_positions_is_refused_in_words(tmp_path, record_property):
    base = load_base(saved("gpt2", tmp_path), device="cpu")
    asked = [[{"role": "user", "content": "x" * 200}]]
    with pytest.raises(DataError, match=r"the brief takes 20\d tokens .* 128 together; shorten it") as told:
        causal_lm.generate(base, asked, [0], 10, 0.7, 0.9)
    record_property("told", str(told.value))


@pytest.mark.battery(110, "texts longer than the base's positions")
@pytest.mark.parametrize("kind", ["gpt2", "mpt", "llama"])
def test_texts_longer_than_the_base_s_positions_are_refused_before_the_start(kind, tmp_path, record_property):
    base = load_base(saved(kind, tmp_path), device="cpu")
    texts = TextSet([TextSample(f"brief {i}", "x" * (100 * i)) for i in range(1, 4)])
    with pytest.raises(
        RecipeError, match=r"this base model reads at most 128; set max_length to 128"
    ) as told:
        TextExamples.prepare(base, texts, Recipe(max_length=300), lambda event: None)
    record_property("told", str(told.value))
    fitting = TextExamples.prepare(base, texts, Recipe(max_length=128), lambda event: None)
    assert max(len(row[0].ids) for row in fitting.rows) == 128


@pytest.mark.battery(110, "packing beyond a base's positions")
@pytest.mark.parametrize("kind", ["llama", "mpt", "bloom"])
def test_packed_rows_keep_to_the_positions_or_packing_is_refused(kind, tmp_path):
    """ALiBi's distances (MPT, BLOOM) are counted along the row, so its texts cannot be kept apart there."""
    base = load_base(saved(kind, tmp_path), device="cpu")
    texts = TextSet([TextSample(f"brief {i}", f"answer {i} " * 4) for i in range(9)])
    recipe = Recipe(max_length=1000, packing=True, held_out=0.0)
    if kind != "llama":
        with pytest.raises(RecipeError, match="packing is not possible with this base"):
            TextExamples.prepare(base, texts, recipe, lambda event: None)
        return
    rows = TextExamples.prepare(base, texts, recipe, lambda event: None).rows
    assert max(sum(len(tokens.ids) for tokens in row) for row in rows) <= 128 and len(rows) < 9
