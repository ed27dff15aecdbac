"""The recipe of the starter image base, in seconds: stages learn, continue, and make a pipeline."""

import numpy as np
import pytest
import torch

from lorakit.starter.build import (
    autoencoder,
    classifier,
    dataset,
    everything,
    flow,
    measure,
    pipeline,
)
from lorakit.starter.build.render import render


@pytest.fixture(scope="module")
def buckets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("renders")
    dataset.make(folder, 60, seed=3, workers=1)
    return dataset.load(folder)


def test_rendered_buckets_hold_what_their_attributes_say_and_are_not_made_twice(buckets, tmp_path):
    dataset.make(tmp_path, 17, seed=3, workers=1)
    before = (tmp_path / "128x128-images.npy").stat().st_mtime_ns
    dataset.make(tmp_path, 17, seed=4, workers=1)
    assert (tmp_path / "128x128-images.npy").stat().st_mtime_ns == before
    bucket = dataset.load(tmp_path)[128, 128]
    image, mask = render(bucket.products[0], 128, 128, 300 * 1_000_000)
    assert (bucket.images[0] == image).all() and (bucket.masks[0] == mask).all()


def test_crops_weigh_the_product_more(buckets):
    pixels, weights = autoencoder.crops(buckets, np.random.default_rng(0), 4)
    assert pixels.shape == (4, 3, 64, 64) and weights.shape == (4, 1, 64, 64)
    assert pixels.min() >= -1 and pixels.max() <= 1
    assert weights.min() == 1 and weights.max() == pytest.approx(1 + autoencoder.MASK_WEIGHT)


def test_the_stages_join_to_a_pipeline_that_goes_on_from_its_checkpoints(buckets, tmp_path, monkeypatch):
    monkeypatch.setattr(flow, "BATCH", 4)
    monkeypatch.setattr(measure, "STEPS", 2)
    coder = autoencoder.train(buckets, tmp_path, 0.5)
    data, shift, spread = everything.cached_latents(coder, buckets, tmp_path)
    again, same_shift, same_spread = everything.cached_latents(coder, buckets, tmp_path)
    assert (same_shift, same_spread) == (shift, spread)
    assert torch.equal(again[128, 128].latents, data[128, 128].latents)
    assert again[96, 176].latents.shape[1:] == (16, 22, 12)
    tokenizer = everything.cached_tokenizer(data, tmp_path)
    flow.train(data, tokenizer, tmp_path, 0.1)
    first = torch.load(tmp_path / "flow.pt", weights_only=True)
    trained = flow.train(data, tokenizer, tmp_path, first["spent"] + 0.1)
    assert torch.load(tmp_path / "flow.pt", weights_only=True)["step"] > first["step"]
    made = pipeline.assemble(coder, trained, tokenizer, shift, spread)
    pipeline.export(made, tmp_path / "image")
    assert (tmp_path / "image" / "lorakit.json").exists()
    assert measure.sample(made, ["a mug"], (32, 48))[0].shape == (48, 32, 3)


def test_the_flow_sees_latents_as_the_pipeline_packs_them():
    from diffusers import FluxPipeline

    latents = torch.randn(2, 16, 6, 4)
    assert torch.equal(flow.pack(latents), FluxPipeline._pack_latents(latents, 2, 16, 6, 4))


def test_the_classifier_gives_one_label_per_attribute(buckets):
    model = classifier.train(buckets, 0.2)
    found = classifier.attributes(model, [np.array(buckets[128, 128].images[0])])
    assert set(found[0]) == {"shape", "colour", "pattern", "scene"}
    assert all(found[0][name] in values for name, values in classifier.LABELS.items())
    shares = classifier.accuracy(model, buckets)
    assert all(0 <= share <= 1 for share in shares.values())
    pixels = classifier.to_pixels(buckets[128, 128].images[:3])
    both = classifier.seen(model, pixels)["shape"], classifier.seen(model, pixels.flip(3))["shape"]
    torch.testing.assert_close(*both)


def test_an_asked_attribute_that_is_not_seen_lowers_the_share(buckets):
    model = classifier.Classifier().eval()
    bucket = buckets[128, 128]
    products = [bucket.products[0]] * 4
    shares = measure.found_shares(model, [np.array(bucket.images[0])] * 4, products)
    assert all(share in (0, 100) for share in shares.values())


def test_measured_prompts_are_the_same_every_time():
    assert measure.held_out_prompts(5) == measure.held_out_prompts(5)
