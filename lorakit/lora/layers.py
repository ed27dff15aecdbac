"""Layers that run low-rank updates beside an untouched base layer.

Covers nn.Linear, bitsandbytes' 4- and 8-bit linears (they are called, never read), transformers' Conv1D and
nn.Conv2d with one group, and single experts of a stack (`experts`), whose weight is changed instead of
called. Does not cover embeddings.
"""

from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Factors
from lorakit.lora.experts import Share
from lorakit.lora.fused import autocasts, fused

Layer = Any  # an nn.Module; which attributes it has depends on the library it comes from


def is_conv1d(layer: Layer) -> bool:
    """Is it GPT-2's linear layer, which stores its weight as (in, out)?"""
    return type(layer).__name__ == "Conv1D" and hasattr(layer, "nf")


def weight_shape(layer: Layer) -> tuple[int, ...] | None:
    """The shape (out, in[, kh, kw]) that an update of this layer must have; None when it cannot carry one."""
    if isinstance(layer, nn.Linear):
        return layer.out_features, layer.in_features  # not weight.shape: 4-bit weights are packed
    if isinstance(layer, nn.Conv2d) and layer.groups == 1:
        return tuple(layer.weight.shape)
    if is_conv1d(layer):
        return layer.weight.shape[1], layer.weight.shape[0]
    if isinstance(layer, WrappedLayer):
        return weight_shape(layer.base)
    if isinstance(layer, Share):
        return tuple(layer.weight.shape)
    return None


def device_of(layer: Layer) -> torch.device:
    """Where the layer computes: its weight may be waiting elsewhere, as `works_on` then says."""
    place = layer.owner if isinstance(layer, Share) else layer
    return getattr(place, "works_on", layer.weight.device)


def is_quantized(layer: Layer) -> bool:
    """Does the layer keep its weight in bitsandbytes' 4 or 8 bits?"""
    if isinstance(layer, WrappedLayer):
        return is_quantized(layer.base)
    return any(kind.__module__.startswith("bitsandbytes") for kind in type(layer).__mro__)


def dense_weight(layer: Layer) -> Tensor:
    """The layer's float32 weight as (out, in[, kh, kw]).

    A 4-bit weight is dequantized, an 8-bit one scaled.
    """
    if isinstance(layer, WrappedLayer):
        return dense_weight(layer.base)
    weight = layer.weight
    if not is_quantized(layer):
        return weight.detach().float().T if is_conv1d(layer) else weight.detach().float()
    if hasattr(weight, "quant_state"):
        from bitsandbytes.functional import dequantize_4bit

        return dequantize_4bit(weight.data, weight.quant_state).float()
    scales = weight.SCB if getattr(weight, "SCB", None) is not None else layer.state.SCB
    return weight.data.float() * scales.float()[:, None] / 127


@torch.no_grad()
def weight_norm(layer: Layer) -> float:
    """Frobenius norm of a layer's own weight, in float32; a quantized one is read once in its dense form."""
    weight = dense_weight(layer) if is_quantized(layer) else layer.weight
    return float(torch.linalg.vector_norm(weight, dtype=torch.float32))


class WrappedLayer(nn.Module):
    """A layer that calls `base`, untouched, and adds an update to what comes out."""

    def __init__(self, base: Layer):
        super().__init__()
        self.base: Layer = base
        self.training = base.training

    def copy_with(self, **changes: Any) -> Self:
        """The same with some attributes changed, hooks and all else shared: a mix makes hundreds of layers at
        once, which as new modules would take ten times as long.
        """
        other = object.__new__(type(self))
        other.__dict__.update(vars(self), training=self.base.training, **changes)
        return other

    # Model code reads these of its layers, e.g. T5 asks `wo.weight.dtype`.
    @property
    def weight(self) -> Tensor:
        return self.base.weight

    @property
    def bias(self) -> Tensor | None:
        return self.base.bias

    @property
    def in_features(self) -> int:
        shape = weight_shape(self.base)
        assert shape is not None
        return shape[1]

    @property
    def out_features(self) -> int:
        shape = weight_shape(self.base)
        assert shape is not None
        return shape[0]


class LoraLinear(WrappedLayer):
    """y = base(x) + scale * up(down(x)), and for DoRA mixes + gain * (base(x) - bias) + W (columns * x).

    LoRA, arXiv 2106.09685, eq. 3. Shapes: x (..., in); `down` (R, in), `up` (out, R), where R is the sum of
    the ranks of all adapters of a mix, and `levels` (R,) the weight of each; `gain` (out,), `columns` (in,).
    Gradients reach `down` and `up` when they are parameters. With `levels` (n, R) each of n rows of a batch
    weighs the ranks by itself, and `gain` and `columns` have n rows too; a batch of n k has k neighbours of
    each, as beam search lays them out.
    """

    def __init__(
        self, base: Layer, down: Tensor, up: Tensor, gain: Tensor | None = None,
        columns: Tensor | None = None, scale: float = 1.0, levels: Tensor | None = None,
    ):  # fmt: skip
        super().__init__(base)
        self.down = down
        self.up = up
        self.gain = gain
        self.columns = columns
        self.scale = scale
        self.levels = levels
        self.dropout = 0.0

    def forward(self, x: Tensor) -> Tensor:
        apart = self.gain is not None or self.columns is not None or (self.dropout and self.training)
        alike = self.levels is None or self.levels.dim() == 1
        if alike and not apart:
            scale = self.scale if self.levels is None else self.levels
            y = fused(self.base, x, self.down, self.up, scale)
            if y is not None:
                return y
        # A layer is linear, so W x + W (columns * x) is one call of it.
        y = self.base(x if self.columns is None else x * self._spread(1 + self.columns, x))
        if self.gain is not None:
            plain = y if self.columns is None else self.base(x)
            plain = plain if self.bias is None else plain - self._spread(self.bias, y)
            y = y + self._spread(self.gain, y) * plain
        hidden = self.side(x)
        if self.levels is not None:
            hidden = (hidden * self._spread(self.levels, hidden)).to(hidden.dtype)
        return self.add_side(y, hidden)

    def side(self, x: Tensor) -> Tensor:
        """scale * down(x), (..., R): small, so the scale is applied here."""
        if self.dropout and self.training:
            x = F.dropout(x, self.dropout)
        hidden = F.linear(*self._matched(x))
        return hidden if self.scale == 1.0 else hidden * self.scale

    def _matched(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x and `down` in one type."""
        if x.dtype == self.down.dtype or autocasts(x.device.type):
            return x, self.down
        # Factors that learn are kept wider than products are made; another copy of x would be kept for each
        # layer that shares it.
        return (x, self.down.to(x.dtype)) if self.down.requires_grad else (x.to(self.down.dtype), self.down)

    def change(self) -> Tensor:
        """What all this adds to the base's weight, (out, in): for a base that is no layer to be called."""
        up = self.up * (self.scale if self.levels is None else self.levels.to(self.up.dtype))
        dense = up @ self.down
        for values in (self.columns, None if self.gain is None else self.gain[:, None]):
            dense = dense if values is None else dense + values * self.weight
        return dense

    def add_side(self, y: Tensor, hidden: Tensor) -> Tensor:
        """y + up(hidden) in one fused product, in y's type."""
        up = self.up.to(hidden.dtype)
        if hidden.dtype != y.dtype:
            return y + F.linear(hidden, up).to(y.dtype)
        flat = torch.addmm(y.reshape(-1, y.shape[-1]), hidden.reshape(-1, hidden.shape[-1]), up.t())
        return flat.view(y.shape)

    def _spread(self, values: Tensor, x: Tensor) -> Tensor:
        """Values per channel (C,), or per row and channel (n, C), as they multiply x."""
        if values.dim() == 1:
            return values
        values = repeated(values, x.shape[0])
        return values.view(len(values), *[1] * (x.dim() - 2), values.shape[1])


class LoraConv2d(LoraLinear):
    """The same for a convolution: `down` (R, in, kh, kw) moves as the base does, `up` is (out, R, 1, 1)."""

    def side(self, x: Tensor) -> Tensor:
        if self.dropout and self.training:
            x = F.dropout(x, self.dropout)
        base = self.base
        # The base's own forward, so that padding modes other than zeros stay right.
        hidden = base._conv_forward(*self._matched(x), None)
        return hidden if self.scale == 1.0 else hidden * self.scale

    def _conv_forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return self.base._conv_forward(x, weight, bias)

    def add_side(self, y: Tensor, hidden: Tensor) -> Tensor:
        return y + F.conv2d(hidden, self.up.to(hidden.dtype)).to(y.dtype)

    def _spread(self, values: Tensor, x: Tensor) -> Tensor:
        return (values if values.dim() == 1 else repeated(values, x.shape[0]))[..., None, None]


def repeated(values: Tensor, batch: int) -> Tensor:
    """Values of n rows (n, C) for a batch of n k, each k times in succession."""
    count = len(values)
    if batch % count:
        raise AdapterError(
            f"a batch of {batch} came to a layer that has mixes for {count} rows; give as many mixes as rows"
        )
    return values if batch == count else values.repeat_interleave(batch // count, dim=0)


def check_fits(name: str, layer: Layer, factors: Factors, adapter: str) -> None:
    """Raise AdapterError, naming both shapes, unless `factors` is an update of `layer`."""
    expected = weight_shape(layer)
    if expected is None:
        groups = getattr(layer, "groups", 1)
        what = f"{type(layer).__name__}{f' of {groups} groups' if groups > 1 else ''}"
        raise AdapterError(f"{adapter}: {name} is a {what}, which can't take a low-rank update")
    if factors.weight_shape != expected:
        raise AdapterError(
            f"{adapter}: {name} updates a weight of shape {factors.weight_shape}, but this base has "
            f"{expected} there; "
            "the adapter was made for another base model"
        )
    if factors.magnitude is not None:
        wanted = expected[1] if factors.magnitude.dim() == 2 else expected[0]
        if factors.magnitude.numel() != wanted:
            raise AdapterError(
                f"{adapter}: {name} has {factors.magnitude.numel()} DoRA magnitudes where {wanted} belong; "
                "export it again"
            )
