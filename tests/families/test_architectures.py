"""One base of each kind of transformers' language models is loaded, trained, saved, opened, and writes."""

import pytest
import torch

import lorakit
from lorakit.data.texts.sets import Tokens
from lorakit.errors import BaseError
from lorakit.families import family_named, load_base
from lorakit.lora.adapter import Adapter, Card
from lorakit.lora.inject import trainable
from lorakit.training.forecast.forecast import forecast
from lorakit.training.recipe import Recipe
from lorakit.training.text_examples import answer_loss
from tests.families.architectures import LEFT_OUT, kinds, tiny
from tests.families.tiny_language import byte_tokenizer

causal_lm = family_named("llm")

# The rest is compared with PEFT in tests/parity.
HERE = (
    "bamba", "bloom", "deepseek_v3", "falcon", "gemma2", "gpt_oss", "jetmoe", "llama4_text", "mixtral", "mpt",
    "phi3", "phimoe", "qwen2_moe", "qwen3_next",
)  # fmt: skip


TEXT = Tokens(list(range(5, 29)), [0] * 4 + [1] * 20)


def saved(kind, folder):
    tiny(kind).save_pretrained(folder / kind)
    byte_tokenizer().save_pretrained(folder / kind)
    return str(folder / kind)


def test_the_list_knows_every_kind_and_builds_most():
    assert len(kinds()) >= 100 and set(HERE) <= set(kinds()) and all(LEFT_OUT.values())


@pytest.mark.parametrize("kind", HERE)
def test_it_is_trained_saved_opened_and_writes(kind, tmp_path):
    base = load_base(saved(kind, tmp_path), device="cpu")
    injection = trainable(base.model, causal_lm.targets(base), rank=4, alpha=8.0)
    optimizer = torch.optim.Adam(injection.parameters(), lr=1e-2)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = answer_loss(base, [[TEXT]], 0)[0] / 20
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 1e-4
    assert all(p.grad is not None and p.grad.any() for p in injection.parameters())

    few, places = torch.tensor([TEXT.ids] * 2), torch.tensor([0, 3, 22])
    with torch.no_grad():
        every, some = (causal_lm.predict(base, few, torch.ones_like(few), None, p) for p in (None, places))
    torch.testing.assert_close(some, every[:, places], rtol=1e-4, atol=1e-5)

    adapter = Adapter(injection.factors(), Card(family="llm"))
    tokens = torch.tensor([TEXT.ids])
    with torch.no_grad():
        trained = base.model(input_ids=tokens).logits
        injection.remove()
        lorakit.save_adapter(adapter, tmp_path / "out", format="peft")
        with lorakit.applied(base.model, {lorakit.load_adapter(tmp_path / "out"): 1.0}):
            torch.testing.assert_close(base.model(input_ids=tokens).logits, trained, rtol=1e-4, atol=1e-5)
            asked = [[{"role": "user", "content": text}] for text in ("a", "longer")]
            both = causal_lm.generate(base, asked, [1, 2], 4, 0.0, 0.9)
            alone = causal_lm.generate(base, asked[:1], [1], 4, 0.0, 0.9)
    assert str(both[0]) == str(alone[0])


def test_a_forecast_counts_the_weights_of_experts_with_their_update_and_its_gradient(tmp_path):
    folder = saved("mixtral", tmp_path)
    found = forecast(folder, Recipe(rank=4, max_length=100), device=torch.device("cpu"))
    experts = 4 * 3 * 48 * 32  # experts x projections x inner x outer width, of one layer
    assert found.parts["transient"] > 2 * 4 * experts
    stacks, layers = 4 * (32 + 96) + 4 * (48 + 32), 2 * 32 + (32 + 32) + 2 * (32 + 16)
    assert found.trained == 2 * 4 * (stacks + layers)  # blocks x rank x sides


@pytest.mark.parametrize("kind", ["bloom", "gpt_oss", "llama4_text", "mixtral"])
def test_kinds_without_a_form_on_the_meta_device_are_forecast_for_a_gpu_too(kind, tmp_path):
    recipe = Recipe(rank=4, max_length=100)
    here, there = (
        forecast(saved(kind, tmp_path), recipe, device=torch.device(device)) for device in ("cpu", "cuda")
    )
    assert there.parts["weights"] < 0.6 * here.parts["weights"], "16 bits instead of 32"
    assert (there.trained, there.file) == (here.trained, here.file)


def test_where_the_words_decide_what_is_computed_a_forecast_says_so(tmp_path):
    with pytest.raises(BaseError, match="can't be estimated in advance"):
        forecast(saved("jetmoe", tmp_path), Recipe(rank=4, max_length=100), device=torch.device("cpu"))
