"""The starter text base: its recipe on a few batches, and the base that ships."""

import pytest
import torch

from lorakit.families import load_base
from lorakit.generation.copy.writing import Brief, write_copy
from lorakit.starter import TEXT
from lorakit.starter.build import text_batches, text_model, text_quality


@pytest.fixture(scope="module")
def tokenizer():
    return text_model.make_tokenizer()


def test_a_name_has_the_same_tokens_in_the_brief_and_at_the_start_of_the_copy(tokenizer):
    tokens = tokenizer(
        "<brief>Product: Zanorith mug<copy>Zanorith mug</s>", add_special_tokens=False
    ).input_ids
    first, second = tokens.index(tokenizer.convert_tokens_to_ids("<copy>")), len(tokens) - 1
    name = tokens[first + 1 : second]
    assert tokens[first - len(name) : first] == name


@pytest.mark.parametrize("text", ["Zoë’s 1,250 ml mug — 5 € 🔥", "two  spaces\nand a line", "日本のお茶"])
def test_any_text_survives_the_tokens(tokenizer, text):
    assert tokenizer.decode(tokenizer(text).input_ids).removeprefix(" ") == text


def test_only_the_copy_is_learned_and_its_end_too(tokenizer):
    tokens, labels = text_batches.batch(tokenizer, 3, 0)
    row, learned = tokens[0], labels[0] != -100
    text = tokenizer.decode(row[learned])
    assert text.endswith("</s>") and "Product:" not in text
    assert (labels[labels != -100] == tokens[labels != -100]).all()


def test_batches_depend_on_seed_and_number_alone(tokenizer):
    again = [text_batches.batch(tokenizer, 3, number)[0] for number in (9, 2, 9)]
    assert torch.equal(again[0], again[2])
    assert not torch.equal(text_batches.batch(tokenizer, 4, 2)[0], again[1])


def test_training_learns_and_goes_on_where_it_stopped(tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr(text_batches, "BATCH", 4)
    monkeypatch.setattr(text_model, "new_model", tiny)
    text_batches.pool.cache_clear()
    first = text_model.train(tokenizer, tmp_path, 2.0)
    state = torch.load(tmp_path / "text.pt", weights_only=True)
    assert state["step"] > 2
    again = text_model.train(tokenizer, tmp_path, 2.0)
    text_batches.pool.cache_clear()
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))


def test_training_goes_on_from_a_base(tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr(text_batches, "BATCH", 4)
    text_batches.pool.cache_clear()
    begun = tiny(tokenizer)
    text_model.export(begun, tokenizer, tmp_path / "base")
    trained = text_model.train(tokenizer, tmp_path, 0.01, start=tmp_path / "base")
    text_batches.pool.cache_clear()
    kept, moved = begun.model.embed_tokens.weight, trained.model.embed_tokens.weight
    assert 0 < (kept - moved).abs().max() < 0.02


def test_a_checkpoint_of_other_tokens_is_left_alone(tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr(text_model, "new_model", tiny)
    torch.save({"tokenizer": "another", "spent": 1e9}, tmp_path / "text.pt")
    text_model.train(tokenizer, tmp_path, 0.01)
    assert torch.load(tmp_path / "text.pt", weights_only=True)["step"] >= 1


def test_the_report_holds_the_figures_and_texts_to_read(tokenizer, monkeypatch):
    monkeypatch.setattr(text_quality, "ROOM", 5)
    measured = text_quality.measure(tiny(tokenizer), tokenizer)
    assert measured["perplexity"] > 100 and measured["made_up"]["named"] == measured["odd"]["named"] == 0
    report = text_quality.markdown(measured)
    assert "| stop on their own | " in report and "Product: Nordal teapot" in report


def test_the_build_leaves_a_base_its_figures_and_its_report(tmp_path, monkeypatch):
    monkeypatch.setattr(text_model, "new_model", tiny)
    monkeypatch.setattr(text_quality, "ROOM", 3)
    monkeypatch.setattr(text_model, "TEXT", tmp_path / "text")
    said = {}
    monkeypatch.setattr(text_model.report, "write_section", said.__setitem__)
    measured = text_model.build(tmp_path / "work", 0.001)
    assert load_base(str(tmp_path / "text"), device="cpu").settings.max_tokens == 512
    assert "perplexity" in said["text"]
    assert measured["parameters"] > 0 and (tmp_path / "work" / "text-measured.json").is_file()


def tiny(tokenizer):
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=1,
            num_attention_heads=2, tie_word_embeddings=True, pad_token_id=0, bos_token_id=1, eos_token_id=1,
        )
    )  # fmt: skip


def test_an_exported_base_loads_by_itself_and_says_the_same(tokenizer, tmp_path):
    model = tiny(tokenizer).eval()
    text_model.export(model, tokenizer, tmp_path / "base")
    base = load_base(str(tmp_path / "base"), device="cpu")
    assert base.family == "llm" and base.settings.demonstration and base.licence.commercial
    assert base.settings.max_tokens == 512
    text = "<brief>Write: email<copy>"
    assert base.tokenizer(text).input_ids == tokenizer(text).input_ids
    tokens = torch.tensor([tokenizer(text).input_ids])
    with torch.no_grad():
        torch.testing.assert_close(
            base.model(input_ids=tokens).logits, model(input_ids=tokens).logits, atol=2e-2, rtol=0.1
        )


@pytest.mark.skipif(not (TEXT / "config.json").is_file(), reason="the starter text base is not built yet")
class TestShipped:
    def test_it_is_small_and_in_small_files(self):
        sizes = [file.stat().st_size for file in TEXT.iterdir()]
        assert max(sizes) <= 9_000_000 and sum(sizes) <= 13_000_000

    def test_it_speaks_the_tokens_that_the_build_makes(self, tokenizer):
        shipped = load_base("starter-text", device="cpu").tokenizer
        assert shipped.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()

    def test_it_writes_whole_copy_that_keeps_the_products_name(self):
        base = load_base("starter-text", device="cpu")
        for name, channel in (("Lunora mug", "product-description"), ("Solveka lamp", "meta-primary")):
            brief = Brief(name, "made of oak; safe for the dishwasher", "commuters", channel)
            for copy in write_copy(base, {}, brief, 2):
                assert copy.fits and name in copy.text, copy
                assert copy.text[-1] in ".?!" or "#" in copy.text, copy
