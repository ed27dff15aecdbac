"""A voice beside the base with examples in its prompt."""

from dataclasses import replace

import pytest
import torch

from lorakit.data.texts.sets import conversation_tokens
from lorakit.lora.inject import trainable
from lorakit.training.recipe import Recipe
from lorakit.training.session import train
from lorakit.training.text_examples import TextExamples
from lorakit.training.watch.few_shot import few_shot_loss, side_by_side
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


def test_one_brief_is_answered_by_the_base_with_and_without_examples_and_by_the_voice(base):
    injection = trainable(base.model, ["model.layers.0.mlp.up_proj"], 2, 2.0)
    with torch.no_grad():
        injection.layers["model.layers.0.mlp.up_proj"].up.fill_(3.0)
    said = side_by_side(base, injection, tiny_texts(), RECIPE)
    _, aside = tiny_texts().split(RECIPE.held_out, RECIPE.seed)
    assert said["prompt"] == aside.samples[0].instruction
    assert set(said["texts"]) == {"base", "examples", "voice"} and len(set(said["texts"].values())) == 3
    injection.remove()
    bare = trainable(base.model, ["model.layers.0.mlp.up_proj"], 2, 2.0)
    again = side_by_side(base, bare, tiny_texts(), RECIPE)["texts"]
    assert again["base"] == again["voice"] == said["texts"]["base"]


def test_a_training_says_which_rank_it_would_have_needed(base, tmp_path):
    events = []
    result = train(base, tiny_texts(), RECIPE, tmp_path / "out", on_event=events.append)
    advice = result.summary["advice"]
    assert result.summary["rank"] == 2 and "of its 2 ranks" in advice["sentence"]
    assert [event["step"] for event in events if event["event"] == "compared"] == [2]
