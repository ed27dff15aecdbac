"""Measuring the starter image base: does a picture show what its prompt asks for?

Prompts name scene, colour and shape; a classifier that was trained on renders, never on samples, says what
it sees. Its own accuracy on held-out renders bounds what these figures can tell.
"""

import logging
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from diffusers import FluxPipeline

from lorakit.starter.build import autoencoder, classifier, report
from lorakit.starter.build.arithmetic import fast_bf16, precision
from lorakit.starter.build.captions import MAX_TOKENS, full_caption
from lorakit.starter.build.dataset import Bucket
from lorakit.starter.build.pipeline import GUIDANCE, STEPS
from lorakit.starter.build.render import Product, random_product

log = logging.getLogger(__name__)

RATIOS = {"1:1": (128, 128), "9:16": (96, 176), "16:9": (176, 96)}
GOALS = {"scene": 90, "colour": 80, "shape": 75}
SEED = 777  # of prompts and of noise; no training data is made with it
BATCH = 10
PSNR_GOAL = 28
PSNR_PICTURES = 40  # of each bucket


@dataclass
class Measured:
    """What was found: dB, percentages per ratio and attribute, and some pictures to look at."""

    psnr: float
    classifier: dict[str, float]
    found: dict[str, dict[str, float]]
    seconds_per_picture: float
    prompts: list[str]
    guidance: float
    pictures: dict[str, list[np.ndarray]] = field(repr=False, default_factory=dict)


def held_out_prompts(count: int, seed: int = SEED) -> tuple[list[Product], list[str]]:
    """Products drawn at random, and one prompt for each."""
    random = np.random.default_rng(seed)
    products = [random_product(random) for _ in range(count)]
    return products, [full_caption(product, random) for product in products]


@torch.inference_mode()
def sample(
    pipeline: FluxPipeline,
    prompts: list[str],
    size: tuple[int, int],
    guidance: float = GUIDANCE,
    seed: int = SEED,
) -> list[np.ndarray]:
    """One picture (H, W, 3) uint8 per prompt; classifier-free guidance against the empty prompt."""
    device = pipeline.transformer.device
    pictures: list[np.ndarray] = []
    for start in range(0, len(prompts), BATCH):
        part = prompts[start : start + BATCH]
        noise = [torch.Generator("cpu").manual_seed(seed + start + i) for i in range(len(part))]
        with precision(device.type):
            found = pipeline(
                part, negative_prompt=[""] * len(part), true_cfg_scale=guidance, width=size[0],
                height=size[1], num_inference_steps=STEPS, max_sequence_length=MAX_TOKENS, generator=noise,
                output_type="pil",
            ).images  # fmt: skip
        pictures += [np.array(picture) for picture in found]
    return pictures


def found_shares(
    model: classifier.Classifier, pictures: list[np.ndarray], products: list[Product]
) -> dict[str, float]:
    """Percentage of pictures in which the classifier sees what was asked for, per attribute."""
    seen = classifier.attributes(model, pictures)
    return {
        name: 100
        * float(np.mean([row[name] == getattr(p, name) for row, p in zip(seen, products, strict=True)]))
        for name in (*GOALS, "pattern")
    }


def measure(
    pipeline: FluxPipeline,
    model: classifier.Classifier,
    held_out: dict[tuple[int, int], Bucket],
    count: int = 200,
    guidance: float = GUIDANCE,
) -> Measured:
    """Measure the autoencoder on held-out renders, the classifier likewise, and `count` prompts at each
    ratio.
    """
    renders = [image for bucket in held_out.values() for image in bucket.images[:PSNR_PICTURES]]
    products, prompts = held_out_prompts(count)
    decibels = autoencoder.psnr(pipeline.vae, renders)
    log.info("autoencoder: %.2f dB on held-out renders", decibels)
    accuracy = {name: 100 * share for name, share in classifier.accuracy(model, held_out).items()}
    pictures, found, begun = {}, {}, time.time()
    for ratio, size in RATIOS.items():
        pictures[ratio] = sample(pipeline, prompts, size, guidance)
        found[ratio] = found_shares(model, pictures[ratio], products)
        log.info("%s: %s", ratio, found[ratio])
    seconds = (time.time() - begun) / (count * len(RATIOS))
    return Measured(decibels, accuracy, found, seconds, prompts, guidance, pictures)


def write_report(pipeline: FluxPipeline, measured: Measured, held_out: dict[tuple[int, int], Bucket]) -> None:
    """Write the image section of the report and its contact sheets."""
    _autoencoder_sheet(pipeline, held_out)
    shown = 8
    report.sheet([measured.pictures[ratio][:shown] for ratio in RATIOS], "prompts")
    rows = "\n".join(
        f"| {name} | "
        + " | ".join(report.verdict(measured.found[r][name], GOALS[name]) for r in RATIOS)
        + " |"
        for name in GOALS
    )
    pattern = " | ".join(f"{measured.found[ratio]['pattern']:.0f} %" for ratio in RATIOS)
    listed = "\n".join(f"{i + 1}. {prompt}" for i, prompt in enumerate(measured.prompts[:shown]))
    seen = ", ".join(f"{name} {share:.1f} %" for name, share in measured.classifier.items())
    transformer, vae = _millions(pipeline.transformer), _millions(pipeline.vae)
    sizes = f"{transformer} M parameters in the transformer, {vae} M in the autoencoder"
    decibels = report.verdict(measured.psnr, PSNR_GOAL, 1, " dB")
    device = pipeline.transformer.device.type
    machine = f"{device}, {torch.get_num_threads()} threads, {'bf16' if fast_bf16(device) else 'fp32'}"
    report.write_section(
        "image",
        f"""## starter-image

A `FluxPipeline` ({sizes}), trained on renders only.

Autoencoder, held-out renders of all seven sizes: {decibels}. Originals on top, reconstructions below:

![renders and reconstructions](report/autoencoder.png)

{len(measured.prompts)} prompts, each with its own seed, {STEPS} steps, guidance {measured.guidance:g}.
Share of images in which the classifier sees what the prompt names:

| asked for | {" | ".join(RATIOS)} |
| --- | {" | ".join("---" for _ in RATIOS)} |
{rows}
| pattern | {pattern} |

The classifier itself, on held-out renders: {seen}.
Sampling took {measured.seconds_per_picture:.2f} s per picture in batches of {BATCH} ({machine}).
The first {shown} prompts, not cherry-picked:

{listed}

![the first prompts at three ratios](report/prompts.png)
""",
    )


@torch.no_grad()
def _autoencoder_sheet(
    pipeline: FluxPipeline, held_out: dict[tuple[int, int], Bucket], count: int = 8
) -> None:
    renders = np.array(held_out[128, 128].images[:count])
    pixels = classifier.to_pixels(renders).to(pipeline.vae.device, pipeline.vae.dtype)
    decoded = pipeline.vae.decode(pipeline.vae.encode(pixels).latent_dist.mode()).sample.clamp(-1, 1)
    back = ((decoded.float().cpu().permute(0, 2, 3, 1).numpy() + 1) * 127.5 + 0.5).astype(np.uint8)
    report.sheet([list(renders), list(back)], "autoencoder")


def _millions(module: Any) -> str:
    return f"{sum(p.numel() for p in module.parameters()) / 1e6:.1f}"
