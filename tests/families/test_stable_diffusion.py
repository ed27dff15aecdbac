"""Stable Diffusion: what each kind is told, and which bases of its classes are refused."""

from types import SimpleNamespace

import pytest
import torch
from diffusers import DDIMScheduler

from lorakit.errors import BaseError
from lorakit.families.stable_diffusion import SD15, SDXL
from lorakit.families.table import ROWS

SMALL, LARGE = SD15(ROWS["sd15"]), SDXL(ROWS["sdxl"])


def pipeline(channels=4, text=768, prediction="epsilon"):
    return SimpleNamespace(
        unet=SimpleNamespace(config=SimpleNamespace(in_channels=channels, cross_attention_dim=text)),
        vae=SimpleNamespace(config=SimpleNamespace(latent_channels=4)),
        scheduler=DDIMScheduler(prediction_type=prediction),
    )


def test_an_inpainting_variant_and_stable_diffusion_2_are_refused():
    SMALL.check(pipeline(), "base")
    LARGE.check(pipeline(text=2048), "base")
    for family in (SMALL, LARGE):
        with pytest.raises(BaseError, match="inpainting variant"):
            family.check(pipeline(channels=9), "base")
    with pytest.raises(BaseError, match="Stable Diffusion 2"):
        SMALL.check(pipeline(text=1024), "base")


def test_only_the_larger_is_told_the_size_of_a_photo():
    assert SMALL.describe_photo(None, (640, 480), (512, 384)) == {}
    told = LARGE.describe_photo(None, (640, 480), (512, 384))
    assert told["time_ids"].tolist() == [[480, 640, 0, 0, 384, 512]], "height before width"


def test_the_objective_is_the_schedulers():
    for kind in ("epsilon", "v_prediction"):
        found = SMALL.objective(SimpleNamespace(pipeline=pipeline(prediction=kind), source="base"))
        assert found.name == kind and found.signal is not None
        assert bool((found.signal.diff() < 0).all()), "later timesteps have less signal"
    with pytest.raises(BaseError, match="predicts 'sample'"):
        SMALL.objective(SimpleNamespace(pipeline=pipeline(prediction="sample"), source="base"))


def test_without_a_negative_prompt_nothing_is_guided():
    base = SimpleNamespace(device=torch.device("cpu"), dtype=torch.float32)
    assert SMALL.guided(base, None, 7.0, 1) == {"guidance_scale": 1.0}
    options = SMALL.guided(base, {"prompt_embeds": torch.zeros(1, 3, 8)}, 7.0, 2)
    assert options["guidance_scale"] == 7.0 and options["negative_prompt_embeds"].shape == (2, 3, 8)
