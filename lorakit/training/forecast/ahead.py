"""A forecast as a job sees it: with the device's free memory, the data, and what was timed already."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from lorakit.families import Base
from lorakit.families.quantize import bytes_in
from lorakit.training.forecast.forecast import forecast, free_bytes
from lorakit.training.forecast.moments import Batch
from lorakit.training.forecast.timing import Speed, calibrate
from lorakit.training.medium import medium_of
from lorakit.training.recipe import Recipe

# Timed once per base, batch and settings that change a step's cost: a slider asks again and again.
_speeds: dict[tuple[Any, ...], Speed] = {}


def look_ahead(spec: dict[str, Any], load: Callable[[], Base] | None) -> Iterator[dict[str, Any]]:
    """The forecast of a job's spec: from arithmetic first, then with times, if `load` gives the base.

    `spec`: base, recipe, and optionally photos, texts, quantize, offload. Raises LoraKitError.
    """
    recipe, data = Recipe.from_dict(spec["recipe"]), _data(spec)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    base = load() if load is not None else None
    holding = bytes_in(base.model.parameters()) if base else 0
    first = forecast(
        spec["base"], recipe, device=device, quantize=spec.get("quantize"),
        offload=bool(spec.get("offload")), data=data, capacity=free_bytes(device, holding),
    )  # fmt: skip
    yield first.to_dict()
    if base is None or first.fits is False:
        return
    medium = medium_of(base)
    batch = medium.largest_batch(base, recipe, data)
    speed = _speeds.get(_key(spec, recipe, batch)) or calibrate(base, recipe, batch)
    _speeds[_key(spec, recipe, batch)] = speed
    rounds = 1 + (first.steps - 1) // recipe.preview_every if recipe.preview_every else 1
    passes = rounds * medium.preview_passes(base) + medium.passes_before(base, recipe)
    seconds = speed.step * recipe.accumulate * first.steps + speed.passing * passes
    yield replace(first, step_seconds=speed.step, seconds=seconds).to_dict()


def _key(spec: dict[str, Any], recipe: Recipe, batch: Batch) -> tuple[Any, ...]:
    costs = (
        recipe.rank, recipe.dropout > 0, recipe.dora, recipe.gradient_checkpointing, recipe.convolutions,
        recipe.optimizer,
    )  # fmt: skip
    return spec["base"], spec.get("quantize"), bool(spec.get("offload")), batch, *costs


def _data(spec: dict[str, Any]) -> Any:
    if spec.get("photos"):
        from lorakit.data.photos.sets import PhotoSet

        return PhotoSet.from_folder(Path(spec["photos"]), "").without(spec.get("without", []))
    if spec.get("texts"):
        from lorakit.data.texts.sets import TextSet

        return TextSet.from_file(spec["texts"]).without(map(int, spec.get("without", [])))
    return None
