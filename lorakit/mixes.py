"""What a mix may be, before any adapter of it is opened: the rules that the page, jobs and terminal share."""

from typing import Any

from lorakit.errors import AdapterError, RecipeError
from lorakit.lora.strength import Strength

MOST_ADAPTERS = 64  # in one mix
METHODS = ("concat", "svd", "ties", "dare")  # of lorakit.lora.combine, which needs torch


def check_strength(name: str, stated: Any) -> Strength:
    """What a mix says of an adapter: a number, or the JSON form of a Strength. Raises RecipeError naming the
    adapter, unless it is one that can be meant.
    """
    try:
        return Strength.from_dict(stated)
    except AdapterError as error:
        raise RecipeError(f"mix: {name}: {error}") from None
