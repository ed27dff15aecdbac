"""A whole training beside the recipe of diffusers and PEFT, with equal settings, on the starter image base.

The peer is written after diffusers' examples/dreambooth/train_dreambooth_lora_flux.py: PEFT's LoraConfig on
the same layers, torch's AdamW, gradient clipping, logit-normal times, no weighting. With a caption for each
picture and its default settings that script encodes pictures and captions in every step; with --cache_latents
and one prompt for all it encodes them once, which is measured too. Time is a user's: preparation and steps,
without previews and without loading the base. Both see the same square photos, in batches of the same size.
"""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from diffusers import FluxPipeline
from PIL import Image
from torch.profiler import ProfilerActivity, profile

import lorakit
from lorakit.families import Base
from lorakit.starter import SAMPLE_PHOTOS
from lorakit.training.recipe import Recipe

SIDE, BATCH, RANK, STEPS, PHOTOS, ROUNDS = 128, 4, 16, 40, 30, 3
RECIPE = Recipe(
    steps=STEPS, rank=RANK, alpha=RANK, learning_rate=1e-4, batch_size=BATCH, warmup=0.0, caption_dropout=0.0,
    held_out=0.0, weight_decay=1e-4, preview_every=0, checkpoint_every=100_000,
)  # fmt: skip


def photos(folder: Path, count: int, side: int = SIDE) -> Path:
    """Square photos with captions of their own."""
    folder.mkdir()
    files = sorted(SAMPLE_PHOTOS.glob("*.jpg"))
    for number in range(count):
        with Image.open(files[number % len(files)]) as image:
            image.convert("RGB").resize((side, side)).save(folder / f"{number:04d}.png")
        (folder / f"{number:04d}.txt").write_text(f"aurora bottle on a wooden table, {number % 7}")
    return folder


def ours(base: Base, folder: Path, out: Path, recipe: Recipe) -> tuple[float, float]:
    """Seconds from the photos to the last step, and seconds of a step alone."""
    data = lorakit.PhotoSet.from_folder(folder, "aurora bottle")
    told: list[tuple[int, float]] = []

    def on_event(event: dict[str, Any]) -> None:
        if event["event"] == "step":
            told.append((event["step"], time.perf_counter()))

    begun = time.perf_counter()
    lorakit.train(base, data, recipe, out, on_event=on_event)
    (first, early), (last, late) = told[0], told[-1]
    return late - begun, (late - early) / (last - first)


def peer(
    pipe: FluxPipeline,
    names: list[str],
    folder: Path,
    steps: int,
    cached: bool,
    batch: int = BATCH,
    recompute: bool = False,
) -> tuple[float, float]:
    """Seconds of the peer's recipe from the photos to the last step, and of a step alone.

    The pipeline is clean afterwards. On CUDA in bf16 with factors in float32, as the script has it.
    """
    from peft import LoraConfig

    begun = time.perf_counter()
    model: Any = pipe.transformer
    files = sorted(folder.glob("*.png"))
    model.add_adapter(LoraConfig(r=RANK, lora_alpha=RANK, init_lora_weights="gaussian", target_modules=names))
    if recompute:
        model.enable_gradient_checkpointing()
    trained = [p for p in model.parameters() if p.requires_grad]
    for p in trained:
        p.data = p.data.float()
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=1e-4)
    pixels = torch.stack([_pixels(file) for file in files])
    captions = [file.with_suffix(".txt").read_text() for file in files]
    latents = torch.cat([_encoded(pipe, one[None]) for one in pixels]) if cached else None
    prompt = _prompts(pipe, ["aurora bottle"]) if cached else None
    order: list[int] = []
    told = []
    for _ in range(steps):
        while len(order) < batch:
            order += torch.randperm(len(files)).tolist()
        chosen, order = order[:batch], order[batch:]
        clean = latents[chosen] if latents is not None else _encoded(pipe, pixels[chosen])
        embeds, pooled = prompt or _prompts(pipe, [captions[i] for i in chosen])
        with torch.autocast(model.device.type, torch.bfloat16, enabled=model.device.type == "cuda"):
            loss = _peer_loss(pipe, clean, embeds.expand(batch, -1, -1), pooled.expand(batch, -1))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()  # the script shows it after each step
        told.append(time.perf_counter())
    model.delete_adapters(["default"])
    model.disable_gradient_checkpointing()
    return told[-1] - begun, (told[-1] - told[0]) / (steps - 1)


def _pixels(file: Path) -> torch.Tensor:
    with Image.open(file) as image:
        return torch.from_numpy(np.asarray(image, np.float32).copy()).permute(2, 0, 1) / 127.5 - 1


@torch.no_grad()
def _encoded(pipe: FluxPipeline, pixels: torch.Tensor) -> torch.Tensor:
    config = pipe.vae.config
    inside = pipe.vae.encode(pixels.to(pipe.vae.device, pipe.vae.dtype)).latent_dist.sample()
    return (inside - config.shift_factor) * config.scaling_factor


@torch.no_grad()
def _prompts(pipe: FluxPipeline, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    length = min(pipe.tokenizer_2.model_max_length, 512)
    device = pipe.transformer.device
    return pipe.encode_prompt(prompt=texts, prompt_2=None, device=device, max_sequence_length=length)[:2]


def _peer_loss(pipe: FluxPipeline, clean: torch.Tensor, embeds: torch.Tensor, pooled: torch.Tensor) -> Any:
    count, channels, height, width = clean.shape
    noise, t = torch.randn_like(clean), torch.sigmoid(torch.randn(count)).to(clean.device)
    along = t.view(-1, 1, 1, 1)
    noisy = ((1 - along) * clean + along * noise).to(clean.dtype)
    places = pipe._prepare_latent_image_ids(count, height // 2, width // 2, clean.device, clean.dtype)
    guided = pipe.transformer.config.guidance_embeds
    velocity = pipe.transformer(
        hidden_states=pipe._pack_latents(noisy, count, channels, height, width), timestep=t,
        guidance=torch.ones(count, device=clean.device) if guided else None,
        pooled_projections=pooled, encoder_hidden_states=embeds,
        txt_ids=torch.zeros(embeds.shape[1], 3, device=clean.device), img_ids=places, return_dict=False,
    )[0]  # fmt: skip
    velocity = pipe._unpack_latents(velocity, height * 8, width * 8, 8)
    return (velocity.float() - (noise - clean).float()).square().mean()


def allocated(work: Callable[[], Any]) -> int:
    """The most that torch's allocator gave out during `work` beyond what was there before, in bytes."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
        work()
    events = found.profiler.kineto_results.events()
    total = most = 0
    for _, size in sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]"):
        total += size
        most = max(most, total)
    return most


def measured() -> dict[str, Any]:
    """All figures: seconds are medians of runs in turn, bytes beyond the base's own weights."""
    base = lorakit.load_base("starter-image")
    base.settings = replace(base.settings, steps=1)  # the previews at the end are not counted anyway
    pipe = FluxPipeline.from_pretrained(
        Path(lorakit.__file__).parent / "starter" / "image", dtype=torch.float32
    )
    pipe.transformer.requires_grad_(False)
    names = base.kind.targets(base)
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        few, many, same = photos(work / "few", 10), photos(work / "many", 1000), photos(work / "same", PHOTOS)
        times: dict[str, list[tuple[float, float]]] = {"ours": [], "peer": [], "peer, cached": []}
        for turn in range(ROUNDS):
            times["ours"].append(ours(base, same, work / f"a{turn}", RECIPE))
            times["peer"].append(peer(pipe, names, same, STEPS, cached=False))
            times["peer, cached"].append(peer(pipe, names, same, STEPS, cached=True))
        flat: dict[str, list[float]] = {"10 photos": [], "1000 photos": []}
        for turn in range(ROUNDS):
            for name, folder in zip(flat, (few, many), strict=True):
                flat[name].append(ours(base, folder, work / f"{name}{turn}", RECIPE)[1])
        short = replace(RECIPE, steps=3)
        memory = {
            "ours": allocated(lambda: ours(base, same, work / "m", short)),
            "peer": allocated(lambda: peer(pipe, names, same, 3, cached=False)),
            "peer, cached": allocated(lambda: peer(pipe, names, same, 3, cached=True)),
        }
    return {
        "seconds of a training": {name: median(whole for whole, _ in each) for name, each in times.items()},
        "seconds of a step": {name: median(step for _, step in each) for name, each in times.items()},
        "seconds of a step, by photos": {name: median(each) for name, each in flat.items()},
        "peak bytes beyond the base": memory,
    }


if __name__ == "__main__":
    import json

    print(json.dumps(measured(), indent=2))
