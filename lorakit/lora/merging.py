"""Folding a mix into the weights, for long runs of one constant mix; and the dense updates by themselves."""

from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Factors, Mix
from lorakit.lora.dora import dora_gain
from lorakit.lora.experts import Share
from lorakit.lora.layers import Layer, dense_weight, is_conv1d
from lorakit.lora.matching import match
from lorakit.lora.mixes import match_mix
from lorakit.lora.modules import modules_of

_originals: "WeakKeyDictionary[Any, dict[str, Tensor]]" = WeakKeyDictionary()


def deltas(adapter: Adapter, model: Any, partial: bool = False) -> dict[str, Tensor]:
    """{module name: dense float32 delta W at weight 1}, each of its layer's shape (out, in[, kh, kw]).

    Experts that one parameter holds are one delta under that parameter's name, in its own shape. `model` may
    be on the meta device, except for DoRA, whose delta depends on the base's weights. Raises AdapterError
    when nothing matches and, without `partial`, when some of its layers are not in the model.
    """
    layers = modules_of(model)
    found: dict[str, Tensor] = {}
    for name, factors in match(adapter, model, layers, partial).modules.items():
        layer, delta = layers[name], _delta(name, layers[name], factors, adapter)
        if isinstance(layer, Share):
            whole = name.partition("[")[0]
            found.setdefault(whole, torch.zeros(layer.whole.shape))
            layer.within(found[whole]).add_(delta)
        else:
            found[name] = delta
    return found


def _delta(name: str, layer: Layer, factors: Factors, adapter: Adapter) -> Tensor:
    delta = factors.delta()
    if factors.magnitude is None:
        return delta
    if layer.weight.is_meta:
        raise AdapterError(
            f"{adapter.name}: {name} is a DoRA update, which needs the base model's weights; load them first"
        )
    base = dense_weight(layer)
    return dora_gain(layer, factors) * (base + delta.to(base.device)) - base


def merge(model: Any, mix: Mix, partial: bool = False) -> None:
    """Fold `mix` into the weights of `model`, which then runs at the base's own speed. `unmerge` undoes it
    exactly. With `partial`, an adapter may have layers that the model lacks.

    The original weights are kept on the CPU. Raises AdapterError, with nothing touched, for an adapter that
    acts in a part of the sampling only, and for a quantized layer: rounding to 4 or 8 bits would swallow most
    of a small update, so such a base runs adapters beside its weights (`applied`).
    """
    if model in _originals:
        raise AdapterError("this model already has a mix merged into it; call unmerge first")
    layers = modules_of(model)
    matched = match_mix(mix, model, partial=partial)
    for placed in matched:
        if not placed.strength.whole:
            raise AdapterError(
                f"{placed.adapter.name}: acts in a part of the sampling only, and merged weights act in all "
                "of it; use the mix live (applied)"
            )
        small = [name for name in placed.modules if layers[name].weight.element_size() == 1]
        if small:
            raise AdapterError(
                f"{placed.adapter.name}: {small[0]} is quantized; merging would round most of the update "
                "away. Use the mix live (applied), or load the base unquantized"
            )
    total: dict[str, Tensor] = {}
    for placed in matched:
        for name, factors in placed.modules.items():
            delta = placed.weights[name] * _delta(name, layers[name], factors, placed.adapter)
            total[name] = total[name] + delta if name in total else delta
    kept = {name: layers[name].weight.detach().to("cpu", copy=True) for name in total}
    _originals[model] = kept
    with torch.no_grad():
        for name, delta in total.items():
            layer = layers[name]
            update = delta.T if is_conv1d(layer) else delta
            layer.weight.copy_(layer.weight.float() + update.to(layer.weight.device))


def is_merged(model: Any) -> bool:
    """Does `model` carry a merged mix?"""
    return model in _originals


def unmerge(model: Any) -> None:
    """Put back the exact weights from before `merge`; harmless when nothing is merged."""
    layers = modules_of(model)
    with torch.no_grad():
        for name, weight in _originals.pop(model, {}).items():
            layers[name].weight.copy_(weight)
