"""Make the starter bases from nothing: `python -m lorakit.starter.build`.

Every stage keeps what it made in the work folder and a later run goes on from there, so the command may be
stopped and started again. Time budgets are in minutes of training; rendering and measuring come on top.
"""

import argparse
import logging
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, FluxPipeline
from transformers import PreTrainedTokenizerFast

from lorakit import durable
from lorakit.starter import IMAGE, SAMPLE_PHOTOS, SAMPLE_TRIGGER
from lorakit.starter.build import (
    autoencoder,
    captions,
    classifier,
    dataset,
    flow,
    samples,
)
from lorakit.starter.build import measure as measuring
from lorakit.starter.build import pipeline as pipelines
from lorakit.starter.build.render import Product

log = logging.getLogger(__name__)

PICTURES, HELD_OUT = 24_000, 700
IMAGE_MINUTES, TEXT_MINUTES = 170.0, 90.0  # on two CPU cores with bf16; more is better
AUTOENCODER_SHARE = 0.1
CLASSIFIER_SECONDS = 1500.0
Caches = dict[tuple[int, int], flow.Cached]


def build_image(work: Path, minutes: float, device: str, prompts: int = 200) -> measuring.Measured:
    """Make, export and measure the image base within about `minutes` of training."""
    work.mkdir(parents=True, exist_ok=True)
    dataset.make(work / "train", PICTURES, seed=1)
    dataset.make(work / "held", HELD_OUT, seed=2)
    buckets = dataset.load(work / "train")
    if not classifier.WEIGHTS.exists():
        classifier.save(classifier.train(buckets, CLASSIFIER_SECONDS))
    coder = autoencoder.train(buckets, work, minutes * 60 * AUTOENCODER_SHARE, device)
    data, shift, spread = cached_latents(coder, buckets, work)
    tokenizer = cached_tokenizer(data, work)
    model = flow.train(data, tokenizer, work, minutes * 60 * (1 - AUTOENCODER_SHARE), device)
    pipeline = pipelines.assemble(coder.cpu(), model.cpu(), tokenizer, shift, spread)
    pipelines.export(pipeline, IMAGE)
    if not SAMPLE_PHOTOS.exists():
        samples.make(SAMPLE_PHOTOS, SAMPLE_TRIGGER)
    return measure_image(work, device, prompts)


def measure_image(work: Path, device: str, prompts: int = 200) -> measuring.Measured:
    """Measure the exported image base, as a person would load it, and write its section of the report."""
    pipeline = FluxPipeline.from_pretrained(IMAGE, torch_dtype=torch.float32).to(device)
    pipeline.set_progress_bar_config(disable=True)
    held_out = dataset.load(work / "held")
    measured = measuring.measure(pipeline, classifier.load(), held_out, prompts)
    measuring.write_report(pipeline, measured, held_out)
    return measured


def build_text(work: Path, minutes: float, device: str) -> None:
    """Make, export and measure the text base, and write its section of the report."""
    from lorakit.starter.build import text_model

    measured = text_model.build(work, minutes, device)
    print({name: value for name, value in measured.items() if not name.startswith("texts")})


def cached_latents(
    coder: AutoencoderKL, buckets: dict[tuple[int, int], dataset.Bucket], work: Path
) -> tuple[Caches, float, float]:
    """The latents of all pictures with their mean and spread, encoded once."""
    path = work / "latents.pt"
    if not path.exists():
        data, shift, spread = flow.cache(coder, buckets)
        rows = {size: (c.latents, c.weights, [p.to_dict() for p in c.products]) for size, c in data.items()}
        with durable.replacing(path) as aside:
            torch.save({"data": rows, "shift": shift, "spread": spread}, aside)
        return data, shift, spread
    state = torch.load(path, weights_only=True)
    data = {
        size: flow.Cached(latents, weights, [Product(**row) for row in products])
        for size, (latents, weights, products) in state["data"].items()
    }
    return data, state["shift"], state["spread"]


def cached_tokenizer(data: Caches, work: Path) -> PreTrainedTokenizerFast:
    """The tokenizer, made from one caption of every picture."""
    folder = work / "tok"
    if not folder.exists():
        random = np.random.default_rng(3)
        texts = [captions.caption(product, random) for part in data.values() for product in part.products]
        with durable.replacing_folder(folder) as aside:
            captions.make_tokenizer(texts).save_pretrained(aside)
    return PreTrainedTokenizerFast.from_pretrained(folder)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m lorakit.starter.build", description=__doc__)
    parser.add_argument("--image", action="store_true", help="make the image base only")
    parser.add_argument("--text", action="store_true", help="make the text base only")
    parser.add_argument("--measure", action="store_true", help="only measure the image base that is there")
    parser.add_argument("--minutes", type=float, help="minutes of training of each base")
    parser.add_argument("--prompts", type=int, default=200, help="prompts to measure at each ratio")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--work", type=Path, default=Path("build/starter"), help="folder for data and checkpoints"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    if options.image or options.measure or not options.text:
        if options.measure:
            measured = measure_image(options.work, options.device, options.prompts)
        else:
            measured = build_image(
                options.work, options.minutes or IMAGE_MINUTES, options.device, options.prompts
            )
        print(measured)
    if options.text or not (options.image or options.measure):
        build_text(options.work, options.minutes or TEXT_MINUTES, options.device)


if __name__ == "__main__":
    main()
