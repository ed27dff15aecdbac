"""Trainable updates in a model: put in, read out as factors, and taken off again.

The model's own layers are never changed: a targeted layer is replaced by one that calls it. Live mixes are
`lorakit.lora.live`; folding a mix into the weights is `lorakit.lora.merging`.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Factors
from lorakit.lora.layers import DoraLinear, Layer, LoraConv2d, LoraLinear, check_fits, device_of, weight_shape
from lorakit.lora.matching import modules_of, replace_modules
from lorakit.lora.pissa import learned, start_at_main_directions


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
        layers[name].training = True  # also beside a base that rests
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
