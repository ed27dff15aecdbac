"""How many updates a training makes, counted from its data as the loop will, before anything is encoded.

Not covered: photos of the class that lie in a folder of their own (those that the base draws are counted).
"""

import math
from typing import Any

from lorakit.families import Base, family_of
from lorakit.training.examples import Plan
from lorakit.training.held_out import held_out_photos
from lorakit.training.recipe import Recipe
from lorakit.training.text_examples import packed


def updates(base: Base, recipe: Recipe, data: Any = None) -> int:
    """Updates of the optimizer by one process; `base` may be a shape. Without `data` epochs count nothing."""
    if not recipe.epochs or data is None:
        return recipe.steps
    return max(1, math.ceil(recipe.epochs * batches(base, recipe, data) / recipe.accumulate))


def batches(base: Base, recipe: Recipe, data: Any) -> int:
    """How many batches go through a PhotoSet or a TextSet once, without what is kept aside."""
    groups = _photos(base, recipe, data) if base.pipeline is not None else _texts(base, recipe, data)
    return max(1, Plan(groups, recipe.batch_size, recipe.seed).per_epoch)


def _photos(base: Base, recipe: Recipe, data: Any) -> list[list[int]]:
    area = recipe.resolution**2 or base.settings.area
    buckets = data.buckets(area, family_of(base).step)
    placed = [photo for members in buckets.values() for photo in members]
    aside = held_out_photos(placed, recipe.held_out, recipe.seed)
    groups, first = [], 0
    for members in buckets.values():
        groups.append([i for i in range(first, first + len(members)) if i not in aside])
        first += len(members)
    return [*groups, list(range(recipe.class_images))]


def _texts(base: Base, recipe: Recipe, data: Any) -> list[list[int]]:
    learned = data.split(recipe.held_out, recipe.seed)[0]
    rows = learned.tokenize(base.tokenizer, recipe.max_length)
    return [list(range(len(packed(rows, recipe.max_length) if recipe.packing else rows)))]
