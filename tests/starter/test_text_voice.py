"""The sample voice, learned by a model small enough to train in a second."""

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from lorakit.families import load_base
from lorakit.generation import copy
from lorakit.starter import text_model, text_voice
from lorakit.training.recipe import Recipe


def test_a_voice_lowers_the_perplexity_of_its_held_out_texts_and_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(copy, "MOST_TOKENS", 4)
    monkeypatch.setattr(text_voice, "BRIEFS", text_voice.BRIEFS[:1])
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
    measured = text_voice.measure(base, recipe, tmp_path)
    assert 0 < measured["fall"] < 1 and measured["after"] < measured["before"]
    assert (tmp_path / "voice" / "adapter_model.safetensors").is_file()
    report = text_voice.markdown(measured)
    assert f"| fall | {measured['fall']:.1%} |" in report and report.count("With it:") == len(
        text_voice.BRIEFS
    )
