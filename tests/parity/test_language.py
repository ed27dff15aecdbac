"""What we write for a language model, PEFT opens and computes the same: over the kinds of transformers."""

import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from peft import PeftModel

sys.path.insert(0, str(Path(__file__).parent.parent / "families"))

from architectures import NOT_IN_PEFT, kinds, tiny

import lorakit
from lorakit.families import causal_lm
from lorakit.lora.adapter import Adapter, Card
from lorakit.lora.inject import trainable

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
