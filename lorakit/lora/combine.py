"""One adapter from several: exactly by concatenation, or shortened to a rank, with its error stated.

Always the deltas are combined, never the factors: adding the A's and the B's of two adapters by themselves
gives cross terms that belong to neither. A weight scales its delta once.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Card, Factors, Mix
from lorakit.lora.matching import check_mix

log = logging.getLogger(__name__)

METHODS = ("concat", "svd", "ties", "dare")
DENSITY = 0.2  # share of the entries that TIES keeps (arXiv 2306.01708, section 5: the top 20%)
KEEP = 0.5  # share of the entries that DARE keeps


@dataclass(frozen=True)
class Part:
    """One adapter's update of one module with its weight folded in: delta = up @ down, in float32."""

    down: Tensor
    up: Tensor

    @property
    def dense(self) -> Tensor:
        return self.up @ self.down


def combine(
    mix: Mix, method: str = "svd", rank: int | None = None, *, density: float | None = None, seed: int = 0
) -> Adapter:
    """One adapter that does what `mix` = {adapter: weight} does.

    - "concat": the ranks side by side; exact, and as large as the adapters together.
    - "svd": the nearest update of `rank` (default: the largest rank in the mix) in every module.
    - "ties": the `density` largest entries of each delta, of which those that agree with the elected sign are
      averaged (arXiv 2306.01708, section 4); then shortened to `rank`.
    - "dare": a random `density` of each delta's entries, rescaled and summed (arXiv 2311.03099, eq. 2); then
      shortened to `rank`.

    What shortening loses is logged and kept in the card: `scores["combined"]` = {"error": in all, "layers":
    {module: error}}, each the Frobenius norm of what is lost over that of the whole. Raises AdapterError for
    an empty mix, adapters of different bases, DoRA (its magnitudes hold only beside their base), an unknown
    method, or a rank or density that cannot be.
    """
    check_mix(mix)
    _check(mix, method, rank, density)
    generator = torch.Generator().manual_seed(seed)
    joined: dict[str, list[Part]] = {}
    for adapter, weight in mix.items():
        adapter.check_finite()
        for name, factors in adapter.modules.items():
            joined.setdefault(name, []).append(_part(factors, weight))
    shapes = {name: (f.down.shape[1:], f.weight_shape) for a in mix for name, f in a.modules.items()}
    wanted = rank or max(adapter.rank for adapter in mix)
    modules, errors = {}, {}
    for name, parts in joined.items():
        if len({(p.up.shape[0], p.down.shape[1]) for p in parts}) > 1:
            raise AdapterError(
                f"{name}: the adapters update layers of different sizes; they are for other bases"
            )
        whole = _stacked(parts)
        if method == "concat":
            short, lost, size = whole, 0.0, 1.0
        elif method == "svd":
            short, lost, size = _shortened(whole, wanted)
        else:
            dense = _merged(method, density, generator)(parts)
            short, lost, size = _shortened_dense(dense, wanted)
        errors[name] = (lost, size)
        modules[name] = _factors(short, shapes[name][0])
    combined = Adapter(modules, _card(mix, method, wanted if method != "concat" else 0))
    combined.card.rank = combined.rank
    combined.card.alpha = float(combined.rank)
    _state_error(combined, errors)
    return combined


def _check(mix: Mix, method: str, rank: int | None, density: float | None) -> None:
    if method not in METHODS:
        raise AdapterError(f"method {method!r} is not known; use one of {', '.join(METHODS)}")
    if rank is not None and (isinstance(rank, bool) or not isinstance(rank, int) or rank < 1):
        raise AdapterError(f"rank is {rank!r}; it must be a whole number of at least 1")
    if density is not None and not 0 < density <= 1:
        raise AdapterError(
            f"density is {density!r}; it is the share of the entries to keep, above 0 and at most 1"
        )
    families = {adapter.family for adapter in mix if adapter.family}
    if len(families) > 1:
        raise AdapterError(
            f"the adapters are for different bases ({', '.join(sorted(families))}) and cannot become one"
        )
    for adapter in mix:
        if any(factors.magnitude is not None for factors in adapter.modules.values()):
            raise AdapterError(
                f"{adapter.name}: is a DoRA adapter, whose magnitudes hold only beside its base; mix it live"
            )


def _part(factors: Factors, weight: float) -> Part:
    return Part(factors.down.float().flatten(1), factors.up.float().flatten(1) * (weight * factors.scale))


def _stacked(parts: list[Part]) -> Part:
    return Part(torch.cat([part.down for part in parts]), torch.cat([part.up for part in parts], dim=1))


def _shortened(whole: Part, rank: int) -> tuple[Part, float, float]:
    """The nearest update of `rank` (Eckart-Young), from the factors alone; also the squared norms of what is
    lost and of the whole.
    """
    left, r_left = torch.linalg.qr(whole.up)
    right, r_right = torch.linalg.qr(whole.down.T)
    u, s, vh = torch.linalg.svd(r_left @ r_right.T)
    return _halved(left @ u[:, :rank], s, vh[:rank] @ right.T, rank)


def _shortened_dense(dense: Tensor, rank: int) -> tuple[Part, float, float]:
    u, s, vh = torch.linalg.svd(dense, full_matrices=False)
    return _halved(u[:, :rank], s, vh[:rank], rank)


def _halved(u: Tensor, s: Tensor, vh: Tensor, rank: int) -> tuple[Part, float, float]:
    half = s[: u.shape[1]].sqrt()
    energy = s.double().square()
    return Part(half[:, None] * vh, u * half), energy[rank:].sum().item(), energy.sum().item()


def _merged(method: str, density: float | None, generator: torch.Generator) -> Callable[[list[Part]], Tensor]:
    if method == "ties":
        return lambda parts: _ties([part.dense for part in parts], density or DENSITY)
    return lambda parts: _dare([part.dense for part in parts], density or KEEP, generator)


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


def _dare(deltas: list[Tensor], density: float, generator: torch.Generator) -> Tensor:
    total = torch.zeros_like(deltas[0])
    for delta in deltas:
        kept = torch.rand(delta.shape, generator=generator) < density
        total += torch.where(kept, delta / density, 0.0)
    return total


def _factors(part: Part, inner: torch.Size) -> Factors:
    rank = part.down.shape[0]
    up = part.up.contiguous().view(part.up.shape[0], rank, *[1] * (len(inner) - 1))
    return Factors(part.down.contiguous().view(rank, *inner), up, float(rank))


def _card(mix: Mix, method: str, rank: int) -> Card:
    names = " + ".join(f"{adapter.name} {weight:g}" for adapter, weight in mix.items())
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
