"""Full fine-tuning of a small base, as the honest comparison with an adapter: same data, loop and recipe.

Nothing is kept of it but its figures: the base is bit for bit what it was afterwards.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lorakit.errors import RecipeError
from lorakit.families import Base
from lorakit.training import checkpoint, loop
from lorakit.training.image_examples import ImageExamples
from lorakit.training.recipe import Recipe
from lorakit.training.text_examples import TextExamples


@dataclass(frozen=True)
class FullFigures:
    """What training every weight came to; to be set beside a TrainResult's summary."""

    steps: int
    seconds: float
    trained_parameters: int
    size_bytes: int  # of the weights that would have to be kept
    state_bytes: int  # weights, gradients and the optimizer's state, which a training must hold
    final_loss: float
    held_out_before: float | None
    held_out_after: float | None


class WholeModel:
    """A model whose own weights are trained."""

    def __init__(self, model: nn.Module):
        self.parameters = dict(model.named_parameters())

    def named_parameters(self) -> Mapping[str, nn.Parameter]:
        return self.parameters

    def fixed(self) -> Mapping[str, Tensor]:
        return {}

    def set_training(self, training: bool) -> None:
        """Nothing to switch: a base is trained as it is used."""

    @contextmanager
    def suspended(self) -> Iterator[None]:
        yield


def fine_tune(
    base: Base, data: Any, recipe: Recipe, work: str | Path, should_stop: Callable[[], bool] = lambda: False
) -> FullFigures:
    """Train all of `base.model` on a PhotoSet or TextSet; checkpoints lie in `work` and go at the end.

    Raises RecipeError for a quantized base, whose weights cannot be trained, and as the loop does.
    """
    if base.quantized:
        raise RecipeError(f"{base.source}: in {base.quantized} it cannot be trained whole; load it without")
    emit, folder = (lambda event: None), Path(work) / "checkpoints"
    examples = (
        TextExamples.prepare(base, data, recipe, emit)
        if base.pipeline is None
        else ImageExamples.prepare(base, data, recipe, emit, should_stop)
    )
    before = {name: p.detach().clone() for name, p in base.model.named_parameters()}
    begun = time.monotonic()
    try:
        base.model.requires_grad_(True)
        hooks = loop.Hooks(emit, should_stop)
        outcome = loop.run(base, WholeModel(base.model), examples, recipe, folder, "full", hooks)
    finally:
        base.model.requires_grad_(False)
        with torch.no_grad():
            for name, p in base.model.named_parameters():
                p.grad = None
                p.copy_(before[name])
        checkpoint.clear(folder)
    size = sum(p.numel() * p.element_size() for p in before.values())
    held = outcome.held_out
    return FullFigures(
        outcome.steps, time.monotonic() - begun, sum(p.numel() for p in before.values()), size, 4 * size,
        sum(outcome.losses[-20:]) / max(1, len(outcome.losses[-20:])), held[0][1] if held else None,
        min((loss for step, loss in held if step), default=None),
    )  # fmt: skip
