"""Trainable updates in a model: put in, read out as factors, and taken off again.

The model's own layers are never changed: a targeted layer is replaced by one that calls it. Live mixes are
`lorakit.lora.live`; folding a mix into the weights is `lorakit.lora.merging`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Factors
from lorakit.lora.dora import DoraLinear
from lorakit.lora.experts import LoraExperts
from lorakit.lora.layers import Layer, LoraConv2d, LoraLinear, check_fits, device_of, weight_shape
from lorakit.lora.modules import modules_of, replace_modules
from lorakit.lora.pissa import learned, start_at_main_directions

Trained = LoraLinear | LoraExperts


class Injection:
    """Trainable updates living in a model; made by `trainable`."""

    def __init__(self, model: nn.Module, layers: dict[str, Trained], alphas: dict[str, float], rslora: bool):
        self.model = model
        self.layers = layers
        self.alphas = alphas
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
        """A copy of what has been learned so far, per module name, in float32 on the CPU; each expert's by
        itself.

        PiSSA's have twice the rank: what was learned, and the start that it is counted from, subtracted.
        """
        found: dict[str, Factors] = {}
        for name, layer in self.layers.items():
            if isinstance(layer, LoraExperts):
                each = zip(_copy(layer.down), _copy(layer.up), strict=True)
                alpha = self.alphas[name]
                found |= {f"{name}[{number}]": Factors(down, up, alpha, rslora=self.rslora)
                          for number, (down, up) in enumerate(each)}  # fmt: skip
            else:
                found[name] = self._factors_of(name, layer)
        return found

    def _factors_of(self, name: str, layer: LoraLinear) -> Factors:
        magnitude = _copy(layer.magnitude) if isinstance(layer, DoraLinear) else None
        down, up = learned(layer)
        more = up.shape[1] / layer.up.shape[1]
        alpha = self.alphas[name] * (more**0.5 if self.rslora else more)
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
    stay whole; experts start as without it. A layer that is narrower than `rank`, as the gate of a shared
    expert is, gets the rank it has room for, at the same scale. Raises AdapterError for a target that is not
    there or cannot carry an update, or a rank above the size of them all.
    """
    modules = modules_of(model)
    generator = torch.Generator().manual_seed(seed)
    layers: dict[str, Trained] = {}
    alphas: dict[str, float] = {}
    rooms = rooms_of(modules, targets)
    widest = max(rooms, key=lambda name: rooms[name], default="")
    if not widest:
        raise AdapterError("no module to train was named; choose at least one target")
    if not 1 <= rank <= rooms[widest]:
        raise AdapterError(
            f"{widest} has shape {weight_shape(modules[widest])}: rank {rank} is not between 1 and "
            f"{rooms[widest]}"
        )
    for name, room in rooms.items():
        own = min(rank, room)
        alphas[name] = alpha * (own / rank) ** (0.5 if rslora else 1.0) if own < rank else alpha
        layer = _trainable_layer(name, modules[name], own, alphas[name], rslora, dora, generator)
        layer.dropout = dropout
        layer.training = True  # also beside a base that rests
        if pissa and isinstance(layer, LoraLinear):
            start_at_main_directions(layer, seed)
        layers[name] = layer
    model.requires_grad_(False)
    return Injection(model, layers, alphas, rslora)


def rooms_of(modules: Mapping[str, Layer], targets: Sequence[str]) -> dict[str, int]:
    """The largest rank that each of these layers has room for. Raises AdapterError for what carries none."""
    rooms = {}
    for name in targets:
        if name not in modules:
            raise AdapterError(
                f"{name}: no such module in this base model; choose targets from its module names"
            )
        shape = weight_shape(modules[name])
        if shape is None:
            kind = type(modules[name]).__name__
            raise AdapterError(f"{name} is a {kind}, which can't take a low-rank update")
        matrix = shape[1:] if len(shape) == 3 else shape  # of one expert
        rooms[name] = min(matrix[0], math.prod(matrix[1:]))
    return rooms


def _trainable_layer(
    name: str, layer: Layer, rank: int, alpha: float, rslora: bool, dora: bool, generator: torch.Generator
) -> Trained:
    shape = weight_shape(layer)
    assert shape is not None
    device = device_of(layer)
    if len(shape) == 3:
        experts, rows, columns = shape
        bound = 1 / math.sqrt(columns)  # of each matrix alone, as below
        down = torch.empty(experts, rank, columns).uniform_(-bound, bound, generator=generator)
        each = nn.Parameter(down.to(device)), nn.Parameter(torch.zeros(experts, rows, rank, device=device))
        return LoraExperts(layer, *each, scale=alpha / (rank**0.5 if rslora else rank))
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
    if parameter.is_meta:
        return parameter.detach()
    return parameter.detach().to("cpu", torch.float32, copy=True)
