"""The loop on a tiny Llama: learning, resuming bit for bit, stopping, and what it leaves on disk."""

import itertools
import json

import pytest
import torch
from safetensors.torch import load_file

import lorakit
from lorakit.errors import RecipeError
from lorakit.training import checkpoint
from lorakit.training.loop import rate
from lorakit.training.recipe import Recipe
from lorakit.training.session import train
from lorakit.training.text_examples import TextExamples
from tests.training.tiny import tiny_text_base, tiny_texts


def recipe(**changes):
    settings = {"steps": 12, "rank": 4, "alpha": 8.0, "learning_rate": 5e-3, "batch_size": 3, "dropout": 0.1,
                "preview_every": 5, "checkpoint_every": 4, "max_length": 64}  # fmt: skip
    return Recipe.from_dict(settings | changes)


def weights(folder):
    return load_file(folder / "adapter_model.safetensors")


def test_training_lowers_the_held_out_loss_and_leaves_a_bare_base(tmp_path):
    base = tiny_text_base()
    before = {name: value.clone() for name, value in base.model.state_dict().items()}
    result = train(base, tiny_texts(), recipe(steps=30), tmp_path / "voice", name="Voice")
    assert result.summary["held_out_after"] < result.summary["held_out_before"]
    assert all(torch.equal(value, before[name]) for name, value in base.model.state_dict().items())
    assert not (tmp_path / "voice" / ".training").exists()
    card = json.loads((tmp_path / "voice" / "card.json").read_text())
    assert (
        card["name"] == "Voice"
        and card["rank"] == 4
        and card["recipe"]["steps"] == 30
        and len(card["sha256"]) == 64
    )
    assert (tmp_path / "voice" / "README.md").read_text().startswith("---\n")
    again = lorakit.load_adapter(tmp_path / "voice")
    assert set(again.modules) == set(result.adapter.modules)


@pytest.mark.parametrize("stop_at", [1, 5, 8, 11])
def test_a_stopped_and_resumed_run_equals_an_uninterrupted_one_bit_for_bit(tmp_path, stop_at):
    train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "whole")
    steps = 0

    def should_stop():
        nonlocal steps
        steps += 1
        return steps > stop_at

    stopped = train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "parts", should_stop=should_stop)
    assert stopped.stopped and stopped.adapter is None
    finished = train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "parts")
    assert not finished.stopped
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert whole.keys() == parts.keys() and all(torch.equal(whole[key], parts[key]) for key in whole)


@pytest.mark.battery(72, "a damaged checkpoint")
def test_a_damaged_checkpoint_costs_only_the_steps_since_the_one_before(tmp_path):
    for step in (4, 8):
        checkpoint.save(tmp_path, step, {"step": step}, "run")
    (tmp_path / "step-00000008" / "state.pt").write_bytes(b"half")
    assert checkpoint.latest(tmp_path, "run") == {"step": 4}


def test_checkpoints_of_another_run_are_refused(tmp_path):
    checkpoint.save(tmp_path, 4, {"step": 4}, "one run")
    with pytest.raises(RecipeError, match="different data, base model or settings"):
        checkpoint.latest(tmp_path, "another run")


def test_a_loss_that_is_no_number_stops_with_advice_and_keeps_the_checkpoint(tmp_path, monkeypatch):
    true_loss, steps = TextExamples.loss, itertools.count()
    monkeypatch.setattr(
        TextExamples,
        "loss",
        lambda self, base, batch: true_loss(self, base, batch) * (1 if next(steps) < 6 else float("nan")),
    )
    with pytest.raises(RecipeError, match=r"step 7.*learning_rate"):
        train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "x")
    assert (tmp_path / "x" / ".training" / "checkpoints" / "step-00000004" / "manifest.json").exists()


def test_a_base_whose_gradients_come_out_otherwise_each_time_is_trained_all_the_same(tmp_path, monkeypatch):
    loss, refused = TextExamples.loss, []

    def refuse_once(self, base, batch):
        if not refused:
            refused.append(batch)
            raise RuntimeError("upsample_backward does not have a deterministic implementation")
        return loss(self, base, batch)

    train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "plain")
    monkeypatch.setattr(TextExamples, "loss", refuse_once)
    train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "refused")
    plain, other = weights(tmp_path / "plain"), weights(tmp_path / "refused")
    assert refused and all(torch.equal(plain[key], other[key]) for key in plain)


def test_work_between_steps_sees_the_bare_base(tmp_path):
    base = tiny_text_base()
    tokens = torch.arange(8)[None]
    with torch.no_grad():
        expected = base.model(tokens).logits
    seen = []

    def between():
        with torch.no_grad():
            seen.append(torch.equal(base.model(tokens).logits, expected))

    train(base, tiny_texts(), recipe(steps=6), tmp_path / "x", between=between)
    assert len(seen) == 6 and all(seen)


def test_events_tell_the_whole_story(tmp_path):
    events = []
    train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "x", on_event=events.append)
    kinds = [event["event"] for event in events]
    assert kinds[0] == "phase" and kinds[-1] == "result"
    assert {"step", "held_out", "preview", "checkpoint"} <= set(kinds)
    last = [event for event in events if event["event"] == "step"][-1]
    assert last["step"] == last["total"] == 12 and last["seconds_left"] == 0


def test_previews_answer_what_was_not_learned(tmp_path):
    events, texts = [], tiny_texts()
    train(tiny_text_base(), texts, recipe(held_out=0.3), tmp_path / "voice", on_event=events.append)
    aside = {sample.instruction for sample in texts.split(0.3, 0)[1].samples}
    learned = {sample.instruction for sample in texts.split(0.3, 0)[0].samples}
    asked = {event["prompt"] for event in events if event["event"] == "preview"}
    assert len(asked) == 2 and asked <= aside - learned


def test_the_learning_rate_warms_up_and_ends_at_zero():
    plan = recipe(steps=100, warmup=0.1, schedule="cosine")
    assert rate(plan, 0, 100) == pytest.approx(0.1) and rate(plan, 9, 100) == 1.0
    assert rate(plan, 99, 100) < 0.001
    assert rate(recipe(steps=100, warmup=0.1, schedule="constant"), 99, 100) == 1.0
