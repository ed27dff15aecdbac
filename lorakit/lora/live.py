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
from lorakit.lora.adapter import Adapter, Mix
from lorakit.lora.layers import Layer
from lorakit.lora.live_mixes import AdapterSet, LiveMix, Terms
from lorakit.lora.mixes import check_mix, strength_of, warn_of_twins
from lorakit.lora.modules import replace_modules
from lorakit.lora.strength import Strength

CACHED_SETS = 4  # of adapters. Assumption: a compare view alternates between two, a campaign uses one
CACHED_MIXES = 2  # of one set


# Per model the sets, each with its latest mixes. A set knows nothing of its mixes: what gives way is free at
# once, and not when cycles are next looked for.
_sets: "WeakKeyDictionary[Any, OrderedDict[Any, tuple[AdapterSet, OrderedDict[Any, LiveMix]]]]"
_sets = WeakKeyDictionary()
_live: "WeakKeyDictionary[Any, AppliedMixes]" = WeakKeyDictionary()


@dataclass
class AppliedMixes:
    """What `applied` has put into a model."""

    rows: tuple[Terms, ...]
    stack: LiveMix
    layers: dict[str, Layer]
    partial: bool = False


@contextmanager
def applied(model: Any, mix: Mix, partial: bool = False) -> Iterator[Any]:
    """Run `model` (a module or a pipeline) with `mix` = {adapter: number or Strength} inside the block.

    On exit, also after an exception, the model is bit for bit what it was. Inside another `applied` the
    mixes add up. A sampling that wants `Strength.start` and `end` kept calls `set_progress` at its steps;
    until it does, the block is at the sampling's start. Everything is checked first: raises AdapterError,
    with nothing touched, for an empty mix, a weight that is not a number from -2 to 2, NaN in an adapter,
    shapes that do not fit, or an adapter of which modules are not in the model; with `partial`, only when
    none is.
    """
    with _applied(model, (mix,), partial):
        yield model


@contextmanager
def applied_rows(model: Any, mixes: Sequence[Mix], partial: bool = False) -> Iterator[Any]:
    """Run each row of a batch with a mix of its own inside the block: `mixes[i]` for row i, {} for the base.

    All adapters are stacked once and each row weighs them by itself, so a row's result is the one it has
    alone, to rounding. A batch of n rows k times has the k of a row side by side, as beam search expands
    them; another batch size raises AdapterError, and so does everything that `applied` refuses. Inside or
    around an `applied`, that one's mix adds to every row.
    """
    if not mixes:
        raise AdapterError("no mix was given: give one for each row of the batch, {} for the base model only")
    if not any(mixes):
        check_mix({})
    with _applied(model, mixes, partial):
        yield model


def forget(model: Any) -> None:
    """Give up the stacked factors that are cached for `model`: they lie on its device, up to four sets, whose
    memory is given back to it.

    A mix that is live stays as it is. Before a training, or when memory runs out.
    """
    _sets.pop(model, None)
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()


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
def _applied(model: Any, mixes: Sequence[Mix], partial: bool) -> Iterator[None]:
    outer = _live.get(model)
    partial = partial or (outer is not None and outer.partial)
    with _without(model, outer):
        for mix in mixes:
            if mix or len(mixes) == 1:
                check_mix(mix)
        rows = tuple(tuple((a, strength_of(a, value)) for a, value in mix.items()) for mix in mixes)
        rows = _summed(outer.rows, rows) if outer else rows
        stack = _cached(model, rows, partial)
        layers = stack.at(0.0)
        replace_modules(model, layers)
        _live[model] = AppliedMixes(rows, stack, layers, partial)
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
def _without(model: Any, outer: AppliedMixes | None) -> Iterator[None]:
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


def _cached(model: Any, rows: tuple[Terms, ...], partial: bool) -> LiveMix:
    sets = _sets.setdefault(model, OrderedDict())
    adapters = list(dict.fromkeys(adapter for row in rows for adapter, _ in row))
    of_set = frozenset(adapters), _placement(model), partial
    if of_set not in sets or not sets[of_set][0].fits(model):
        sets[of_set] = AdapterSet(model, adapters, partial), OrderedDict()
    adapter_set, mixes = _most_recent(sets, of_set, CACHED_SETS)
    of_mix = tuple(tuple(sorted(row, key=_order)) for row in rows)
    if of_mix not in mixes:
        for row in rows:
            warn_of_twins(adapter_set.twins, row)
        mixes[of_mix] = LiveMix(adapter_set, rows)
    return _most_recent(mixes, of_mix, CACHED_MIXES)


def _most_recent(cache: OrderedDict, key: Any, most: int) -> Any:
    """What is cached under `key`, as the latest; the oldest give way."""
    cache.move_to_end(key)
    while len(cache) > most:
        cache.popitem(last=False)
    return cache[key]


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
