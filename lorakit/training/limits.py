"""What a training runs up against: its time, the memory, and numbers that are none; and what it then says."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lorakit import events
from lorakit.errors import RecipeError, is_device_lost, is_out_of_memory
from lorakit.families import Base
from lorakit.lora.live import forget
from lorakit.training import checkpoint
from lorakit.training.recipe import Recipe

log = logging.getLogger(__name__)


class Pace:
    """How long steps and checkpoints take, to end in time and to save by the clock."""

    def __init__(self, until: float):
        self.until, self.saved, self.steps = until, time.monotonic(), 0
        self.slowest = self.save_seconds = 0.0

    @contextmanager
    def step(self) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.steps += 1
        # What is slow once (a first step, another process) is forgotten again.
        self.slowest = max(time.monotonic() - begun, 0.9 * self.slowest)

    @contextmanager
    def saving(self) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.saved = time.monotonic()
        self.save_seconds = max(self.save_seconds, self.saved - begun)

    def is_over(self) -> bool:
        """Would another step and a checkpoint end too late? Never before one step was made."""
        needed = 1.5 * self.slowest + 2 * self.save_seconds
        return self.steps > 0 and time.monotonic() + needed > self.until

    def save_is_due(self, minutes: float) -> bool:
        return bool(minutes) and time.monotonic() - self.saved >= 60 * minutes


def kept_words(folder: Path) -> str:
    """What is left of a training that cannot go on as it is, to be put behind a sentence."""
    step = checkpoint.newest(folder)
    return f". The checkpoint of step {step} is kept" if step else ""


@contextmanager
def unharmed(base: Base, what: str, emit: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """Let a training continue when something that only observes it fails, and say so.

    Raises only when the device itself is lost.
    """
    trouble = ""
    try:
        yield
    except Exception as error:
        if is_device_lost(error):
            raise
        log.warning("%s: %s", what, error, exc_info=True)
        no_room = is_out_of_memory(error)
        trouble = "out of memory" if no_room else f"{type(error).__name__}, see the log"
    if trouble:  # out of the except, whose traceback would keep the tensors alive
        forget(base.model)
        text = f"{what} failed ({trouble}). The training itself is not affected."
        emit(events.Note(text=text).row())


@contextmanager
def memory_told(recipe: Recipe, step: int, folder: Path) -> Iterator[None]:
    """Turn what torch and Python say when memory runs out into a sentence on what to change."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        half = max(1, recipe.batch_size // 2)
        times = recipe.accumulate * math.ceil(recipe.batch_size / half)
        smaller = (
            f"batch_size {half} and accumulate {times} for nearly the same result"
            if recipe.batch_size > 1
            else "gradient_checkpointing" if not recipe.gradient_checkpointing
            else "a smaller resolution or max_length, or the base model in 4-bit"
        )  # fmt: skip
        raise RecipeError(
            f"out of memory at step {step + 1}; close other programs and try again, or "
            f"start over with {smaller}{kept_words(folder)}"
        ) from error
