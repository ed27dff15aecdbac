"""One adapter from several: exactly by concatenation, or shortened to a rank, with its error stated.

Always the deltas are combined, never the factors: adding the A's and the B's of two adapters by themselves
gives cross terms that belong to neither. A weight scales its delta once.
"""

import logging
import math
from collections.abc import Iterator

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.lora import low_rank
from lorakit.lora.adapter import Adapter, Card, Factors, Mix
from lorakit.lora.low_rank import LowRank, Truncated
from lorakit.lora.methods import METHODS
from lorakit.lora.mixes import check_mix, strength_of, twins, warn_of_twins

log = logging.getLogger(__name__)

DENSITY = 0.2  # share of the entries that TIES keeps (arXiv 2306.01708, section 5: the top 20%)
KEEP = 0.5  # share of the entries that DARE keeps
PROTECT = 0.9  # assumption: share of the product that "project" keeps others away from
Parts = list[tuple[Adapter, LowRank]]


def combine(
    mix: Mix,
    method: str = "svd",
    rank: int | None = None,
    *,
    density: float | None = None,
    protect: float | None = None,
    seed: int = 0,
) -> Adapter:
    """One adapter that does what `mix` = {adapter: number or Strength} does.

    - "concat": the ranks side by side; exact, and as large as the adapters together.
    - "svd": the nearest update of `rank` (default: the largest rank in the mix) in every module.
    - "ties": the `density` largest entries of each delta, of which those that agree with the elected sign are
      averaged (arXiv 2306.01708, section 4); then shortened to `rank`.
    - "dare": a random `density` of each delta's entries, rescaled and summed (arXiv 2311.03099, eq. 2); then
      shortened to `rank`.
    - "project": product first. In each layer the other adapters are made deaf to the input directions that
      hold `protect` (default 0.9) of the first one's update, so that they cannot act where the product does;
      then side by side, shortened only when `rank` is given. NP-LoRA (arXiv 2511.11051) with the roles
      exchanged: there the style is protected, here the product.

    What shortening loses is logged and kept in the card: `scores["combined"]` = {"error": in all, "layers":
    {module: error}}, each the Frobenius norm of what is lost over that of the whole; for "project" also
    "removed": {adapter's name: share of its squared size that was taken away}. Raises AdapterError for an
    empty mix, adapters of different bases, one that acts in a part of the sampling only, DoRA (its magnitudes
    hold only beside their base), an unknown method, or a rank, density or protect that cannot be.
    """
    check_mix(mix)
    warn_of_twins(twins(mix), ((adapter, strength_of(adapter, value)) for adapter, value in mix.items()))
    _check(mix, method, rank, density, protect)
    joined = _joined(mix)
    removed: dict[str, float] = {}
    if method == "project":
        joined, removed = _projected(joined, next(iter(mix)), protect or PROTECT)
    wanted = rank or (None if method in ("concat", "project") else max(adapter.rank for adapter in mix))
    if method == "concat":
        wanted = None
    generator = torch.Generator().manual_seed(seed)
    inner = {name: f.down.shape[1:] for adapter in mix for name, f in adapter.modules.items()}
    modules, errors = {}, {}
    for name, here in joined.items():
        short = _one([part for _, part in here], method, wanted, density, generator)
        errors[name] = (short.lost, short.squared_norm)
        modules[name] = _factors(short.part, inner[name])
    combined = Adapter(modules, _card(mix, method, wanted or 0))
    combined.card.rank = combined.rank
    combined.card.alpha = float(combined.rank)
    _state_error(combined, errors)
    if removed:
        combined.card.scores["combined"]["removed"] = removed
    return combined


def _joined(mix: Mix) -> dict[str, Parts]:
    """Every adapter's part of each module, weights folded in."""
    joined: dict[str, Parts] = {}
    for adapter, value in mix.items():
        strength = strength_of(adapter, value)
        adapter.check_finite()
        for name, factors in adapter.modules.items():
            joined.setdefault(name, []).append((adapter, low_rank.low_rank_of(factors, strength.at(name))))
    for name, here in joined.items():
        if len({(part.up.shape[0], part.down.shape[1]) for _, part in here}) > 1:
            raise AdapterError(
                f"{name}: the adapters update layers of different sizes; they are for different base models"
            )
    return joined


def _one(
    here: list[LowRank], method: str, rank: int | None, density: float | None, generator: torch.Generator
) -> Truncated:
    """What becomes of one module's parts."""
    if method in ("ties", "dare"):
        assert rank is not None
        deltas = (part.dense for part in here)
        dense = (
            _ties(list(deltas), density or DENSITY)
            if method == "ties"
            else _dare(deltas, density or KEEP, generator)
        )
        return low_rank.truncated_dense(dense, rank, generator)
    whole = low_rank.stacked(here)
    return Truncated(whole) if rank is None else low_rank.truncated(whole, rank)


def _projected(
    joined: dict[str, Parts], product: Adapter, share: float
) -> tuple[dict[str, Parts], dict[str, float]]:
    """The parts, the others without what they would do in the product's directions; how much that took."""
    before: dict[Adapter, float] = {}
    after: dict[Adapter, float] = {}
    found: dict[str, Parts] = {}
    for name, here in joined.items():
        own = next((part for adapter, part in here if adapter is product), None)
        rows = low_rank.principal_rows(own, share) if own is not None else None
        found[name] = []
        for adapter, part in here:
            kept = part if rows is None or adapter is product else low_rank.without_rows(part, rows)
            found[name].append((adapter, kept))
            before[adapter] = before.get(adapter, 0.0) + low_rank.squared_norm(part)
            after[adapter] = after.get(adapter, 0.0) + low_rank.squared_norm(kept)
    taken = {a.name: 1 - after[a] / size if size else 0.0 for a, size in before.items() if a is not product}
    return found, taken


def _check(mix: Mix, method: str, rank: int | None, density: float | None, protect: float | None) -> None:
    if method not in METHODS:
        raise AdapterError(f"method {method!r} is not known; use one of {', '.join(METHODS)}")
    if rank is not None and (isinstance(rank, bool) or not isinstance(rank, int) or rank < 1):
        raise AdapterError(f"rank is {rank!r}; it must be a whole number of at least 1")
    if density is not None and not 0 < density <= 1:
        raise AdapterError(f"density is {density!r}; it is the share of entries to keep: above 0, max. 1")
    if protect is not None and not 0 < protect <= 1:
        raise AdapterError(
            f"protect is {protect!r}; it is the share of the product to protect, above 0 and at most 1"
        )
    families = {adapter.family for adapter in mix if adapter.family}
    if len(families) > 1:
        raise AdapterError(
            f"the adapters are for different base models ({', '.join(sorted(families))}) and "
            "can't be combined"
        )
    for adapter, value in mix.items():
        if not strength_of(adapter, value).whole:
            raise AdapterError(
                f"{adapter.name} is active for only part of the steps, which a combined adapter can't be; "
                "use it in a mix"
            )
        if any(factors.magnitude is not None for factors in adapter.modules.values()):
            raise AdapterError(f"{adapter.name} is a DoRA adapter and can't be combined; use it in a mix")


def _ties(deltas: list[Tensor], density: float) -> Tensor:
    """Trim, elect a sign by total mass, and average what agrees with it."""
    trimmed = torch.stack([_trimmed(delta, density) for delta in deltas])
    sign = torch.sign(trimmed.sum(0))
    agrees = (torch.sign(trimmed) == sign) & (trimmed != 0)
    return (trimmed * agrees).sum(0) / agrees.sum(0).clamp(min=1)


def _trimmed(delta: Tensor, density: float) -> Tensor:
    count = max(1, math.ceil(density * delta.numel()))
    least = delta.abs().flatten().kthvalue(delta.numel() - count + 1).values
    return torch.where(delta.abs() >= least, delta, 0.0)


def _dare(deltas: Iterator[Tensor], density: float, generator: torch.Generator) -> Tensor:
    """One delta at a time: dense ones are large."""
    total = torch.zeros(())
    for delta in deltas:
        kept = torch.rand(delta.shape, generator=generator) < density
        total = total + torch.where(kept, delta / density, 0.0)
    return total


def _factors(part: LowRank, inner: torch.Size) -> Factors:
    rank = part.down.shape[0]
    up = part.up.contiguous().view(part.up.shape[0], rank, *[1] * (len(inner) - 1))
    return Factors(part.down.contiguous().view(rank, *inner), up, float(rank))


def _card(mix: Mix, method: str, rank: int) -> Card:
    names = " + ".join(f"{adapter.name} {strength_of(adapter, value)}" for adapter, value in mix.items())
    first = next(iter(mix))
    how = f"{method}, rank {rank}" if rank else method
    commercial = [adapter.card.commercial for adapter in mix]
    return Card(
        name=names, trigger=" ".join(adapter.trigger for adapter in mix if adapter.trigger),
        base=first.card.base, family=next((a.family for a in mix if a.family), ""),
        licence=", ".join(sorted({a.card.licence for a in mix if a.card.licence})),
        commercial=False if False in commercial else None if None in commercial else True,
        notes=f"combined from {names} ({how})",
    )  # fmt: skip


def _state_error(adapter: Adapter, errors: dict[str, tuple[float, float]]) -> None:
    layers = {name: math.sqrt(lost / size) if size else 0.0 for name, (lost, size) in errors.items()}
    whole = sum(size for _, size in errors.values())
    error = math.sqrt(sum(lost for lost, _ in errors.values()) / whole) if whole else 0.0
    adapter.card.scores["combined"] = {"error": error, "layers": layers}
    for name, lost in layers.items():
        log.info("%s: %.2f%% of its update lost", name, 100 * lost)
    log.info("combined into rank %d: %.2f%% of the updates lost in all", adapter.rank, 100 * error)
