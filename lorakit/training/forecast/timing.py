"""How long a step takes: a few of them timed on the device itself."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from lorakit.families import Base
from lorakit.families.memory import recomputing
from lorakit.lora.inject import trainable
from lorakit.training import optimizers
from lorakit.training.arithmetic import is_inexact, precision, steady
from lorakit.training.coverage import targets
from lorakit.training.forecast.moments import Batch
from lorakit.training.medium import medium_of
from lorakit.training.recipe import Recipe

CALIBRATION = 3  # steps that are timed


@dataclass(frozen=True)
class Speed:
    """Measured on the real base: seconds of a step, and of going through the model once."""

    step: float
    passing: float


def calibrate(base: Base, recipe: Recipe, batch: Batch) -> Speed:
    """Time three training steps and one pass of sampling on the real base, with empty data of true shapes.

    The base must carry no updates; it carries none afterwards.
    """
    injection = trainable(
        base.model, targets(base, recipe), recipe.rank, recipe.alpha, dora=recipe.dora, dropout=recipe.dropout
    )
    optimizer = optimizers.make(injection.named_parameters(), recipe)  # what it learns is thrown away
    medium = medium_of(base)
    step = medium.step(base, batch)

    def update() -> None:
        with precision(base):
            loss = step()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    try:
        with (
            recomputing(base.model, recipe.gradient_checkpointing or base.offloaded),
            steady(base.device, _repeats(base, update)),
        ):
            took = [_seconds(base, update) for _ in range(CALIBRATION)]
        passing = medium.step(base, replace(batch, size=1, length=2))
        with torch.no_grad(), precision(base):
            passing()
            once = _seconds(base, passing)
    finally:
        injection.remove()
    return Speed(statistics.median(took), once)


def _repeats(base: Base, update: Callable[[], None]) -> bool:
    """Can a step come out alike in every run, as the training then wants it? That is slower. Takes a step."""
    try:
        with steady(base.device, exact=True):
            update()
    except RuntimeError as error:
        if not is_inexact(error):
            raise
        return False
    return True


def _seconds(base: Base, work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    if base.device.type == "cuda":
        torch.cuda.synchronize(base.device)
    return time.perf_counter() - begun
