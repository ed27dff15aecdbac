"""An adapter's file, and a training that only records how it was called."""

import signal
from types import SimpleNamespace

import pytest
import torch

from lorakit import formats
from lorakit.lora.adapter import Adapter, Card, Factors


@pytest.fixture
def file(tmp_path):
    module = "transformer.single_transformer_blocks.0.attn.to_q"
    factors = Factors(torch.randn(4, 1600), torch.randn(1600, 4), 4.0)
    adapter = Adapter({module: factors}, Card(name="Aurora", family="flux", trigger="aurora bottle"))
    return formats.save(adapter, tmp_path / "made")


@pytest.fixture
def fake_training(monkeypatch, tmp_path):
    """Records how a training was called; a text file stands for its data."""
    calls = []

    def train(base, data, recipe, out, **options):
        calls.append(SimpleNamespace(recipe=recipe, out=out, **options))
        (out / ".training").mkdir(parents=True, exist_ok=True)
        if recipe.steps == 7:
            signal.raise_signal(signal.SIGINT)
        stopped = options["should_stop"]()
        if not stopped:
            (out / "adapter_model.safetensors").write_bytes(b"x")
        return SimpleNamespace(stopped=stopped, summary={"steps": recipe.steps}, folder=out)

    monkeypatch.setattr("lorakit.training.session.train", train)
    monkeypatch.setattr("lorakit.families.load_base", lambda source, quantize=None, offload=False: None)
    texts = tmp_path / "calm.txt"
    texts.write_text("Calm words for calm people.\n\nMore calm words for them.\n\nStill calm, always calm.\n")
    return calls, str(texts)
