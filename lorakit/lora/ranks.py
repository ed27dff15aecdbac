"""How much of its rank an adapter uses, from what its card says of it. No torch, so a page may ask."""

from collections.abc import Mapping, Sequence
from typing import Any

ENOUGH = 0.99  # of the squared size: what the ranks in use hold together


def ranks_used(shares: Sequence[float], enough: float = ENOUGH) -> int:
    """How many ranks hold `enough` (0..1) of an adapter's squared size: the one answer to how much of its
    rank it uses, wherever it is told. `shares`: of the squared size, by rank, the largest first, as
    `Spectrum.shares` has them.
    """
    together = 0.0
    for count, share in enumerate(shares, 1):
        together += share
        if together >= enough - 1e-6:
            return count
    return len(shares)


def stated_shares(scores: Any) -> list[float]:
    """The shares in a card's `scores["spectrum"]`; empty when it has none that can be read."""
    spectrum = scores.get("spectrum") if isinstance(scores, Mapping) else None
    stated = spectrum.get("shares") if isinstance(spectrum, Mapping) else None
    if not isinstance(stated, Sequence) or isinstance(stated, str):
        return []
    try:
        return [float(share) for share in stated]
    except (TypeError, ValueError):
        return []


def effect_kept(error: float) -> float:
    """Share (0..1) of the squared size that is left at a relative error |D' - D| / |D| of the nearest D' of a
    lower rank (the two are at right angles there: Eckart and Young 1936).
    """
    return max(0.0, 1 - error**2)
