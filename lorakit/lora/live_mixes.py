"""Adapters set on a model, and the mixes of them: what `live` puts into the model and takes off again.

What is the same for every mix of a set is made once; another weight is another row of numbers.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lorakit.lora.adapter import Adapter, Factors, version_of
from lorakit.lora.layers import Layer
from lorakit.lora.mixes import checked_match, twins
from lorakit.lora.modules import holds, modules_of
from lorakit.lora.stacking import StackedUpdates
from lorakit.lora.strength import Strength

Terms = tuple[tuple[Adapter, Strength], ...]  # a mix; an adapter that is named twice counts twice


class AdapterSet:
    """A set of adapters on a model: what is the same for every mix of them, whatever the weights.

    `originals`: every layer that any of them reaches.
    """

    def __init__(self, model: Any, adapters: Iterable[Adapter], partial: bool = False):
        layers = modules_of(model)
        self.adapters = list(adapters)
        self.matches = {
            adapter: checked_match(adapter, model, layers, partial=partial) for adapter in self.adapters
        }
        self.twins = twins(self.adapters)
        self.originals = {name: layers[name] for found in self.matches.values() for name in found.modules}
        self._stacks: dict[tuple[str, tuple[int, ...]], StackedUpdates] = {}
        self._state = self._now()

    def fits(self, model: Any) -> bool:
        """Are the model's layers, the adapters' updates, and the weights that DoRA's gains come from those
        that the set was put together of?
        """
        return self._state == self._now() and holds(model, self.originals)

    def _now(self) -> list[Any]:
        weights = [
            version_of(self.originals[name].weight)
            for found in self.matches.values()
            for name, factors in found.modules.items()
            if factors.magnitude is not None
        ]
        return [*(adapter.state() for adapter in self.adapters), weights]

    def layer(
        self, name: str, weights: Mapping[int, tuple[Factors, list[float]]], levels: dict[Any, Tensor]
    ) -> Layer:
        """The layer of this name with these updates, by their identity, beside it; `levels` as
        `StackedUpdates.at` takes them.
        """
        key = name, tuple(weights)
        if key not in self._stacks:
            self._stacks[key] = StackedUpdates(
                self.originals[name], [factors for factors, _ in weights.values()]
            )
        return self._stacks[key].at([each for _, each in weights.values()], levels)


class LiveMix:
    """A mix of a set's adapters: one for all rows of a batch, or one for each row."""

    def __init__(self, adapter_set: AdapterSet, rows: Sequence[Terms]):
        self.rows = rows
        self.originals = adapter_set.originals
        self._adapter_set = adapter_set
        self._strengths = [strength for row in rows for _, strength in row]
        self._parts: dict[tuple[bool, ...], dict[str, Layer]] = {}

    def at(self, fraction: float) -> dict[str, Layer]:
        """Every layer of `originals` with the adapters that act once `fraction` of the sampling is done."""
        acting = tuple(strength.acts(fraction) for strength in self._strengths)
        if acting not in self._parts:
            # Tensors made while sampling may serve a training later, which inference tensors cannot.
            with torch.inference_mode(False), torch.no_grad():
                self._parts[acting] = {**self.originals, **self._layers(fraction)}
        return self._parts[acting]

    def _layers(self, fraction: float) -> dict[str, Layer]:
        # An adapter that is in a row twice is one update there, with the sum of its weights.
        weights: dict[str, dict[int, tuple[Factors, list[float]]]] = {}
        for number, row in enumerate(self.rows):
            for adapter, strength in row:
                found = self._adapter_set.matches[adapter]
                for name, factors in found.modules.items() if strength.acts(fraction) else ():
                    here = weights.setdefault(name, {})
                    if id(factors) not in here:
                        here[id(factors)] = factors, [0.0] * len(self.rows)
                    here[id(factors)][1][number] += strength.at(found.names[name])
        levels: dict[Any, Tensor] = {}
        layers = {}
        for name, parts in weights.items():
            acting = {key: part for key, part in parts.items() if any(part[1])}
            if acting:
                layers[name] = self._adapter_set.layer(name, acting, levels)
        return layers
