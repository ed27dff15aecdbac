"""Live mixes: adapters that run beside a model's layers for a while and leave no trace.

The model's own layers are never changed: a targeted layer is replaced by one that calls it, with all adapters
of the mix in one stack (`stacking`). Not covered: two threads that use one model at the same time.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Factors, Mix
from lorakit.lora.layers import Layer
from lorakit.lora.matching import (
    check_mix,
    holds,
    modules_of,
    place,
    replace_modules,
    say_twice,
    strength_of,
)
from lorakit.lora.stacking import stacked
from lorakit.lora.strength import Strength

CACHED_MIXES = 4  # assumption: a compare view alternates between two, a campaign uses one

Terms = tuple[tuple[Adapter, Strength], ...]  # a mix; an adapter that is named twice counts twice

_stacks: "WeakKeyDictionary[Any, OrderedDict]" = WeakKeyDictionary()
_live: "WeakKeyDictionary[Any, Live]" = WeakKeyDictionary()


class Stack:
    """Mixes matched to a model: one for all rows of a batch, or one for each row.

    `originals`: every layer that any of it reaches.
    """

    def __init__(self, model: Any, rows: Sequence[Terms]):
        terms = list(dict.fromkeys(term for row in rows for term in row))
        layers = modules_of(model)
        for row in rows:
            say_twice(row)
        self.rows = rows
        self.placed = {term: place(*term, model, layers) for term in terms}
        self.originals = {n: layers[n] for placed in self.placed.values() for n in placed.modules}
        self._parts: dict[tuple[bool, ...], dict[str, Layer]] = {}
        self._state = self._counters()

    def fits(self, model: Any) -> bool:
        """Are the model's layers, the adapters' tensors, and the weights that DoRA's gains come from the ones
        that the stack was made of?
        """
        return holds(model, self.originals) and self._state == self._counters()

    def at(self, fraction: float) -> dict[str, Layer]:
        """Every layer of `originals` with the adapters that act once `fraction` of the sampling is done."""
        acting = tuple(strength.acts(fraction) for _, strength in self.placed)
        if acting not in self._parts:
            self._parts[acting] = {**self.originals, **self._wrappers(fraction)}
        return self._parts[acting]

    def _wrappers(self, fraction: float) -> dict[str, Layer]:
        # An adapter that is in a row twice is one update there, with the sum of its weights.
        weights: dict[str, dict[int, list[float]]] = {}
        updates: dict[int, Factors] = {}
        for number, row in enumerate(self.rows):
            for term in row:
                placed = self.placed[term]
                for name, factors in placed.modules.items() if term[1].acts(fraction) else ():
                    updates[id(factors)] = factors
                    here = weights.setdefault(name, {}).setdefault(id(factors), [0.0] * len(self.rows))
                    here[number] += placed.weights[name]
        wrappers = {}
        for name, parts in weights.items():
            acting = [(updates[key], each) for key, each in parts.items() if any(each)]
            if acting:
                wrappers[name] = stacked(self.originals[name], acting)
        return wrappers

    def _counters(self) -> list[Any]:
        """What changes when a tensor is written to, or an update takes another's place."""
        found: list[Any] = []
        for placed in self.placed.values():
            found.append([id(factors) for factors in placed.adapter.modules.values()])
            for name, factors in placed.modules.items():
                found += map(_version, factors.tensors())
                if factors.magnitude is not None:
                    found += map(_version, (factors.magnitude, self.originals[name].weight))
        return found


@dataclass
class Live:
    """What `applied` has put into a model."""

    rows: tuple[Terms, ...]
    stack: Stack
    layers: dict[str, Layer]


@contextmanager
def applied(model: Any, mix: Mix) -> Iterator[Any]:
    """Run `model` (a module or a pipeline) with `mix` = {adapter: number or Strength} inside the block.

    On exit, also after an exception, the model is bit for bit what it was. Inside another `applied` the
    mixes add up. A sampling that wants `Strength.start` and `end` kept calls `set_progress` at its steps;
    until it does, the block is at the sampling's start. Everything is checked first: raises AdapterError,
    with nothing touched, for an empty mix, a weight that is not a number from -2 to 2, NaN in an adapter,
    shapes that do not fit, or an adapter of which no module is in the model.
    """
    with _applied(model, (mix,)):
        yield model


@contextmanager
def applied_rows(model: Any, mixes: Sequence[Mix]) -> Iterator[Any]:
    """Run each row of a batch with a mix of its own inside the block: `mixes[i]` for row i, {} for the base.

    All adapters are stacked once and each row weighs them by itself, so a row's result is the one it has
    alone, to rounding. A batch of n rows k times has the k of a row side by side, as beam search expands
    them; another batch size raises AdapterError, and so does everything that `applied` refuses. Inside or
    around an `applied`, that one's mix adds to every row.
    """
    if not mixes:
        raise AdapterError("no mix was given: give one for each row of the batch, {} for the base alone")
    if not any(mixes):
        check_mix({})
    with _applied(model, mixes):
        yield model


def set_progress(model: Any, fraction: float) -> None:
    """Tell the mix that is live on `model` (what was given to `applied`) how much of the sampling is done.

    Call it before each step with the share (0 to 1) of the steps before it. Adapters whose part begins or
    ends there are put on or taken off; each part's stack is made once and kept. Harmless when nothing is
    live, and without cost where nothing changes.
    """
    live = _live.get(model)
    if live is not None:
        layers = live.stack.at(fraction)
        if layers is not live.layers:
            replace_modules(model, layers)
            live.layers = layers


@contextmanager
def _applied(model: Any, mixes: Sequence[Mix]) -> Iterator[None]:
    outer = _live.get(model)
    with _without(model, outer):
        for mix in mixes:
            if mix or len(mixes) == 1:
                check_mix(mix)
        rows = tuple(tuple((a, strength_of(a, value)) for a, value in mix.items()) for mix in mixes)
        rows = _summed(outer.rows, rows) if outer else rows
        stack = _cached(model, rows)
        layers = stack.at(0.0)
        replace_modules(model, layers)
        _live[model] = Live(rows, stack, layers)
        try:
            yield
        finally:
            _live.pop(model)
            replace_modules(model, stack.originals)


def _summed(outer: tuple[Terms, ...], inner: tuple[Terms, ...]) -> tuple[Terms, ...]:
    count = max(len(outer), len(inner))
    if {len(outer), len(inner)} - {1, count}:
        raise AdapterError(f"mixes for {len(inner)} rows inside mixes for {len(outer)}; give as many")
    return tuple(outer[i if len(outer) > 1 else 0] + inner[i if len(inner) > 1 else 0] for i in range(count))


@contextmanager
def _without(model: Any, outer: Live | None) -> Iterator[None]:
    """Take an outer mix off, so that the layers show under their own names, and put it back afterwards."""
    if outer is None:
        yield
        return
    replace_modules(model, outer.stack.originals)
    try:
        yield
    finally:
        replace_modules(model, outer.layers)
        _live[model] = outer


def _cached(model: Any, rows: tuple[Terms, ...]) -> Stack:
    cache = _stacks.setdefault(model, OrderedDict())
    key = tuple(tuple(sorted(row, key=_order)) for row in rows), _placement(model)
    if key in cache and cache[key].fits(model):
        cache.move_to_end(key)
        return cache[key]
    cache[key] = Stack(model, rows)
    cache.move_to_end(key)
    while len(cache) > CACHED_MIXES:
        cache.popitem(last=False)
    return cache[key]


def _version(tensor: torch.Tensor) -> int:
    return 0 if tensor.is_inference() else tensor._version


def _order(term: tuple[Adapter, Strength]) -> tuple:
    adapter, strength = term
    return id(adapter), strength.weight, strength.blocks, strength.start, strength.end


def _placement(model: Any) -> tuple:
    modules = (
        [model]
        if isinstance(model, nn.Module)
        else [m for m in vars(model).values() if isinstance(m, nn.Module)]
    )
    first = [next(module.parameters(), None) for module in modules]
    return tuple((p.device, p.dtype) for p in first if p is not None)
