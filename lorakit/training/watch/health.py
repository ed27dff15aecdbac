"""How large an adapter has grown beside the weights it changes, block by block, from its factors alone.

Not counted: DoRA's magnitudes, which change sizes and not directions.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor

from lorakit import events
from lorakit.lora.inject import Injection, Trained
from lorakit.lora.layers import LoraLinear, weight_norm
from lorakit.lora.pissa import learned

# Trained adapters of the starter bases lie between 0.02 and 0.12 of their weights. Assumptions beyond that:
LARGE = 0.5  # an update half as large as the weight leaves little of the base there
SMALL = 1e-3  # of the median block: it learns nothing


@dataclass(frozen=True)
class Health:
    """`blocks`: ||delta W|| / ||W|| per block, in the model's order (NaN where a factor is none).

    `said` is what is worth a sentence; empty when all is well.
    """

    blocks: dict[str, float]
    said: list[str]

    def to_event(self, step: int) -> events.Health:
        """What the page draws. JSON has no NaN, so a broken block has no size."""
        sizes = [
            [name, round(size, 6) if math.isfinite(size) else None] for name, size in self.blocks.items()
        ]
        return events.Health(step, sizes, self.said)


class BlockSizes:
    """Measures an injection against its base. The base's own norms are taken once, at the first measuring."""

    def __init__(self, injection: Injection):
        self.injection = injection
        self._weights: dict[str, float] = {}

    @torch.no_grad()
    def measure(self) -> Health:
        """Sizes now. A hundred small products: far below the cost of a step."""
        layers = self.injection.layers
        if not self._weights:
            self._weights = {name: weight_norm(layer.base) for name, layer in layers.items()}
        updates = torch.stack([update_norm(layer).cpu() for layer in layers.values()]).tolist()
        blocks: dict[str, list[float]] = {}
        for name, update in zip(layers, updates, strict=True):
            sums = blocks.setdefault(block_of(name), [0.0, 0.0])
            sums[0] += update**2
            sums[1] += self._weights[name] ** 2
        ratios = {name: math.sqrt(up / max(own, 1e-30)) for name, (up, own) in blocks.items()}
        return Health(ratios, in_words(ratios))


def update_norm(layer: Trained) -> Tensor:
    """Frobenius norm of scale * up down, from the two rank x rank Gram matrices: tr(U'U DD')."""
    down, up = learned(layer) if isinstance(layer, LoraLinear) else (layer.down, layer.up)
    down, up = (part.float() if part.dim() == 3 else part.float().flatten(1) for part in (down, up))
    return layer.scale * ((up.mT @ up) * (down @ down.mT)).sum().clamp(min=0).sqrt()


def block_of(name: str) -> str:
    """The block a module belongs to: its path up to the first number, or its parent."""
    numbered = re.match(r".*?\.?\d+(?=\.|$)", name)
    return numbered[0] if numbered else name.rpartition(".")[0] or name


def in_words(ratios: Mapping[str, float]) -> list[str]:
    """Blocks that are broken, too large, or learn nothing, each kind in a sentence."""
    broken = [name for name, ratio in ratios.items() if not math.isfinite(ratio)]
    sound = {name: ratio for name, ratio in ratios.items() if math.isfinite(ratio)}
    typical = median(sound.values()) if sound else 0.0
    large = [name for name, ratio in sound.items() if ratio > LARGE]
    dead = [name for name, ratio in sound.items() if ratio <= SMALL * typical]
    sentences = []
    if broken:
        sentences.append(f"Broken: {listed(broken)} contain invalid numbers (NaN). Lower the learning rate.")
    if sound and len(dead) == len(sound):
        sentences.append("Nothing has been learned yet: no block has changed.")
    elif dead:
        sentences.append(f"Inactive: {listed(dead)} aren't learning.")
    if large:
        sentences.append(
            f"Saturated: {listed(large)} changed by more than half their own size, which leaves little of "
            "the base model. Lower the learning rate, or train for fewer steps."
        )
    return sentences


def listed(names: Iterable[str]) -> str:
    """Names in a sentence, the first three of them."""
    names = list(names)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
