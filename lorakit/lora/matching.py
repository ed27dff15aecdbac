"""Which module of a model each update of an adapter belongs to."""

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import torch
from torch import nn

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Factors, Mix, readable
from lorakit.lora.layers import Layer, check_fits, weight_shape
from lorakit.lora.strength import Strength

# Parts of a pipeline that adapter files name in front of their modules.
COMPONENTS = ("transformer", "unet", "text_encoder", "text_encoder_2", "text_encoder_3")


@dataclass
class Match:
    """The updates of one adapter that found their module, and the names that found none."""

    modules: dict[str, Factors] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # of each module, as the adapter calls it
    unmatched: list[str] = field(default_factory=list)


@dataclass
class Placed:
    """One adapter of a mix on a model: its updates by module name, with the weight each has there."""

    adapter: Adapter
    strength: Strength
    modules: dict[str, Factors]
    weights: dict[str, float]


def modules_of(model: Any) -> dict[str, Layer]:
    """Every module by name; those of a pipeline carry their component's name in front."""
    if isinstance(model, nn.Module):
        return dict(model.named_modules())
    named = {}
    for component in COMPONENTS:
        part = getattr(model, component, None)
        if isinstance(part, nn.Module):
            named.update({f"{component}.{name}": module for name, module in part.named_modules()})
    if not named:
        raise AdapterError(
            f"an adapter goes onto a torch module or a pipeline, not onto a {type(model).__name__}"
        )
    return named


def replace_modules(model: Any, replacements: Mapping[str, Layer]) -> dict[str, Layer]:
    """Set each named module to its replacement and return what was there before."""
    before = {}
    for (siblings, leaf), (name, module) in zip(
        _places(model, replacements), replacements.items(), strict=True
    ):
        before[name] = siblings[leaf]
        siblings[leaf] = module
    return before


def holds(model: Any, layers: Mapping[str, Layer]) -> bool:
    """Are these, by identity, the model's modules of these names?"""
    try:
        places = zip(_places(model, layers), layers.values(), strict=True)
        return all(siblings.get(leaf) is layer for (siblings, leaf), layer in places)
    except (AttributeError, KeyError):
        return False


def _places(model: Any, names: Iterable[str]) -> Iterator[tuple[dict[str, Layer], str]]:
    """For each module the table of modules that it is in, and its name there."""
    parents: dict[str, dict[str, Layer]] = {}
    for name in names:
        parent, _, leaf = name.rpartition(".")
        if parent not in parents:
            whole, path = model, parent
            if not isinstance(model, nn.Module):
                component, _, path = parent.partition(".")
                whole = getattr(model, component)
            for part in filter(None, path.split(".")):
                whole = whole._modules[part]  # get_submodule takes ten times as long
            parents[parent] = whole._modules
        yield parents[parent], leaf


def match(adapter: Adapter, model: Any, modules: Mapping[str, Layer] | None = None) -> Match:
    """Find the module of every update. Raises AdapterError when nothing matches or a shape does not fit.

    `modules` are the model's, where they are known already.
    """
    modules = modules_of(model) if modules is None else modules
    found = Match()
    for name, factors in adapter.modules.items():
        target = _resolve(name, modules, whole=isinstance(model, nn.Module))
        if target is None:
            found.unmatched.append(name)
        elif target in found.modules:
            raise AdapterError(
                f"{adapter.name}: two updates meet at {target}; give the whole pipeline to tell them apart"
            )
        else:
            found.names[target] = name
            found.modules[target] = _as_convolution(factors, modules[target])
            check_fits(target, modules[target], found.modules[target], adapter.name)
    if not found.modules:
        raise AdapterError(
            f"{adapter.name}: none of its {len(adapter.modules)} modules is in this model, so it would "
            f"have no effect; "
            f"it was made for another base. Not found: {_some(found.unmatched)}"
        )
    return found


def check_mix(mix: Mix) -> None:
    """Raise AdapterError, naming the adapter, for an empty mix or a value that is no Strength and no number
    from -2 to 2.
    """
    if not isinstance(mix, Mapping):
        raise AdapterError(f"a mix is a table of adapters with their weights, not a {type(mix).__name__}")
    if not mix:
        raise AdapterError("the mix is empty: give at least one adapter and its weight")
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


def say_twice(pairs: Iterable[tuple[Adapter, Adapter]], mix: Iterable[tuple[Adapter, Strength]]) -> None:
    """Warn about `pairs` of `twins` that are both in the mix."""
    strengths = dict(mix)
    for one, other in pairs:
        if one in strengths and other in strengths:
            warnings.warn(
                f"{one.name} and {other.name}: are the same adapter, which is in the mix twice; its weights "
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


def match_mix(mix: Mix, model: Any, finite: bool = True) -> list[Placed]:
    """Check a whole mix before any layer is touched; updates without a module are warned about by name.

    Without `finite`, that every value is a number is left to the caller, who reads them all anyway.
    """
    check_mix(mix)
    strengths = {adapter: strength_of(adapter, value) for adapter, value in mix.items()}
    say_twice(twins(strengths), strengths.items())
    layers = modules_of(model)
    placed = []
    for adapter, strength in strengths.items():
        found = matched(adapter, model, layers, finite)
        weights = {target: strength.at(name) for target, name in found.names.items()}
        placed.append(Placed(adapter, strength, found.modules, weights))
    return placed


def matched(adapter: Adapter, model: Any, layers: Mapping[str, Layer], finite: bool = True) -> Match:
    """The match of an adapter of a mix on a model with these modules, checked; updates without a module are
    warned about.
    """
    if finite:
        adapter.check_finite()
    found = match(adapter, model, layers)
    missing = [name for name in found.unmatched if not _belongs_elsewhere(name, model)]
    if missing:
        warnings.warn(
            f"{adapter.name}: {len(missing)} of its {len(adapter.modules)} modules are not in this model and "
            f"have no effect: {_some(missing)}",
            stacklevel=5,
        )
    return found


def _resolve(name: str, modules: Mapping[str, Layer], whole: bool) -> str | None:
    if name in modules:
        return name
    for other in _aliases(name):
        if other in modules:
            return other
    component, _, rest = name.partition(".")
    if whole and component in COMPONENTS:
        return next((other for other in (rest, *_aliases(rest)) if other in modules), None)
    if not whole:
        for denoiser in ("transformer", "unet"):
            if f"{denoiser}.{name}" in modules:
                return f"{denoiser}.{name}"
    return None


def _aliases(name: str) -> list[str]:
    """transformers 5 has no `text_model.` level in CLIP's text encoders; files of before name it."""
    if "text_model." in name:
        return [name.replace("text_model.", "", 1)]
    component, _, rest = name.rpartition("encoder.layers.")
    if component in ("", *(f"{part}." for part in COMPONENTS[2:])) and rest:
        return [f"{component}text_model.encoder.layers.{rest}"]
    return []


def _as_convolution(factors: Factors, layer: Layer) -> Factors:
    """A convolution's update that its file keeps flat, (rank, in * kh * kw), in the layer's shape."""
    shape = weight_shape(layer)
    if shape is None or len(shape) != 4 or len(factors.weight_shape) != 2:
        return factors
    if factors.weight_shape[1] != math.prod(shape[1:]):
        return factors
    down, up = factors.down.reshape(factors.rank, *shape[1:]), factors.up[:, :, None, None]
    return Factors(down, up, factors.alpha, factors.magnitude, factors.rslora)


def _belongs_elsewhere(name: str, model: Any) -> bool:
    """A denoiser alone was given and the update is one of a text encoder: nothing to warn about."""
    return isinstance(model, nn.Module) and name.partition(".")[0] in COMPONENTS[2:]


def _some(names: list[str]) -> str:
    shown = ", ".join(name[:80] for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")
