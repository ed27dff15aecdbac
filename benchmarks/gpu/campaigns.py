"""Campaigns: text-encoder adapters, batches, memory that runs out, pictures per second."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from diffusers import FirstBlockCacheConfig
from torch import Tensor

import lorakit
from benchmarks.gpu import bases
from benchmarks.gpu.check import Found, Here, judged
from lorakit.families import Base
from lorakit.generation.pictures.campaign import Campaign
from lorakit.lora.adapter import Mix

SCENES = ("marble-counter", "wooden-table")
PROMPT = "aurora bottle on a wooden table"


def first_scene(here: Here) -> Found:
    """Adapters of text encoders are on the encoders' device from the first scene on."""
    base = lorakit.load_base("starter-image", device=here.device)
    here.figure("text encoder waits on", base.pipeline.text_encoder.device.type)
    words, pictures = bases.encoder_layers(base), bases.denoiser_layers(base)
    mix = {bases.adapter("both", words | pictures, torch.device("cpu")): 1.0}
    campaign = Campaign(base, mix, list(SCENES), ["128x128"], [1], here.folder / "out", steps=2)
    made = campaign.run()
    failed = [entry["error"] for entry in made if "error" in entry]
    here.figure("pictures", len(made) - len(failed))
    return judged(not failed and len(made) == len(SCENES), failed[0] if failed else "every scene was drawn")


def batches(here: Here) -> Found:
    """A seed's picture beside others and alone; what decoding a batch takes, whole and in slices."""
    base = bases.flux(here, "vae", "transformer")
    family, side, seeds = base.kind, here.of(1024, 64), [1, 2, 3, 4]
    words = family.blank(base, 1, side, side)[1]
    for part in words.values():
        part.normal_()

    def drawn(some: list[int]) -> list[np.ndarray]:
        images = family.sample(base, words, None, side, side, some, base.settings.steps, 3.5)
        return [np.asarray(image, np.float32) for image in images]

    _contrast(base, side)
    drawn(seeds[:1])
    together: list[np.ndarray] = []
    here.figure("4 in a batch, s", here.seconds(lambda: together.extend(drawn(seeds))))
    alone: list[np.ndarray] = []
    here.figure("4 one by one, s", here.seconds(lambda: [alone.extend(drawn([s])) for s in seeds]))
    same = [float(np.abs(a - b).mean()) for a, b in zip(together, alone, strict=True)]
    most = max(float(np.abs(a - b).max()) for a, b in zip(together, alone, strict=True))
    others = float(np.abs(alone[0] - alone[1]).mean())
    here.figure("largest difference of a value, of 255", most)
    here.figure("mean difference", max(same))
    here.figure("mean difference of two seeds", others)
    vae, latents = base.pipeline.vae, _latents(base, side, len(seeds))
    here.figure("decoding 4, peak GB", here.peak(lambda: _decoded(vae, latents)))
    vae.enable_slicing()
    here.figure("decoding 4 in slices, peak GB", here.peak(lambda: _decoded(vae, latents)))
    return judged(max(same) < 0.1 * others, "a seed alone against beside three others, to rounding")


@torch.no_grad()
def _contrast(base: Base, side: int) -> None:
    """Let the random decoder use the whole range of a picture, in which differences show."""
    vae = base.pipeline.vae
    spread = vae.decode(_latents(base, side, 1), return_dict=False)[0].float().std()
    vae.decoder.conv_out.weight.mul_(0.5 / spread)


def _latents(base: Base, side: int, count: int) -> Tensor:
    vae = base.pipeline.vae
    shape = count, vae.config.latent_channels, side // 8, side // 8
    return torch.randn(shape, device=base.device, dtype=base.dtype)


@torch.no_grad()
def _decoded(vae: Any, latents: Tensor) -> None:
    vae.decode(latents, return_dict=False)


def out_of_memory(here: Here) -> Found:
    """With room for two pictures of a batch of four, none is given up."""
    base = bases.flux(here, "vae", tiny_side=32)
    side = here.of(1024, 32)
    campaign = Campaign(base, {}, [PROMPT], [f"{side}x{side}"], range(4), here.folder / "out", steps=1)
    with room_for_two(here, base, side) as failures:
        made = campaign.run()
    here.figure("batches that did not fit, pictures", failures)
    failed = [entry["error"] for entry in made if "error" in entry]
    here.figure("pictures", len(made) - len(failed))
    here.figure("given up", len(failed))
    if not failures:
        return "unfinished", "four pictures fitted, although the memory was limited"
    return judged(not failed and len(made) == 4, failed[0] if failed else "drawn in smaller batches")


@contextmanager
def room_for_two(here: Here, base: Base, side: int) -> Iterator[list[int]]:
    """Let batches of four fail, and list the sizes of those that do.

    By a limit on the device's memory, or where there is none by an error.
    """
    vae = base.pipeline.vae
    failures: list[int] = []
    own = vae.decode

    def decode(latents: Tensor, **options: Any) -> Any:
        try:
            if not here.on_gpu and len(latents) > 2:
                raise torch.OutOfMemoryError("CUDA out of memory. (as if)")
            return own(latents, **options)
        except torch.OutOfMemoryError:
            failures.append(len(latents))
            raise

    if here.on_gpu:
        limit = (_reserved(here, base, side, 2) + _reserved(here, base, side, 4)) / 2
        here.figure("limit, GB", limit / 1e9)
        here.forget()
        torch.cuda.set_per_process_memory_fraction(limit / torch.cuda.get_device_properties(0).total_memory)
    vae.decode = decode
    try:
        yield failures
    finally:
        del vae.decode
        if here.on_gpu:
            torch.cuda.set_per_process_memory_fraction(1.0)


def _reserved(here: Here, base: Base, side: int, count: int) -> int:
    """Bytes that the allocator takes from the device when it decodes so many pictures."""
    here.forget()
    _decoded(base.pipeline.vae, _latents(base, side, count))
    here.wait()
    return torch.cuda.max_memory_reserved()


def pictures_per_second(here: Here) -> Found:
    """A campaign of four seeds: the bare base, a live mix of two, and the same with step caching."""
    base = bases.flux(here, *bases.WHOLE)
    mix = {bases.denoiser_adapter(base, seed): 0.5 for seed in (1, 2)}
    here.figure("steps of a picture", base.settings.steps)
    _timed(here, base, {}, "warm-up", steps=1)
    bare = here.figure("bare, pictures/s", _timed(here, base, {}, "bare"))
    with _counted(base) as every:
        live = here.figure("mix of two, pictures/s", _timed(here, base, mix, "live"))
    with _counted(base) as passes:
        base.model.enable_cache(FirstBlockCacheConfig(threshold=0.1))  # type: ignore[operator]
        cached = here.figure("mix of two, step caching, pictures/s", _timed(here, base, mix, "cached"))
        base.model.disable_cache()  # type: ignore[operator]
    here.figure("share of the passes that reach the last block with caching", passes[0] / every[0])
    here.figure("step caching over none", cached / live)
    words = "random weights: how often caching skips there says nothing of a real base"
    return judged(min(bare, live, cached) > 0, words)


def _timed(here: Here, base: Base, mix: Mix, name: str, steps: int | None = None) -> float:
    """Pictures per second of a whole campaign, prompts and files included."""
    side = here.of(1024, 64)
    campaign = Campaign(base, mix, [PROMPT], [f"{side}x{side}"], range(4), here.folder / name, steps=steps)
    made: list[dict[str, Any]] = []
    here.forget()
    begun = time.perf_counter()
    made += campaign.run()
    here.wait()
    failed = [entry["error"] for entry in made if "error" in entry]
    if failed:
        raise RuntimeError(failed[0])
    return len(made) / (time.perf_counter() - begun)


@contextmanager
def _counted(base: Base) -> Iterator[list[int]]:
    """How often the last block is run; a skipped step does not reach its feed-forward."""
    count, last = [0], base.model.single_transformer_blocks[-1]  # type: ignore[index]

    def add(*_: Any) -> None:
        count[0] += 1

    hook = last.norm.register_forward_hook(add)
    try:
        yield count
    finally:
        hook.remove()
