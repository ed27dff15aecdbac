"""What the families of image bases share: the layers they train, and guidance in training."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from lorakit.families.image import guidance_in_training
from lorakit.families.shapes import shape_of
from tests.families import tiny_bases

KINDS = ("sd15", "sdxl", "flux2-klein")


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases")
    return {
        kind: shape_of(tiny_bases.write(folder / kind, tiny_bases.BUILDERS[kind]()), torch.float32)
        for kind in KINDS
    }


@pytest.mark.parametrize("kind", KINDS)
def test_attention_and_feed_forward_are_trained_and_nothing_else(shapes, kind):
    base = shapes[kind]
    layers, chosen = dict(base.model.named_modules()), base.kind.targets(base)
    assert chosen and all(isinstance(layers[name], nn.Linear) for name in chosen)
    assert any(name.endswith("to_q") for name in chosen) and any(".ff" in name for name in chosen)
    assert not [name for name in chosen if ".norm" in name or "embed" in name]
    assert "proj_out" not in chosen


def test_convolutions_are_chosen_on_request_where_there_are_any(shapes):
    for kind, some in (("sd15", True), ("flux2-klein", False)):
        base = shapes[kind]
        more = set(base.kind.targets(base, convolutions=True)) - set(base.kind.targets(base))
        assert bool(more) == some
        layers = dict(base.model.named_modules())
        assert all(isinstance(layers[name], nn.Conv2d) for name in more)


def test_blank_latents_have_the_size_of_the_picture_in_cells(shapes):
    for base in shapes.values():
        latents, conditioning = base.kind.blank(base, 2, 128, 64)
        cell = base.kind.cell
        assert latents.shape == (2, base.model.config.in_channels, 64 // cell, 128 // cell)
        assert conditioning["prompt_embeds"].shape[0] == 2


def test_only_a_base_distilled_for_guidance_is_told_of_it():
    def base(distilled):
        config = SimpleNamespace(guidance_embeds=distilled)
        return SimpleNamespace(
            model=SimpleNamespace(config=config), device=torch.device("cpu"), dtype=torch.bfloat16
        )

    assert guidance_in_training(base(False), 3) is None
    told = guidance_in_training(base(True), 3)
    assert told.tolist() == [1.0] * 3 and told.dtype == torch.bfloat16
