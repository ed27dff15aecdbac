"""Will a stack of adapters hold? The arithmetic of the meter, on n x n figures; no torch, so a page may ask.

What goes in: <delta_i, delta_j> of every pair of adapters at weight 1, each layer's divided by the squared
norm of the base's weight there, summed over the layers. A weight change needs no model and no new figures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lorakit.lora.strength import Strength

# Of the score: up to GREEN a stack behaves like its adapters alone, above RED it falls apart. Found on half
# of the stacks of docs/stability.md and checked on the other half.
GREEN, RED = 1.7, 2.3
Matrix = Sequence[Sequence[float]]


@dataclass(frozen=True)
class StackLoad:
    """How much a stack asks of its base. `products` (n, n) as above; `names` are for sentences."""

    names: list[str]
    products: Matrix

    def size(self, weights: Sequence[float]) -> float:
        """The stack's change: sqrt(sum over layers of |sum of updates|^2 / |base weight|^2)."""
        count = range(len(weights))
        total = math.fsum(weights[i] * weights[j] * self.products[i][j] for i in count for j in count)
        return math.sqrt(max(total, 0.0))

    def sizes(self, weights: Sequence[float]) -> list[float]:
        """The same of every adapter by itself."""
        return [abs(w) * math.sqrt(max(self.products[i][i], 0.0)) for i, w in enumerate(weights)]

    @property
    def unit(self) -> float:
        """The size of one adapter at weight 1: the mean over the adapters that have an effect."""
        alone = [size for size in self.sizes([1.0] * len(self.names)) if size > 0]
        return sum(alone) / len(alone) if alone else 0.0

    def score(self, weights: Sequence[float]) -> float:
        """The stack's size in adapters: 1 is as much change as one adapter at weight 1 makes."""
        return self.size(weights) / self.unit if self.unit else 0.0

    def verdict(self, weights: Sequence[float]) -> str:
        """ "green", "amber" or "red"."""
        score = self.score(weights)
        return "green" if score <= GREEN else "amber" if score <= RED else "red"

    def shares(self, weights: Sequence[float]) -> list[float]:
        """Part of each adapter in the change, by its squared size; they sum to 1."""
        squares = [size**2 for size in self.sizes(weights)]
        return [square / sum(squares) for square in squares] if sum(squares) else squares

    def cancelled(self, weights: Sequence[float]) -> float:
        """Part of the adapters' change that they take from each other, 0 to 1: 1 for w and -w of the same."""
        apart = sum(size**2 for size in self.sizes(weights))
        return min(1.0, max(0.0, 1 - self.size(weights) ** 2 / apart)) if apart else 0.0

    def balanced(self, weights: Sequence[float]) -> list[float]:
        """Weights inside the budget (score at most GREEN): the highest are turned down, first the highest
        alone, until it is as high as the next; none is turned up, and none changes its sign. Every adapter
        was trained to be right at weight 1, so it is weights that are made alike, not sizes.
        """
        if self.score(weights) <= GREEN:
            return list(weights)
        low, high = 0.0, max(map(abs, weights))
        for _ in range(50):
            ceiling = (low + high) / 2
            if self.score(_capped(weights, ceiling)) <= GREEN:
                low = ceiling
            else:
                high = ceiling
        # Rounded as a slider shows them, and still inside the budget where updates cancel each other.
        while low > 0 and self.score(_rounded(_capped(weights, low))) > GREEN:
            low -= 0.01
        return _rounded(_capped(weights, max(low, 0.0)))

    def sentence(self, weights: Sequence[float]) -> str:
        """What to tell a person."""
        shares, verdict = self.shares(weights), self.verdict(weights)
        if not any(shares):
            return "At these strengths, the adapters have no effect."
        loudest = max(range(len(shares)), key=shares.__getitem__)
        name = self.names[loudest]
        if verdict == "green":
            if len(shares) > 1 and shares[loudest] > 0.9:
                return f"Safe, but {name} drowns out the others. Turn it down, or turn them up."
            return "Safe: together they stay within what the base model can handle."
        much = f"together they change {self.score(weights):.1f} times as much as one adapter"
        if verdict == "amber":
            return f"Borderline: {much}. Details may suffer; {name} has the most influence."
        highest = self.names[max(range(len(weights)), key=lambda i: abs(weights[i]))]
        return f"Too much: {much}. Products and scenes are likely to break; turn {highest} down first."


def levels(strengths: Sequence[Strength]) -> list[float]:
    """The largest weight that each adapter has in any block."""
    return [strength.level for strength in strengths]


def moments(strengths: Sequence[Strength]) -> list[list[float]]:
    """The weights at every point of the sampling from which another set of adapters is active than before."""
    starts = sorted({0.0, *(s.start for s in strengths), *(s.end for s in strengths if s.end < 1)})
    return [[s.level if s.acts(start) else 0.0 for s in strengths] for start in starts]


def hardest_moment(load: StackLoad, strengths: Sequence[Strength]) -> list[float]:
    """The weights of that moment of the sampling at which the stack asks most of its base."""
    return max(moments(strengths), key=load.score)


def balanced_levels(load: StackLoad, strengths: Sequence[Strength]) -> list[float]:
    """Weights inside the budget at every moment of the sampling; none is turned up."""
    turned = levels(strengths)
    for moment in moments(strengths):
        active = [level if weight else 0.0 for level, weight in zip(turned, moment, strict=True)]
        inside = load.balanced(active)
        turned = [new if old else level for level, old, new in zip(turned, active, inside, strict=True)]
    return turned


def _capped(weights: Sequence[float], ceiling: float) -> list[float]:
    return [math.copysign(min(abs(weight), ceiling), weight) for weight in weights]


def _rounded(weights: Sequence[float]) -> list[float]:
    """Towards zero, to hundredths."""
    return [math.trunc(weight * 100) / 100 for weight in weights]
