"""Training steps of FLUX.1's and SDXL's size: exact arithmetic, memory, blocks and encoders on the host."""

import math
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from benchmarks import large
from benchmarks.gpu import bases
from benchmarks.gpu.check import Found, Here, judged
from lorakit.families import Base, pictures
from lorakit.families.memory import recomputing
from lorakit.lora.inject import trainable
from lorakit.training.arithmetic import precision, steady
from lorakit.training.forecast.footprint import image_step

RATE = 1e-4
GIVES_WAY = 0.1  # of the copies' time: more than this goes back to the host only if frozen blocks do


@contextmanager
def training(base: Base, recompute: bool = True) -> Iterator[list[nn.Parameter]]:
    """The parameters of a rank-16 update on the usual layers."""
    injection = trainable(base.model, base.kind.targets(base), bases.RANK, float(bases.RANK))
    try:
        with recomputing(base.model, recompute):
            yield list(injection.named_parameters().values())
    finally:
        injection.remove()


def measured(
    here: Here,
    base: Base,
    step: Callable[[], Tensor],
    parameters: list[nn.Parameter],
    exact: bool,
    steps: int,
) -> dict[str, Any]:
    """Losses, seconds and peak of a few steps; `raises` when exact arithmetic is not to be had."""
    here.forget()
    try:
        with steady(here.device, exact):
            options = Namespace(steps=steps, rate=RATE)
            return large.measured(step, parameters, here.device, options, lambda: precision(base))
    except RuntimeError as error:
        if not (exact and "deterministic" in str(error)):
            raise
        return {"raises": str(error).splitlines()[0][:150], "losses": []}


def _told(here: Here, name: str, found: dict[str, Any]) -> bool:
    """Report the figures of some steps; are all their losses numbers?"""
    here.figure(name, {each: value for each, value in found.items() if each != "losses"})
    return all(map(math.isfinite, found["losses"]))


def flux_step(here: Here) -> Found:
    """FLUX.1 in bf16: a step in exact arithmetic beside one that need not come out alike."""
    base = bases.flux_denoiser(here)
    side, numbers, found = here.of(1024, 64), True, {}
    step = image_step(base, 1, side, side)
    for name, exact in (("exact", True), ("not exact", False)):
        with training(base) as parameters:
            found[name] = measured(here, base, step, parameters, exact, here.of(3, 1))
        numbers &= _told(here, name, found[name])
    if "raises" in found["exact"]:
        return "wrong", "exact arithmetic is refused, so that no training is resumed bit for bit"
    pace = found["exact"]["seconds_per_step"] / found["not exact"]["seconds_per_step"]
    here.figure("exact over not exact", pace)
    return judged(numbers, "every loss is a number" if numbers else "a loss is no number")


def sdxl_step(here: Here) -> Found:
    """SDXL's denoiser: does exact arithmetic run, and what recomputing saves."""
    base = bases.sdxl(here)
    side, numbers = here.of(1024, 64), True
    step = image_step(base, 1, side, side)
    for name, recompute in (("recomputed", True), ("kept", False)):
        for how, exact in (("exact", True), ("not exact", False)):
            with training(base, recompute) as parameters:
                found = measured(here, base, step, parameters, exact, here.of(3, 1))
            numbers &= _told(here, f"{name}, {how}", found)
    return judged(numbers, "every loss is a number" if numbers else "a loss is no number")


def offloaded(here: Here) -> Found:
    """FLUX.1 in 4 bits with its blocks in the host's memory: a step, a pass, and which way is copied."""
    base = bases.flux_denoiser(here, offload=True)
    side = here.of(1024, 64)
    step = image_step(base, 1, side, side)
    with training(base) as parameters:
        _told(here, "training step", measured(here, base, step, parameters, True, here.of(2, 1)))
        there, back = _copies(lambda: measured(here, base, step, parameters, True, 1))
    with torch.no_grad(), steady(here.device):
        step()
        here.figure("pass without gradients, s", here.seconds(step))
    here.figure("copies to the device, s a step", there)
    here.figure("copies back, s a step", back)
    if here.on_gpu and not there:
        return "unfinished", "the profiler saw no copies"
    good = back <= GIVES_WAY * there
    return judged(good, "frozen blocks are not copied back" if good else "blocks are copied back")


def _copies(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of copies from the host and to it."""
    kinds = [ProfilerActivity.CUDA] if torch.cuda.is_available() else [ProfilerActivity.CPU]
    with profile(activities=kinds) as found:
        work()
    rows = found.key_averages()

    def seconds(way: str) -> float:
        return sum(row.self_device_time_total for row in rows if way in row.key) / 1e6

    return seconds("HtoD"), seconds("DtoH")


def encoders_on_host(here: Here) -> Found:
    """An offloaded FLUX.1 reads its prompts on the host: T5-XXL stays off the device."""
    base = bases.flux(here, "clip", "t5")
    base.offloaded = True
    parts = pictures.encoders(base.pipeline)
    for part in parts.values():
        part.to("cpu")
    words: list[Any] = []
    encode = base.kind.encode_prompts
    peak = here.peak(lambda: words.append(encode(base, ["aurora bottle in the snow"])))
    where = sorted({p.device.type for part in parts.values() for p in part.parameters()})
    here.figure("encoders are on", ", ".join(where))
    here.figure("device memory while reading, peak GB", peak)
    here.figure("one prompt, s", here.seconds(lambda: encode(base, ["aurora bottle on a table"])))
    good = where == ["cpu"] and (peak or 0.0) < 0.5
    return judged(good, "on the host" if good else "on the device, which the forecast does not count")
