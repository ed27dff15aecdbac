"""Which module of a model each update of an adapter belongs to."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from lorakit.errors import AdapterError
from lorakit.families.table import is_foreign, makes
from lorakit.lora.adapter import Adapter, Factors, readable
from lorakit.lora.aliases import COMPONENTS, TEXT_ENCODERS, aliases
from lorakit.lora.experts import todays_names
from lorakit.lora.layers import Layer, check_fits, weight_shape
from lorakit.lora.modules import modules_of

ANOTHER = "another base model"


@dataclass
class Match:
    """The updates of one adapter that found their module, and the names that found none."""

    modules: dict[str, Factors] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)  # of each module, as the adapter calls it
    unmatched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # of these, those that the model ought to have


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
            f"have no effect; it was made for {_made_for(adapter)}. Not found: {some_of(found.unmatched)}"
        )
    found.missing = _missing(found, model)
    allowed = (partial or adapter.card.partial) and not is_foreign(adapter.family)
    if found.missing and not allowed:
        _refuse_part(adapter, found.missing)
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
    allow = (
        ""
        if is_foreign(adapter.family)
        else (
            "; to use the rest anyway, allow it in part (partial=True, "
            "python -m lorakit adapters use-in-part NAME, or “Use in part” on the Adapters tab)"
        )
    )
    raise AdapterError(
        f"{adapter.name}: {len(missing)} of its {count} modules are not in this model: {some_of(missing)}. "
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
    if is_foreign(adapter.family):
        return adapter.made_for or adapter.card.base[:80] or ANOTHER
    return adapter.made_for or ANOTHER if makes(adapter.family) == "image" else ANOTHER


def some_of(names: list[str]) -> str:
    shown = ", ".join(name[:80] for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")
