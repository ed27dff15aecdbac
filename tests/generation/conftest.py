"""A small image family whose pictures depend on the prompt, the seed, the size and the live mix alone."""

import hashlib
from types import SimpleNamespace

import pytest
import torch
from PIL import Image
from torch import nn

from lorakit.families import Base, Licence, Settings
from lorakit.generation.pictures import campaign as runners
from lorakit.lora.adapter import Adapter, Card, Factors

STEPS = 3


class FakeFamily:
    """Counts what it is asked for, and fails where it is told to."""

    name, makes, step = "flux", "image", 16

    def __init__(self):
        self.encoded, self.batches = [], []
        self.fail = lambda prompt, seeds: None

    def encode_prompts(self, base, prompts):
        self.encoded += prompts
        rows = [list(hashlib.sha256(prompt.encode()).digest()[:4]) for prompt in prompts]
        return {"prompt_embeds": torch.tensor(rows, dtype=torch.float32)}

    def sample(self, base, conditioning, negative, width, height, seeds, steps, guidance, on_step=None):
        rows = conditioning["prompt_embeds"]
        assert rows.shape[0] in (1, len(seeds)) and width % 16 == 0 and height % 16 == 0
        assert negative is not None
        self.fail(rows, seeds)
        for number in range(steps):
            if on_step is not None:
                on_step(number)
        self.batches.append((width, height, list(seeds)))
        live = float(base.model.layer(torch.ones(1, 4)).sum())
        images = []
        for row, seed in zip(rows, seeds, strict=True):
            key = f"{row.tolist()} {seed} {width} {height} {live:.4f}"
            images.append(Image.new("RGB", (width, height), tuple(hashlib.sha256(key.encode()).digest()[:3])))
        return images


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4, bias=False)
        nn.init.eye_(self.layer.weight)


def make_base(source="starter-image", area=64 * 64):
    return Base(
        source,
        "flux",
        Model().requires_grad_(False),
        torch.device("cpu"),
        torch.float32,
        Licence("Apache-2.0", True),
        pipeline=SimpleNamespace(),
        settings=Settings(area=area, steps=STEPS, guidance=2.0),
    )


def make_adapter(name="Aurora bottle", trigger="aurora bottle", value=0.1, module="layer"):
    factors = Factors(torch.full((1, 4), value), torch.ones(4, 1), 1.0)
    card = Card(name=name, trigger=trigger, family="flux")
    return Adapter({module: factors}, card, source="somewhere/else.safetensors")


@pytest.fixture
def family(monkeypatch):
    """The fake family, in the place of the one that would load diffusers."""
    fake = FakeFamily()
    monkeypatch.setattr(Base, "kind", fake)
    return fake


@pytest.fixture
def adapter():
    return make_adapter


@pytest.fixture
def base_of():
    return make_base


@pytest.fixture
def campaign(family):
    """Make a campaign of 2 scenes x 2 formats x 2 seeds, or as told."""

    def make(
        out, mix=None, scenes=("snow", "studio"), formats=("1:1", "9:16"), seeds=(1, 2), base=None, **more
    ):
        mix = {make_adapter(): 0.8} if mix is None else mix
        return runners.Campaign(base or make_base(), mix, scenes, formats, seeds, out, **more)

    return make
