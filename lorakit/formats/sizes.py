"""How large the updates of a file are, where its alpha makes one doubt it."""

import math
from collections.abc import Mapping

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Factors, readable

# Trained LoRAs have scales of about 0.01 to 10 (alpha from 1 to a few times the rank).
USUAL = 100.0
# The entries of a layer's weight are far below 1, and so are those of its update (assumption: no base has
# weights a thousand times as large).
LARGEST = 1_000.0


def check_sizes(file: str, modules: Mapping[str, Factors]) -> None:
    """Raise AdapterError for an update that no picture or text survives, and say which alpha makes it so."""
    for name, factors in modules.items():
        if factors.scale <= USUAL:
            continue
        size = entry(factors)
        if not size <= LARGEST:  # also for what is no number any more
            raise AdapterError(
                f"{file}: its alpha of {factors.alpha:.3g} makes the change of {name[:100]} {size:.1g} per "
                "weight, while a base model's are below 1; export it with the alpha it was trained with"
            )


def entry(factors: Factors) -> float:
    """The root of the mean square of the update's entries: |up down|^2 = sum(up^T up * down down^T)."""
    up, down = (readable(part).flatten(1).double() for part in (factors.up, factors.down))
    square = float(((up.T @ up) * (down @ down.T)).sum())
    return factors.scale * math.sqrt(max(0.0, square) / (up.shape[0] * down.shape[1]))
