"""Painting into an image on every family of image bases, on the true classes."""

import numpy as np
import pytest
import torch
from PIL import Image

import lorakit
from lorakit.errors import DataError
from lorakit.families import load_base, painting
from lorakit.families.table import ROWS
from lorakit.lora.adapter import Adapter, Factors
from tests.families import tiny_bases

BUILDERS = {"flux": tiny_bases.flux1, **{k: b for k, b in tiny_bases.BUILDERS.items() if k != "flux2-dev"}}
WIDTH, HEIGHT = 128, 64


@pytest.fixture(scope="module", params=BUILDERS)
def base(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bases") / f"tiny-{request.param}"
    return load_base(tiny_bases.write(folder, BUILDERS[request.param]()), device="cpu")


@pytest.fixture(scope="module")
def picture():
    values = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    return Image.fromarray(values)


@pytest.fixture(scope="module")
def mask():
    """The right half may be painted."""
    half = Image.new("L", (WIDTH, HEIGHT))
    half.paste(255, (WIDTH // 2, 0, WIDTH, HEIGHT))
    return half


def painted(base, picture, mask, seeds=(1,), strength=1.0, **more):
    family = base.kind
    words, unwanted = family.encode_prompts(base, ["a red can"]), family.encode_prompts(base, [""])
    return family.paint(base, words, unwanted, picture, mask, strength, list(seeds), 3, 2.0, **more)


def halves(image):
    values = np.asarray(image, np.int16)
    return values[:, : WIDTH // 2], values[:, WIDTH // 2 :]


def test_what_the_mask_keeps_stays_bit_for_bit_and_the_rest_is_new(base, picture, mask):
    (image,) = painted(base, picture, mask)
    (kept, new), (was_kept, was) = halves(image), halves(picture)
    assert (kept == was_kept).all()
    assert np.abs(new - was).mean() > 5


def test_a_seed_paints_the_same_alone_and_in_a_batch(base, picture, mask):
    together = painted(base, picture, mask, seeds=(1, 2))
    alone = painted(base, picture, mask, seeds=(2,))[0]
    difference = np.abs(np.asarray(together[1], np.int16) - np.asarray(alone, np.int16))
    assert difference.max() <= 2
    assert np.asarray(together[0]).tolist() != np.asarray(together[1]).tolist()


def test_a_live_mix_is_painted_with_and_told_how_far_it_is(base, picture, mask):
    layers, noise = dict(base.model.named_modules()), torch.Generator().manual_seed(0)

    def update(layer):
        down = torch.randn(2, layer.in_features, generator=noise)
        return Factors(down, torch.randn(layer.out_features, 2, generator=noise), alpha=2.0)

    adapter = Adapter({base.kind.prefix + name: update(layers[name]) for name in base.kind.targets(base)})
    bare, steps = painted(base, picture, mask)[0], []
    with lorakit.applied(base.model, {adapter: 1.0}):
        mixed = painted(base, picture, mask, on_step=steps.append)[0]
    assert np.asarray(mixed).tolist() != np.asarray(bare).tolist()
    assert steps == list(range(len(steps))) and steps
    assert np.asarray(painted(base, picture, mask)[0]).tolist() == np.asarray(bare).tolist()


def test_no_part_of_the_base_is_copied(base):
    shared = painting.sharing(base.kind.inpainter(base), base.pipeline)
    assert getattr(shared, base.kind.component) is base.model
    assert shared.vae is base.pipeline.vae
    assert base.pipeline.text_encoder is not None


def test_a_low_strength_takes_fewer_of_the_steps_and_never_none(base, picture, mask):
    taken = {}
    for strength in (0.01, 1.0):
        steps = []
        painted(base, picture, mask, strength=strength, on_step=steps.append)
        taken[strength] = len(steps)
    assert 1 <= taken[0.01] < taken[1.0]


def test_a_mask_of_another_size_and_a_wrong_strength_are_refused(base, picture, mask):
    with pytest.raises(DataError, match="mask: is 64x64 pixels and the image 128x64"):
        painted(base, picture, mask.resize((64, 64)))
    with pytest.raises(DataError, match="strength 0: must be above 0"):
        painted(base, picture, mask, strength=0)
    with pytest.raises(DataError, match="multiples of"):
        painted(base, picture.resize((100, 60)), mask.resize((100, 60)))


def test_a_row_says_which_families_paint():
    assert {name for name, row in ROWS.items() if "inpaints" in row.can} == {"flux", "flux2", "sdxl", "sd15"}


def test_flux2_dev_says_that_it_cannot(tmp_path, picture, mask):
    dev = load_base(tiny_bases.write(tmp_path / "dev", tiny_bases.flux2_dev()), device="cpu")
    with pytest.raises(DataError, match=r"FLUX\.2 can't paint into an image"):
        painted(dev, picture, mask)
