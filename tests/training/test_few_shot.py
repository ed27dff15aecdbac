"""A voice beside the base with examples in its prompt."""

from dataclasses import replace

import pytest
import torch

from lorakit.data.texts import conversation_tokens
from lorakit.lora.inject import trainable
from lorakit.training.few_shot import few_shot_loss
from lorakit.training.recipe import Recipe
from lorakit.training.session import train
from lorakit.training.text_examples import TextExamples
from tests.training.tiny import tiny_text_base, tiny_texts

RECIPE = Recipe(steps=2, rank=2, alpha=2.0, held_out=0.25, max_length=64, preview_every=0)


@pytest.fixture
def base():
    return tiny_text_base()


def test_examples_stand_before_the_brief_and_only_the_last_answer_counts(base):
    first, second, third = tiny_texts().samples[:3]
    alone = conversation_tokens(base.tokenizer, third, 200)
    shown = conversation_tokens(base.tokenizer, third, 200, [first, second])
    assert sum(shown.mask) == sum(alone.mask) and shown.ids[-len(alone.ids) :] == alone.ids
    assert len(shown.ids) > 2 * len(alone.ids)


def test_it_is_the_bare_base_that_is_shown_the_examples(base):
    examples = TextExamples.prepare(base, tiny_texts(), RECIPE, lambda event: None)
    injection = trainable(base.model, ["model.layers.0.mlp.up_proj"], 2, 2.0)
    before = few_shot_loss(base, injection, examples, tiny_texts(), RECIPE)
    with torch.no_grad():
        injection.layers["model.layers.0.mlp.up_proj"].up.fill_(3.0)
    assert few_shot_loss(base, injection, examples, tiny_texts(), RECIPE) == before > 0


@pytest.mark.parametrize("held_out", [0.25, 0.0])
def test_a_voice_says_it_when_something_was_kept_aside(base, tmp_path, held_out):
    result = train(base, tiny_texts(), replace(RECIPE, held_out=held_out), tmp_path / "out")
    assert (result.summary["held_out_few_shot"] is None) == (held_out == 0.0)
