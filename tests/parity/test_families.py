"""What we trained on each family of image bases, diffusers' own loader opens, and the outputs agree."""

import numpy as np
import pytest
import torch
from diffusers import DiffusionPipeline
from PIL import Image

import lorakit
from lorakit.families import load_base
from tests.families import tiny_bases

KINDS = {"flux": tiny_bases.flux1, **tiny_bases.BUILDERS}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for i in range(2):
        Image.fromarray(random.integers(0, 255, (96, 96, 3), dtype=np.uint8)).save(folder / f"{i}.png")
    return lorakit.PhotoSet.from_folder(folder, "red bottle")


@pytest.mark.parametrize("kind", KINDS)
def test_load_lora_weights_computes_what_we_compute(kind, photos, tmp_path):
    folder = tiny_bases.write(tmp_path / kind, KINDS[kind]())
    base = load_base(folder, device="cpu")
    family = base.kind
    recipe = lorakit.Recipe(
        steps=4, rank=4, alpha=6.0, learning_rate=0.05, warmup=0.0, preview_every=0,
        convolutions=kind == "sd15",
    )  # fmt: skip
    adapter = lorakit.train(base, photos, recipe, out=tmp_path / "out").adapter
    conditioning = family.encode_prompts(base, ["red bottle"])
    latents = torch.randn(1, 16 if base.family == "flux2" else 4, 8, 8)
    t = torch.tensor([0.5]) if family.objective(base).signal is None else torch.tensor([500])
    with torch.no_grad():
        plain = family.predict(base, latents, t, conditioning)
        with lorakit.applied(base.model, {adapter: 1.0}):
            expected = family.predict(base, latents, t, conditioning)
        assert (expected - plain).abs().max() > 1e-3
        theirs = DiffusionPipeline.from_pretrained(folder)
        theirs.load_lora_weights(tmp_path / "out")
        base.model = getattr(theirs, family.component).eval()
        found = family.predict(base, latents, t, conditioning)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
