"""The sample voice, learned by a model small enough to train in a second."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from lorakit.families import load_base
from lorakit.generation.copy import writing
from lorakit.starter.build import text_model, text_voice, voice_quality
from lorakit.training.recipe import Recipe


def test_a_voice_lowers_the_perplexity_of_its_held_out_texts_and_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "MOST_TOKENS", 4)
    briefs = voice_quality.briefs()[1:4]
    monkeypatch.setattr(voice_quality, "briefs", lambda: briefs)
    tokenizer = text_model.make_tokenizer()
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=32, intermediate_size=32, num_hidden_layers=1,
            num_attention_heads=2, tie_word_embeddings=True, pad_token_id=0, bos_token_id=1, eos_token_id=1,
        )
    )  # fmt: skip
    text_model.export(model, tokenizer, tmp_path / "base")
    base = load_base(str(tmp_path / "base"), device="cpu")
    recipe = Recipe(
        steps=6, rank=8, alpha=16.0, learning_rate=0.02, batch_size=4, preview_every=0, max_length=256
    )
    measured = text_voice.measure(base, recipe, tmp_path / "voice")
    assert 0 < measured["fall"] < 1 and measured["after"] < measured["before"]
    assert (tmp_path / "voice" / "adapter_model.safetensors").is_file()
    for counted in measured["counted"]:
        assert set(counted) == set(text_voice.COUNTED) and all(0 <= n <= 3 for n in counted.values())
    report = text_voice.markdown(measured)
    assert f"| reduction | {measured['fall']:.1%} |" in report and report.count("\nWith the voice:") == 3
    assert "of 2 with room for them" in report, "the third is a headline"


def test_the_goals_are_told_beside_what_was_reached_of_all_40_briefs():
    counted = dict.fromkeys(text_voice.COUNTED, 37)
    measured = {
        "before": 9.0, "after": 3.0, "fall": 2 / 3, "seconds": 1.0, "worked": 1.0, "threads": 1,
        "steps": 1, "best_step": 1, "tokens": 2048, "counted": [counted, counted], "headlines": 10,
        "texts": [["brief", "a", "b"]] * 40,
    }  # fmt: skip
    report = text_voice.markdown(measured)
    assert "| keep the product's exact name | 37 | 37 (goal 38: not met) |" in report
    assert "| name no other product | 37 | 37 (goal 36: met) |" in report
    assert report.count("\nWith the voice:") == text_voice.SHOWN
