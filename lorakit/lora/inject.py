"""Putting adapters onto a model and taking them off again: live mixes and trainable layers.

The model's own layers are never changed: a targeted layer is replaced by one that calls it. Folding a mix
into the weights is `lorakit.lora.merging`. Not covered: two threads that use one model at the same time.
"""

import math
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Factors, Mix
from lorakit.lora.layers import (
    DoraLinear,
    Layer,
    LoraConv2d,
    LoraLinear,
    check_fits,
    device_of,
    stacked,
    weight_shape,
)
from lorakit.lora.matching import check_mix, match_mix, modules_of
from lorakit.lora.pissa import learned, start_at_main_directions

CACHED_MIXES = 4  # assumption: a compare view alternates between two, a campaign uses one

_stacks: "WeakKeyDictionary[Any, OrderedDict]" = WeakKeyDictionary()
_live: "WeakKeyDictionary[Any, Live]" = WeakKeyDictionary()


@dataclass(frozen=True)
class Live:
    """What `applied` has put into a model."""

    mix: Mix
    wrappers: dict[str, Layer]
    originals: dict[str, Layer]


@contextmanager
def applied(model: Any, mix: Mix) -> Iterator[Any]:
    """Run `model` (a module or a pipeline) with `mix` = {adapter: weight} inside the block.

    On exit, also after an exception, the model is bit for bit what it was. Inside another `applied` the
    mixes add up. Everything is checked first: raises AdapterError, with nothing touched, for an empty mix,
    a weight that is not a number, NaN in an adapter, shapes that do not fit, or an adapter of which no
    module is in the model.
    """
    outer = _live.get(model)
    with _without(model, outer):
        check_mix(mix)
        total = dict(outer.mix) if outer else {}
        for adapter, weight in mix.items():
            total[adapter] = total.get(adapter, 0.0) + weight
        wrappers = _cached_wrappers(model, total)
        _live[model] = Live(total, wrappers, replace_modules(model, wrappers))
        try:
            yield model
        finally:
            replace_modules(model, _live.pop(model).originals)


@contextmanager
def _without(model: Any, outer: Live | None) -> Iterator[None]:
    """Take an outer mix off, so that the layers show under their own names, and put it back afterwards."""
    if outer is None:
        yield
        return
    replace_modules(model, outer.originals)
    try:
        yield
    finally:
        replace_modules(model, outer.wrappers)
        _live[model] = outer


def forget_stacks(model: Any) -> None:
    """Drop what is cached for `model`; needed when its weights change, since DoRA's gains depend on them."""
    _stacks.pop(model, None)


def replace_modules(model: Any, replacements: dict[str, Layer]) -> dict[str, Layer]:
    """Set each named module to its replacement and return what was there before."""
    before = {}
    for name, module in replacements.items():
        parent_name, _, leaf = name.rpartition(".")
        parent = (
            model.get_submodule(parent_name)
            if isinstance(model, nn.Module)
            else _pipeline_module(model, parent_name)
        )
        before[name] = parent._modules[leaf]
        parent._modules[leaf] = module
    return before


def _pipeline_module(pipeline: Any, name: str) -> nn.Module:
    component, _, rest = name.partition(".")
    return getattr(pipeline, component).get_submodule(rest)


def _cached_wrappers(model: Any, mix: Mix) -> dict[str, Layer]:
    cache = _stacks.setdefault(model, OrderedDict())
    key = frozenset(mix.items()), _placement(model)
    if key in cache:
        cache.move_to_end(key)
        return cache[key]
    cache[key] = _wrappers(model, mix)
    while len(cache) > CACHED_MIXES:
        cache.popitem(last=False)
    return cache[key]


def _placement(model: Any) -> tuple:
    modules = (
        [model]
        if isinstance(model, nn.Module)
        else [m for m in vars(model).values() if isinstance(m, nn.Module)]
    )
    first = [next(module.parameters(), None) for module in modules]
    return tuple((p.device, p.dtype) for p in first if p is not None)


def _wrappers(model: Any, mix: Mix) -> dict[str, Layer]:
    parts: dict[str, list[tuple[Factors, float]]] = {}
    for _, weight, matched in match_mix(mix, model):
        for name, factors in matched.items():
            parts.setdefault(name, []).append((factors, weight))
    layers = modules_of(model)
    return {name: stacked(layers[name], part).train(layers[name].training) for name, part in parts.items()}


class Injection:
    """Trainable updates living in a model; made by `trainable`."""

    def __init__(self, model: nn.Module, layers: dict[str, LoraLinear], alpha: float, rslora: bool):
        self.model = model
        self.layers = layers
        self.alpha = alpha
        self.rslora = rslora
        self._originals: dict[str, Layer] | None = replace_modules(model, dict(layers))

    def parameters(self) -> list[nn.Parameter]:
        """Every trained tensor, in a stable order."""
        return [p for layer in self.layers.values() for p in layer.parameters(recurse=False)]

    def named_parameters(self) -> dict[str, nn.Parameter]:
        """The trained tensors by `<module>.<down | up | magnitude>`."""
        return {
            f"{name}.{leaf}": p
            for name, layer in self.layers.items()
            for leaf, p in layer.named_parameters(recurse=False)
        }

    def factors(self) -> dict[str, Factors]:
        """A copy of what has been learned so far, per module name, in float32 on the CPU.

        PiSSA's have twice the rank: what was learned, and the start that it is counted from, subtracted.
        """
        return {name: self._factors_of(layer) for name, layer in self.layers.items()}

    def _factors_of(self, layer: LoraLinear) -> Factors:
        magnitude = _copy(layer.magnitude) if isinstance(layer, DoraLinear) else None
        down, up = learned(layer)
        more = up.shape[1] / layer.up.shape[1]
        alpha = self.alpha * (more**0.5 if self.rslora else more)
        return Factors(_copy(down), _copy(up), alpha, magnitude, self.rslora)

    def fixed(self) -> dict[str, torch.Tensor]:
        """What a training does not change but must find again to go on: PiSSA's starts, by name."""
        return {
            f"{name}.start.{leaf}": getattr(layer.base, leaf)
            for name, layer in self.layers.items()
            if isinstance(layer.base, LoraLinear)
            for leaf in ("down", "up")
        }

    def set_training(self, training: bool) -> None:
        """Switch dropout on or off."""
        for layer in self.layers.values():
            layer.training = training

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """The bare model inside the block, for work that must not see the training."""
        self.remove()
        try:
            yield
        finally:
            self._originals = replace_modules(self.model, dict(self.layers))

    def remove(self) -> None:
        """Put the model's own layers back; harmless when already done."""
        if self._originals is not None:
            replace_modules(self.model, self._originals)
            self._originals = None


def trainable(
    model: nn.Module,
    targets: Sequence[str],
    rank: int,
    alpha: float,
    *,
    rslora: bool = False,
    dora: bool = False,
    pissa: bool = False,
    dropout: float = 0.0,
    seed: int = 0,
) -> Injection:
    """Freeze `model` and put a trainable update of `rank` beside each module named in `targets`.

    `down` starts Kaiming-uniform and `up` at zero, so that the model starts unchanged (arXiv 2106.09685,
    section 4.1). With `pissa` both start as the weight's main directions (arXiv 2404.02948, section 3), and
    what they start as is subtracted beside them: the model starts unchanged, to rounding, and its weights
    stay whole. Raises AdapterError for a target that is not there, cannot carry an update, or a rank above
    its size.
    """
    modules = modules_of(model)
    generator = torch.Generator().manual_seed(seed)
    layers: dict[str, LoraLinear] = {}
    for name in targets:
        if name not in modules:
            raise AdapterError(
                f"{name}: no such module in this base; choose the targets from its module names"
            )
        layers[name] = _trainable_layer(name, modules[name], rank, alpha, rslora, dora, generator)
        layers[name].dropout = dropout
        if pissa:
            start_at_main_directions(layers[name], seed)
    if not layers:
        raise AdapterError("no module to train was named; choose at least one target")
    model.requires_grad_(False)
    return Injection(model, layers, alpha, rslora)


def _trainable_layer(
    name: str, layer: Layer, rank: int, alpha: float, rslora: bool, dora: bool, generator: torch.Generator
) -> LoraLinear:
    shape = weight_shape(layer)
    if shape is None:
        raise AdapterError(f"{name} is a {type(layer).__name__}, which cannot carry a low-rank update")
    if not 1 <= rank <= min(shape[0], math.prod(shape[1:])):
        raise AdapterError(
            f"{name} has shape {shape}: rank {rank} is not between 1 and "
            f"{min(shape[0], math.prod(shape[1:]))}"
        )
    device = device_of(layer)
    down = torch.empty(rank, *shape[1:])
    nn.init.kaiming_uniform_(down, a=math.sqrt(5), generator=generator)
    up = torch.zeros(shape[0], rank, *[1] * (len(shape) - 2))
    factors = Factors(down, up, alpha, rslora=rslora)
    check_fits(name, layer, factors, "training")
    parameters = nn.Parameter(down.to(device)), nn.Parameter(up.to(device))
    if dora and len(shape) == 2:
        return DoraLinear(layer, *parameters, scale=factors.scale).to(device)
    kind = LoraConv2d if len(shape) == 4 else LoraLinear
    return kind(layer, *parameters, scale=factors.scale)


def _copy(parameter: torch.Tensor) -> torch.Tensor:
    return parameter.detach().to("cpu", torch.float32, copy=True)
