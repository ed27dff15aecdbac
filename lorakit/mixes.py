"""What a mix may be, before any adapter of it is opened: the rules that the page, jobs and terminal share."""

import math
from typing import Any

from lorakit.errors import RecipeError

WEIGHTS = (-2.0, 2.0)  # of an adapter in a mix: beyond, no base draws anything
MOST_ADAPTERS = 64  # in one mix
METHODS = ("concat", "svd", "ties", "dare")  # of lorakit.lora.combine, which needs torch


def check_weight(name: str, weight: Any) -> None:
    """Raise RecipeError, naming the adapter, unless `weight` is one that can be meant."""
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
        raise RecipeError(f"mix: the weight of {name} is {str(weight)[:40]!r}; give a number, usually 0 to 1")
    if not WEIGHTS[0] <= weight <= WEIGHTS[1]:
        low, high = WEIGHTS
        raise RecipeError(f"mix: the weight of {name} is {weight:g}; take one from {low:g} to {high:g}")
