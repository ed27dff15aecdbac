"""The starter image base that ships: a true FluxPipeline folder, small enough, and its sample product."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from lorakit.starter import IMAGE, SAMPLE_PHOTOS, SAMPLE_TRIGGER
from lorakit.starter.build import captions, classifier, measure

MEGABYTE = 1_000_000
needs_base = pytest.mark.skipif(not IMAGE.exists(), reason="the image base is not built")


@pytest.fixture(scope="module")
def pipeline():
    from diffusers import FluxPipeline

    found = FluxPipeline.from_pretrained(IMAGE, torch_dtype=torch.float32)
    found.set_progress_bar_config(disable=True)
    return found


@needs_base
def test_no_file_is_over_nine_megabytes_and_all_are_under_thirty():
    sizes = [file.stat().st_size for file in IMAGE.rglob("*") if file.is_file()]
    assert max(sizes) < 9 * MEGABYTE and sum(sizes) < 30 * MEGABYTE


@needs_base
def test_the_folder_states_what_it_works_best_with():
    stated = json.loads((IMAGE / "lorakit.json").read_text())
    assert stated["area"] == 128 * 128 and stated["demonstration"] and stated["licence"]["commercial"]
    assert stated["max_tokens"] == captions.MAX_TOKENS


@needs_base
def test_it_is_made_of_the_true_classes(pipeline):
    classes = {name: type(part).__name__ for name, part in pipeline.components.items() if part is not None}
    assert classes["transformer"] == "FluxTransformer2DModel" and classes["vae"] == "AutoencoderKL"
    assert classes["text_encoder"] == "CLIPTextModel" and classes["text_encoder_2"] == "T5EncoderModel"
    assert classes["scheduler"] == "FlowMatchEulerDiscreteScheduler"


@needs_base
@pytest.mark.parametrize("size", [(128, 128), (96, 176)])
def test_it_makes_a_picture_of_the_size_asked_for(pipeline, size):
    picture = pipeline(
        "a red bottle in the snow", width=size[0], height=size[1], num_inference_steps=2,
        max_sequence_length=captions.MAX_TOKENS, output_type="pil",
    ).images[0]  # fmt: skip
    assert picture.size == size


@needs_base
def test_prompt_and_seed_decide_the_picture(pipeline, monkeypatch):
    monkeypatch.setattr(measure, "STEPS", 4)
    first, other = measure.sample(
        pipeline, ["a red bottle in the snow", "a blue bowl on dark stone"], (64, 64)
    )
    again = measure.sample(pipeline, ["a red bottle in the snow"], (64, 64))[0]
    assert np.abs(first.astype(int) - again.astype(int)).mean() < 2
    assert np.abs(first.astype(int) - other.astype(int)).mean() > 10


@needs_base
def test_a_scene_that_is_asked_for_is_seen_by_its_light(pipeline):
    night, snow = measure.sample(
        pipeline, ["a photo of a mug in a neon street at night", "a photo of a mug in the snow"], (128, 128)
    )
    assert snow.mean() - night.mean() > 40


@needs_base
def test_the_autoencoder_keeps_renders(pipeline):
    from lorakit.starter.build.autoencoder import psnr
    from lorakit.starter.build.render import random_product, render

    random = np.random.default_rng(9)
    renders = [render(random_product(random), 128, 128, 90_000 + i)[0] for i in range(6)]
    assert psnr(pipeline.vae, np.stack(renders)) > 26


@pytest.mark.skipif(not classifier.WEIGHTS.exists(), reason="the classifier is not built")
def test_the_classifier_agrees_with_renders_it_has_not_seen():
    from lorakit.starter.build.render import random_product, render

    assert classifier.WEIGHTS.stat().st_size < MEGABYTE
    random = np.random.default_rng(10)
    products = [random_product(random) for _ in range(60)]
    pictures = [render(product, 128, 128, 70_000 + i)[0] for i, product in enumerate(products)]
    found = measure.found_shares(classifier.load(), pictures, products)
    assert min(found["scene"], found["colour"]) >= 95
    # Boxes and cans can differ in one edge: REPORT.md states how often it is wrong.
    assert found["shape"] >= 92


def test_the_sample_product_ships_with_thirty_captioned_photos_of_several_ratios():
    photos = sorted(SAMPLE_PHOTOS.glob("*.jpg"))
    assert len(photos) == 30
    sizes = set()
    for path in photos:
        with Image.open(path) as photo:
            sizes.add(photo.size)
        assert path.with_suffix(".txt").read_text(encoding="utf-8").startswith(f"{SAMPLE_TRIGGER} ")
    assert len({round(width / height, 2) for width, height in sizes}) >= 3
