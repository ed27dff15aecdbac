"""Which module of a model each update of an adapter belongs to."""

import math
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import torch
from torch import Tensor, nn

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Factors, Mix, readable
from lorakit.lora.aliases import COMPONENTS, TEXT_ENCODERS, aliases
from lorakit.lora.experts import BareWeights, shares_of, todays_names
from lorakit.lora.layers import Layer, check_fits, weight_shape
from lorakit.lora.strength import Strength

ANOTHER = "another base model"
# The families that have bases here: of an adapter for any other not even a part is applied.
FAMILIES = ("flux", "flux2", "sdxl", "sd15", "llm", "")


@dataclass
class Match:
    """The updates of one adapter that found their module, and the names that found none."""

    modules: dict[str, Factors] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # of each module, as the adapter calls it
    unmatched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # of these, those that the model ought to have


@dataclass
class Placed:
    """One adapter of a mix on a model: its updates by module name, with the weight each has there."""

    adapter: Adapter
    strength: Strength
    modules: dict[str, Factors]
    weights: dict[str, float]


def modules_of(model: Any) -> dict[str, Layer]:
    """Every module by name, and every weight of experts; those of a pipeline carry their component's name in
    front.
    """
    if isinstance(model, nn.Module):
        modules = dict(model.named_modules())
        return modules | shares_of(modules)
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
    """Are these the model's modules of these names, and the same shares of its experts?"""
    try:
        places = zip(_places(model, layers), layers.values(), strict=True)
        return all(siblings.get(leaf) == layer for (siblings, leaf), layer in places)
    except (AttributeError, KeyError):
        return False


def _places(model: Any, names: Iterable[str]) -> Iterator[tuple[dict[str, Layer] | BareWeights, str]]:
    """For each module the table of modules that it is in, and its name there."""
    parents: dict[str, Layer] = {}
    for name in names:
        parent, _, leaf = name.rpartition(".")
        if parent not in parents:
            whole, path = model, parent
            if not isinstance(model, nn.Module):
                component, _, path = parent.partition(".")
                whole = getattr(model, component)
            for part in filter(None, path.split(".")):
                whole = whole._modules[part]  # get_submodule takes ten times as long
            parents[parent] = whole
        siblings = parents[parent]._modules
        yield siblings if leaf in siblings else BareWeights(parents[parent]), leaf


def match(
    adapter: Adapter, model: Any, modules: Mapping[str, Layer] | None = None, partial: bool = False
) -> Match:
    """Find the module of every update.

    Raises AdapterError when nothing matches, when a shape does not fit, and, unless `partial` or the
    adapter's card allows it, when modules are missing: a base that only looks like the right one has some of
    them. The layers of a component that was not given (a text encoder, beside a denoiser) are not missing.
    `modules` are the model's, where they are known already.
    """
    modules = modules_of(model) if modules is None else modules
    _check_weights(adapter, modules, whole=isinstance(model, nn.Module))
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
            _check_fits(target, modules[target], found.modules[target], adapter)
    if not found.modules:
        raise AdapterError(
            f"{adapter.name}: none of its modules ({len(adapter.modules)}) is in this model, so it would "
            f"have no effect; it was made for {_made_for(adapter)}. Not found: {_some(found.unmatched)}"
        )
    found.missing = _missing(found, model)
    allowed = (partial or adapter.card.partial) and adapter.family in FAMILIES
    if found.missing and not allowed:
        _refuse_part(adapter, found.missing)
    return found


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
            f"model and have no effect: {_some(found.missing)}",
            stacklevel=5,
        )
    return found


def _resolve(name: str, modules: Mapping[str, Layer], whole: bool) -> str | None:
    def carries(name: str) -> bool:
        return weight_shape(modules.get(name)) is not None

    if carries(name):
        return name
    component, _, rest = name.partition(".")
    names = [name, rest] if whole and component in COMPONENTS else [name]
    if not whole:
        names += [f"{denoiser}.{name}" for denoiser in ("transformer", "unet")]
    for each in names:
        # Of several places that the model has, none is the one that is meant.
        places = [each] if each in modules else [other for other in aliases(each) if other in modules]
        today = [other for place in (each, *aliases(each)) for other in todays_names(place)]
        found = [*filter(carries, places)] or [*filter(carries, dict.fromkeys(today))] or places
        if len(found) == 1:
            return found[0]
    return None


def _check_weights(adapter: Adapter, modules: Mapping[str, Layer], whole: bool) -> None:
    """Raise AdapterError for a weight that the adapter brings along and that is not the base's own."""
    for name, theirs in adapter.weights.items():
        place, _, what = name.rpartition(".")
        target = _resolve(place, modules, whole)
        ours = None if target is None else getattr(modules[target], what, None)
        if not isinstance(ours, Tensor):
            raise AdapterError(f"{adapter.name} brings its own {place}, which this model doesn't have")
        if ours.shape[:1] != theirs.shape[:1] and ours.shape[1:] == theirs.shape[1:]:
            raise AdapterError(
                f"{adapter.name}: its {place} has {theirs.shape[0]:,} tokens, this base model's has "
                f"{ours.shape[0]:,}: its vocabulary grew in training, which isn't supported; train it "
                "without added tokens"
            )
        if not _is_same(ours, theirs):
            raise AdapterError(
                f"{adapter.name} brings its own {place}, which differs from this base model's: it was made "
                "for another base model, or that layer was trained as a whole, which isn't supported"
            )


def _is_same(ours: Tensor, theirs: Tensor) -> bool:
    """Are they the same numbers, as far as the coarser type of the two tells? Of weights without values, or
    quantized ones, the shape is all that can be compared.
    """
    if ours.is_meta or not ours.is_floating_point():
        return ours.is_meta is False or ours.shape == theirs.shape
    if ours.shape != theirs.shape:
        return False
    coarser = min((readable(ours).dtype, readable(theirs).dtype), key=lambda dtype: dtype.itemsize)
    return torch.equal(readable(ours).detach().to("cpu", coarser), readable(theirs).to("cpu", coarser))


def _as_convolution(factors: Factors, layer: Layer) -> Factors:
    """A convolution's update that its file keeps flat, (rank, in * kh * kw), in the layer's shape."""
    shape = weight_shape(layer)
    if shape is None or len(shape) != 4 or len(factors.weight_shape) != 2:
        return factors
    if factors.weight_shape[1] != math.prod(shape[1:]):
        return factors
    down, up = factors.down.reshape(factors.rank, *shape[1:]), factors.up[:, :, None, None]
    return Factors(down, up, factors.alpha, factors.magnitude, factors.rslora)


def _missing(found: Match, model: Any) -> list[str]:
    """The names without a module that are not those of a component that was not given."""
    if isinstance(model, nn.Module):
        given = {name.partition(".")[0] for name in found.names.values()}
        absent = set(COMPONENTS) - given
    else:
        absent = {part for part in TEXT_ENCODERS if not isinstance(getattr(model, part, None), nn.Module)}
    return [name for name in found.unmatched if name.partition(".")[0] not in absent]


def _refuse_part(adapter: Adapter, missing: list[str]) -> None:
    """Raise AdapterError: a base that has only some of its layers is probably another one."""
    count = len(adapter.modules)
    foreign = adapter.family not in FAMILIES
    allow = (
        ""
        if foreign
        else (
            "; to use the rest anyway, allow it in part (partial=True, "
            "python -m lorakit adapters --in-part NAME, or “Use in part” on the Adapters tab)"
        )
    )
    raise AdapterError(
        f"{adapter.name}: {len(missing)} of its {count} modules are not in this model: {_some(missing)}. "
        f"It was made for {_made_for(adapter)}{allow}"
    )


def _check_fits(name: str, layer: Layer, factors: Factors, adapter: Adapter) -> None:
    try:
        check_fits(name, layer, factors, adapter.name)
    except AdapterError as error:
        if _made_for(adapter) == ANOTHER:
            raise
        raise AdapterError(str(error).replace(ANOTHER, f"{ANOTHER} ({_made_for(adapter)})")) from None


def _made_for(adapter: Adapter) -> str:
    if adapter.family not in FAMILIES:
        return adapter.made_for or adapter.card.base[:80] or ANOTHER
    return ANOTHER if adapter.family in ("llm", "") else adapter.made_for or ANOTHER


def _some(names: list[str]) -> str:
    shown = ", ".join(name[:80] for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")
