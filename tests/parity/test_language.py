"""What we write for a language model, PEFT opens and computes the same: over the kinds of transformers."""

import json
import warnings
from types import SimpleNamespace

import pytest
import torch
from peft import PeftModel
from safetensors.torch import save_file

import lorakit
from lorakit.families import family_named
from lorakit.lora.adapter import Adapter, Card
from lorakit.lora.inject import trainable
from tests.families.architectures import NOT_IN_PEFT, kinds, tiny

causal_lm = family_named("llm")

TOKENS = torch.arange(4, 16)[None]


def logits(model):
    with torch.no_grad():
        return model(input_ids=TOKENS).logits


def drawn(model):
    """An adapter of every layer that a training would update, with random values."""
    injection = trainable(model, causal_lm.targets(SimpleNamespace(model=model)), rank=4, alpha=6.0)
    random = torch.Generator().manual_seed(0)
    for part in injection.parameters():
        part.data.normal_(std=0.2, generator=random)
    adapter = Adapter(injection.factors(), Card(family="llm"))
    injection.remove()
    return adapter


@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind not in NOT_IN_PEFT])
def test_peft_computes_the_same_from_our_folder(kind, tmp_path):
    model = tiny(kind)
    adapter = drawn(model)
    lorakit.save_adapter(adapter, tmp_path, format="peft")
    plain = logits(model)
    with lorakit.applied(model, {adapter: 1.0}):
        expected = logits(model)
    assert (expected - plain).abs().max() > 1e-3
    with lorakit.applied(model, {lorakit.load_adapter(tmp_path): 1.0}):
        torch.testing.assert_close(logits(model), expected, rtol=0, atol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # PEFT only warns of keys that it did not find
        warnings.filterwarnings("ignore", "fan_in_fan_out")
        theirs = PeftModel.from_pretrained(model, tmp_path).eval()
    torch.testing.assert_close(logits(theirs), expected, rtol=1e-4, atol=1e-5)


def test_a_file_of_single_experts_means_to_us_what_it_means_to_peft(tmp_path):
    """As it was written while each of Mixtral's experts had three layers of its own."""
    model, random = tiny("mixtral"), torch.Generator().manual_seed(0)
    tensors = {}
    for layer in range(2):
        for expert in range(4):
            for leaf, rows, columns in (("w1", 48, 32), ("w3", 48, 32), ("w2", 32, 48)):
                place = f"base_model.model.model.layers.{layer}.block_sparse_moe.experts.{expert}.{leaf}"
                tensors[f"{place}.lora_A.weight"] = torch.randn(2, columns, generator=random) / 4
                tensors[f"{place}.lora_B.weight"] = torch.randn(rows, 2, generator=random) / 4
    save_file(tensors, tmp_path / "adapter_model.safetensors")
    stated = {"peft_type": "LORA", "r": 2, "lora_alpha": 3, "target_modules": ["w1", "w2", "w3"]}
    (tmp_path / "adapter_config.json").write_text(json.dumps(stated))
    plain = logits(model)
    with lorakit.applied(model, {lorakit.load_adapter(tmp_path): 1.0}):
        ours = logits(model)
    assert (ours - plain).abs().max() > 1e-2
    torch.testing.assert_close(logits(PeftModel.from_pretrained(model, tmp_path).eval()), ours)
