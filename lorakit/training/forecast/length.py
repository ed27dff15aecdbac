"""How many updates a training makes, counted from its data as the loop will, before anything is encoded.

Not covered: photos of the class that lie in a folder of their own (those that the base draws are counted).
"""

import math
from typing import Any

from lorakit.families import Base
from lorakit.training.examples import Plan
from lorakit.training.medium import medium_of
from lorakit.training.recipe import Recipe


def updates(base: Base, recipe: Recipe, data: Any = None) -> int:
    """Updates of the optimizer by one process; `base` may be a shape. Without `data` epochs count nothing."""
    if not recipe.epochs or data is None:
        return recipe.steps
    return max(1, math.ceil(recipe.epochs * batches(base, recipe, data) / recipe.accumulate))


def batches(base: Base, recipe: Recipe, data: Any) -> int:
    """How many batches go through a PhotoSet or a TextSet once, without what is kept aside."""
    groups = medium_of(base).groups(base, recipe, data)
    return max(1, Plan(groups, recipe.batch_size, recipe.seed).per_epoch)
