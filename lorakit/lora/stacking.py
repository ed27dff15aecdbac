"""Many updates of one layer as few products beside it.

All low-rank updates become one stack of factors. A Kronecker product (LoKr) whose factors would cost more
than its own two small products keeps those.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Factors
from lorakit.lora.dora import dora_gain
from lorakit.lora.experts import Share
from lorakit.lora.layers import Layer, LoraConv2d, LoraLinear, WrappedLayer, device_of, repeated


class KronLinear(WrappedLayer):
    """y = base(x) + ((left (x) right) x)[rows], for a LoKr (LyCORIS, arXiv 2309.14859, section 3.3).

    Shapes: `left` (o1, n1), `right` (o2, n2), x (..., n1 n2); `rows` are those of o1 o2 that the layer has.
    (left (x) right) x is left X right^T with x as X (n1, n2). `weights` (n,) are of the rows of a batch, or
    None when folded into `left`.
    """

    def __init__(self, base: Layer, left: Tensor, right: Tensor, rows: slice, weights: Tensor | None):
        super().__init__(base)
        self.left = left
        self.right = right
        self.rows = rows
        self.weights = weights

    def forward(self, x: Tensor) -> Tensor:
        y = self.base(x)
        matrix = x.to(self.left.dtype).unflatten(-1, (self.left.shape[1], self.right.shape[1]))
        side = (self.left @ (matrix @ self.right.T)).flatten(-2)[..., self.rows]
        if self.weights is not None:
            side = side * repeated(self.weights, len(x)).view(-1, *[1] * (side.dim() - 1))
        return y + side.to(y.dtype)


class StackedUpdates:
    """All updates of one layer, each at weight 1; `at` weighs them.

    What is large is stacked once and shared by all weights: another weight is another row of numbers.
    """

    def __init__(self, layer: Layer, updates: Sequence[Factors]):
        self.layer = layer
        self.device, self.dtype = device_of(layer), _compute_dtype(layer)
        bare = isinstance(layer, Share)  # a weight to be changed, not a layer to be called
        products = [None if bare else factors.kron() for factors in updates]
        self._krons = [(i, product) for i, product in enumerate(products) if product is not None]
        self._low = [i for i, product in enumerate(products) if product is None]
        self._scales = [factors.scale for factors in updates]
        self._ranks = tuple(updates[i].rank for i in self._low)
        if self._low:
            self._stack([updates[i] for i in self._low])

    def _stack(self, updates: Sequence[Factors]) -> None:
        downs, ups = [], []
        self._gains: list[Tensor | None] = []  # DoRA's change of each output row, (out,)
        self._columns: list[Tensor | None] = []  # or of each input column, (in,)
        for factors in updates:
            up, down = factors.up.to(self.device), factors.down.to(self.device)
            # Low-precision factors are scaled with one rounding, as the product in float32 would be.
            up = up if up.dtype == self.dtype and factors.magnitude is None else up.float()
            up = up if factors.scale == 1.0 else up * factors.scale
            gain = None if factors.magnitude is None else dora_gain(self.layer, factors).to(self.device)
            by_column = gain is not None and gain.shape[0] == 1
            if gain is not None:
                down, up = (down.float() * gain, up) if by_column else (down, up * gain)
            change = None if gain is None else (gain - 1).flatten()
            self._gains.append(None if by_column else change)
            self._columns.append(change if by_column else None)
            downs.append(down.to(self.dtype))
            ups.append(up.to(self.dtype))
        one = len(updates) == 1
        down, up = (downs[0], ups[0]) if one else (torch.cat(downs), torch.cat(ups, dim=1))
        kind = LoraConv2d if len(updates[0].weight_shape) == 4 else LoraLinear
        self._template = kind(self.layer, down, up)

    def at(self, weights: Sequence[Sequence[float]], levels: dict[Any, Tensor]) -> Layer:
        """One layer that runs every update beside the base: `weights[i]` has update i's in each row of the
        batch, or the one for every row. A weight scales an adapter's delta once; for DoRA it interpolates
        between the base's weight and the adapter's. `levels` are what layers that are alike share.
        """
        found = self.layer
        if len(weights[0]) > 1 and isinstance(self.layer, Share):
            raise AdapterError(
                "experts process all rows of a batch at once, so rows can't have different mixes; use one "
                "mix at a time"
            )
        if self._low:
            low = tuple(tuple(weights[i]) for i in self._low)
            key = self._ranks, low, self.device
            if key not in levels:
                levels[key] = _levels(*key)
            found = self._template.copy_with(
                levels=levels[key], gain=self._weighed(self._gains, low),
                columns=self._weighed(self._columns, low),
            )  # fmt: skip
        for i, (left, right, rows) in self._krons:
            found = self._kron(found, left, right, rows, self._scales[i], weights[i])
        return found

    def _weighed(self, changes: Sequence[Tensor | None], weights: Sequence[Sequence[float]]) -> Tensor | None:
        """The sum of DoRA's changes: (channels,), or (n, channels) for n rows."""
        parts = [
            torch.tensor(each, device=self.device)[:, None] * change
            for each, change in zip(weights, changes, strict=True)
            if change is not None
        ]
        total = torch.stack(parts).sum(0).to(self.dtype) if parts else None
        return total[0] if total is not None and len(total) == 1 else total

    def _kron(
        self, layer: Layer, left: Tensor, right: Tensor, rows: slice, scale: float, weights: Sequence[float]
    ) -> KronLinear:
        several = len(weights) > 1
        each = torch.tensor(weights, device=self.device) if several else None
        left = left.to(self.device) * (scale * (1.0 if several else weights[0]))
        return KronLinear(layer, left.to(self.dtype), right.to(self.device, self.dtype), rows, each)


def _levels(ranks: tuple[int, ...], weights: tuple[tuple[float, ...], ...], device: torch.device) -> Tensor:
    """The weight of every rank in float32: (R,), or (n, R) for n rows."""
    each = torch.tensor(weights, dtype=torch.float32).repeat_interleave(torch.tensor(ranks), dim=0)
    return (each[:, 0] if each.shape[1] == 1 else each.T).contiguous().to(device)


def _compute_dtype(layer: Layer) -> torch.dtype:
    if layer.weight.dtype.itemsize == 1 and layer.weight.dtype.is_floating_point:
        return torch.bfloat16  # fp8 is for storage only
    if layer.weight.dtype.is_floating_point:
        return layer.weight.dtype
    return getattr(layer, "compute_dtype", None) or torch.float32
