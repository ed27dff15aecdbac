"""Which module of a model each update of an adapter belongs to."""

import math
import warnings
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Factors, Mix
from lorakit.lora.layers import Layer, check_fits, weight_shape

# Parts of a pipeline that adapter files name in front of their modules.
COMPONENTS = ("transformer", "unet", "text_encoder", "text_encoder_2", "text_encoder_3")


@dataclass
class Match:
    """The updates of one adapter that found their module, and the names that found none."""

    modules: dict[str, Factors] = field(default_factory=dict)
    unmatched: list[str] = field(default_factory=list)


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


def match(adapter: Adapter, model: Any) -> Match:
    """Find the module of every update. Raises AdapterError when nothing matches or a shape does not fit."""
    modules = modules_of(model)
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
    """Raise AdapterError for an empty mix, or a weight that is not a finite number."""
    if not mix:
        raise AdapterError("the mix is empty: give at least one adapter and its weight")
    for adapter, weight in mix.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not math.isfinite(weight):
            raise AdapterError(
                f"{adapter.name}: its weight is {weight!r}; a weight is a number, usually 0 to 1"
            )


def match_mix(mix: Mix, model: Any, finite: bool = True) -> list[tuple[Adapter, float, dict[str, Factors]]]:
    """Check a whole mix before any layer is touched; updates without a module are warned about by name.

    Without `finite`, that every value is a number is left to the caller, who reads them all anyway.
    """
    check_mix(mix)
    matched = []
    for adapter, weight in mix.items():
        if finite:
            adapter.check_finite()
        found = match(adapter, model)
        missing = [name for name in found.unmatched if not _belongs_elsewhere(name, model)]
        if missing:
            warnings.warn(
                f"{adapter.name}: {len(missing)} of its {len(adapter.modules)} modules are not in this "
                f"model and "
                f"have no effect: {_some(missing)}",
                stacklevel=4,
            )
        matched.append((adapter, float(weight), found.modules))
    return matched


def _resolve(name: str, modules: dict[str, Layer], whole: bool) -> str | None:
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
