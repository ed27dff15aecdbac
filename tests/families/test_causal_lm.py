"""Causal language models of several architectures, small and with random weights."""

import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from lorakit.errors import BaseError
from lorakit.families import (
    Base,
    Licence,
    family_named,
    load_base,
    quantize,
)
from lorakit.families.writing import draw
from tests.families.tiny_language import LANGUAGE_MODELS, byte_tokenizer, language_base

causal_lm = family_named("llm")


def llama(size: int) -> LlamaForCausalLM:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=size, hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=256, tie_word_embeddings=True,
        pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    return LlamaForCausalLM(config)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("bases") / "tiny-llama"
    tokenizer = byte_tokenizer()
    llama(len(tokenizer)).save_pretrained(path)
    tokenizer.save_pretrained(path)
    stated = {"max_tokens": 64, "demonstration": True, "licence": {"name": "MIT", "commercial": True}}
    (path / "lorakit.json").write_text(json.dumps(stated))
    return path


@pytest.fixture(scope="module")
def base(folder):
    return load_base(str(folder), device="cpu")


def ask(*texts):
    return [[{"role": "user", "content": text}] for text in texts]


def test_a_folder_is_loaded_with_what_it_states(base, folder):
    assert (base.family, base.source, base.dtype) == ("llm", str(folder), torch.float32)
    assert base.licence == Licence("MIT", True)
    assert base.settings.max_tokens == 64 and base.settings.demonstration
    assert base.kind is causal_lm
    assert not any(parameter.requires_grad for parameter in base.model.parameters())


def test_targets_are_all_linears_of_the_decoder_and_not_the_head(base):
    found = causal_lm.targets(base)
    assert len(found) == 2 * 7
    assert all(path.startswith("model.layers.") for path in found)


@pytest.mark.parametrize("kind", LANGUAGE_MODELS)
def test_every_architecture_s_linears_are_found_and_it_answers(kind, tmp_path):
    base = language_base(kind, tmp_path)
    found = causal_lm.targets(base)
    assert len(found) == 2 * 7 and {path.rpartition(".")[2] for path in found} == {
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    }  # fmt: skip
    assert not any("vision" in path for path in found)
    assert len(causal_lm.generate(base, ask("a", "bb"), [1, 2], 4, 1.0, 0.9)) == 2


def test_the_linears_of_gpt2_are_found_too():
    model = GPT2LMHeadModel(GPT2Config(vocab_size=20, n_embd=8, n_layer=1, n_head=2, n_positions=16))
    found = causal_lm.targets(SimpleNamespace(model=model))
    assert found == [
        f"transformer.h.0.{name}" for name in ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")
    ]


def test_what_is_padding_does_not_change_a_prediction(base):
    tokens = torch.tensor([[5, 6, 7, 0, 0]])
    whole = causal_lm.predict(base, tokens, torch.tensor([[1, 1, 1, 0, 0]]))
    assert whole.shape == (1, 5, len(base.tokenizer))
    short = causal_lm.predict(base, tokens[:, :3], torch.ones(1, 3, dtype=torch.long))
    torch.testing.assert_close(whole[:, :3], short)


def test_a_text_depends_on_its_seed_and_not_on_its_neighbours(base):
    alone = [
        causal_lm.generate(base, ask(text), [seed], 12, 1.0, 0.9)[0]
        for text, seed in (("a", 3), ("long brief", 4))
    ]
    together = causal_lm.generate(base, ask("a", "long brief", "other"), [3, 4, 9], 12, 1.0, 0.9)
    assert together[:2] == alone
    assert causal_lm.generate(base, ask("a"), [5], 12, 1.0, 0.9) != alone[:1]


def test_without_temperature_the_likeliest_token_is_taken_whatever_the_seed(base):
    texts = causal_lm.generate(base, ask("a", "a"), [1, 2], 8, 0.0, 0.9)
    assert texts[0] == texts[1]


class Scripted(nn.Module):
    """Says the given answers token by token, whatever it is asked."""

    def __init__(self, tokenizer, answers):
        super().__init__()
        self.rows = [tokenizer(answer, add_special_tokens=False).input_ids for answer in answers]
        self.size, self.asked = len(tokenizer), []
        self.generation_config = SimpleNamespace(eos_token_id=[1])

    def forward(self, input_ids, attention_mask, position_ids, past_key_values, use_cache):
        at = past_key_values or 0
        self.asked.append((input_ids, attention_mask, position_ids))
        logits = torch.zeros(len(self.rows), input_ids.shape[1], self.size)
        for i, row in enumerate(self.rows):
            logits[i, -1, row[min(at, len(row) - 1)]] = 50.0
        return SimpleNamespace(logits=logits, past_key_values=at + 1)


def scripted(*answers):
    tokenizer = byte_tokenizer()
    model = Scripted(tokenizer, answers)
    return Base(
        "scripted", "llm", model, torch.device("cpu"), torch.float32, Licence("", None), tokenizer=tokenizer
    )


def test_texts_end_at_their_end_token_and_stream_in_whole_characters():
    base, heard = scripted(" Short.</s>", " Für 5 € 🔥!</s>"), ["", ""]

    def hear(row, piece):
        assert "\ufffd" not in piece
        heard[row] += piece

    texts = causal_lm.generate(base, ask("a", "b"), [0, 1], 60, 0.7, 0.9, hear)
    assert texts == ["Short.", "Für 5 € 🔥!"]
    assert heard == texts
    assert len(base.model.asked) == len(base.model.rows[1])


def test_a_text_without_an_end_stops_at_its_room():
    assert causal_lm.generate(scripted("x"), ask("a"), [0], 5, 0.7, 0.9) == ["xxxxx"]


def test_shorter_briefs_are_padded_on_the_left_and_count_positions_from_their_start():
    base = scripted("x</s>", "y</s>")
    causal_lm.generate(base, ask("a", "abc"), [0, 1], 5, 0.7, 0.9)
    tokens, mask, positions = base.model.asked[0]
    assert mask.tolist() == [[0, 0, 1, 1, 1], [1, 1, 1, 1, 1]]
    assert tokens[0, :2].tolist() == [0, 0]
    assert positions[0, 2:].tolist() == [0, 1, 2]
    assert base.model.asked[1][2].tolist() == [[3], [5]]


def test_a_model_without_a_chat_template_gets_a_plain_one(folder, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(folder, bare)
    byte_tokenizer(template=None).save_pretrained(bare)
    (bare / "chat_template.jinja").unlink(missing_ok=True)
    tokenizer = load_base(str(bare), device="cpu").tokenizer
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    assert tokenizer.apply_chat_template(chat, tokenize=False) == "user: Hi\nassistant: Ho\n</s>"
    assert tokenizer.apply_chat_template(chat[:1], tokenize=False, add_generation_prompt=True).endswith(
        "assistant: "
    )


def test_a_missing_folder_or_model_is_named(tmp_path):
    with pytest.raises(BaseError, match="no such folder"):
        load_base(str(tmp_path / "gone"))
    with pytest.raises(BaseError, match=r"nobody/nothing.*(hub|machine)"):
        load_base("nobody/nothing")


def test_a_damaged_folder_is_named(folder, tmp_path):
    for damaged in ("model.safetensors", "tokenizer.json"):
        copy = tmp_path / damaged.partition(".")[0]
        shutil.copytree(folder, copy)
        (copy / damaged).write_bytes(b"\0" * 20)
        with pytest.raises(BaseError, match=copy.name):
            load_base(str(copy), device="cpu")


def test_four_bits_without_the_package_is_said(folder, monkeypatch):
    monkeypatch.setattr(quantize, "find_spec", lambda name: None)
    with pytest.raises(BaseError, match="needs the bitsandbytes package"):
        load_base(str(folder), device="cpu", quantize="nf4")


def test_a_tokenizer_that_cannot_end_a_text_is_refused(folder, tmp_path):
    endless = tmp_path / "endless"
    shutil.copytree(folder, endless)
    for name, ends in (("tokenizer_config", "eos_token"), ("config", "eos_token_id"),
                       ("generation_config", "eos_token_id")):  # fmt: skip
        stated = json.loads((endless / f"{name}.json").read_text())
        (endless / f"{name}.json").write_text(json.dumps(stated | {ends: None}))
    nameless = (endless / "tokenizer.json").read_text().replace("</s>", "<close>")
    (endless / "tokenizer.json").write_text(nameless)
    with pytest.raises(BaseError, match="no end-of-text token"):
        load_base(str(endless), device="cpu")


def test_tokens_are_drawn_as_often_as_their_share_of_the_nucleus():
    logits = torch.log(torch.tensor([0.5, 0.3, 0.15, 0.05])).repeat(20_000, 1)
    chances = torch.rand(20_000, generator=torch.Generator().manual_seed(0))
    drawn = torch.tensor(draw(logits, chances, 1.0, 0.9)).bincount(minlength=4) / 20_000
    # 0.5 and 0.3 are below 0.9 together, 0.15 reaches it, 0.05 is outside (arXiv 1904.09751, section 3.1).
    assert torch.allclose(drawn, torch.tensor([0.5, 0.3, 0.15, 0.0]) / 0.95, atol=0.01)


@pytest.mark.parametrize("chance", [0.0, 0.4999, 1 - 2**-24])
def test_a_token_is_drawn_by_its_chance_alone_and_never_outside_the_nucleus(chance):
    logits = torch.randn(3, 50, generator=torch.Generator().manual_seed(1))
    alone = draw(logits[1:2], torch.tensor([chance]), 0.7, 0.5)
    beside = draw(logits, torch.tensor([0.1, chance, 0.9]), 0.7, 0.5)
    assert beside[1] == alone[0]
    order = (logits[1] / 0.7).softmax(-1).sort(descending=True)
    nucleus = order.indices[order.values.cumsum(-1) - order.values < 0.5]
    assert alone[0] in nucleus.tolist()
    assert draw(logits, torch.zeros(3), 0.0, 0.5) == logits.argmax(-1).tolist()
