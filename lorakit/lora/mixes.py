"""A mix checked against a model before any layer is touched."""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import torch

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Factors, Mix, readable
from lorakit.lora.layers import Layer
from lorakit.lora.matching import Match, match, some_of
from lorakit.lora.modules import modules_of
from lorakit.lora.strength import Strength


@dataclass
class Placed:
    """One adapter of a mix on a model: its updates by module name, with the weight each has there."""

    adapter: Adapter
    strength: Strength
    modules: dict[str, Factors]
    weights: dict[str, float]


def check_mix(mix: Mix) -> None:
    """Raise AdapterError, naming the adapter, for an empty mix or a value that is no Strength and no number
    from -2 to 2.
    """
    if not isinstance(mix, Mapping):
        raise AdapterError(f"a mix maps adapters to their strengths, not a {type(mix).__name__}")
    if not mix:
        raise AdapterError("the mix is empty: give at least one adapter and its strength")
    for adapter, value in mix.items():
        if not isinstance(adapter, Adapter):
            raise AdapterError(
                f"a mix has adapters, not a {type(adapter).__name__}; open it with load_adapter"
            )
        strength_of(adapter, value)


def strength_of(adapter: Adapter, value: float | Strength) -> Strength:
    """The Strength of an adapter in a mix. Raises AdapterError naming the adapter."""
    try:
        strength = Strength.of(value)
        strength.check_groups(adapter.modules)
    except AdapterError as error:
        raise AdapterError(f"{adapter.name}: {error}") from None
    return strength


def twins(adapters: Iterable[Adapter]) -> list[tuple[Adapter, Adapter]]:
    """The pairs that hold the same updates, as one file that was opened twice does."""
    return [
        (one, other) for one, other in combinations(adapters, 2) if one is not other and _same(one, other)
    ]


def warn_of_twins(pairs: Iterable[tuple[Adapter, Adapter]], mix: Iterable[tuple[Adapter, Strength]]) -> None:
    """Warn about `pairs` of `twins` that are both in the mix."""
    strengths = dict(mix)
    for one, other in pairs:
        if one in strengths and other in strengths:
            warnings.warn(
                f"{one.name} and {other.name} are the same adapter, used twice in the mix; its strengths "
                f"{strengths[one]} and {strengths[other]} add up",
                stacklevel=4,
            )


def _same(one: Adapter, other: Adapter) -> bool:
    if one.modules.keys() != other.modules.keys():
        return False
    return all(
        factors.scale == other.modules[name].scale
        and len(factors.tensors()) == len(other.modules[name].tensors())
        and all(
            a.device == b.device and a.dtype == b.dtype and torch.equal(readable(a), readable(b))
            for a, b in zip(factors.tensors(), other.modules[name].tensors(), strict=True)
        )
        for name, factors in one.modules.items()
    )


def match_mix(mix: Mix, model: Any, finite: bool = True, partial: bool = False) -> list[Placed]:
    """Check a whole mix before any layer is touched. Modules that are missing are an error, and with
    `partial` a warning.

    Without `finite`, that every value is a number is left to the caller, who reads them all anyway.
    """
    check_mix(mix)
    strengths = {adapter: strength_of(adapter, value) for adapter, value in mix.items()}
    warn_of_twins(twins(strengths), strengths.items())
    layers = modules_of(model)
    placed = []
    for adapter, strength in strengths.items():
        found = checked_match(adapter, model, layers, finite, partial)
        weights = {target: strength.at(name) for target, name in found.names.items()}
        placed.append(Placed(adapter, strength, found.modules, weights))
    return placed


def checked_match(
    adapter: Adapter, model: Any, layers: Mapping[str, Layer], finite: bool = True, partial: bool = False
) -> Match:
    """The match of an adapter of a mix on a model with these modules, checked; where it may be applied in
    part, what is missing is warned about.
    """
    if finite:
        adapter.check_finite()
    found = match(adapter, model, layers, partial)
    if found.missing:
        warnings.warn(
            f"{adapter.name}: {len(found.missing)} of its {len(adapter.modules)} modules are not in this "
            f"model and have no effect: {some_of(found.missing)}",
            stacklevel=5,
        )
    return found
