"""Many updates of one layer as few products beside it.

All low-rank updates become one stack of factors. A Kronecker product (LoKr) whose factors would cost more
than its own two small products keeps those.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from lorakit.lora.adapter import Factors
from lorakit.lora.layers import Beside, Layer, LoraConv2d, LoraLinear, device_of, dora_gain, repeated

Parts = Sequence[tuple[Factors, Sequence[float]]]


class KronLinear(Beside):
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


def stacked(layer: Layer, parts: Parts) -> Layer:
    """One layer that runs all `parts` = (factors, their weight in each row of the batch) beside `layer`.

    One weight is for every row: it is folded in with the scale and DoRA's gain. A weight scales an adapter's
    delta once; for DoRA it interpolates between the base's weight and the adapter's.
    """
    products = [(factors.kron(), factors, weights) for factors, weights in parts]
    plain = [(factors, weights) for kron, factors, weights in products if kron is None]
    # A stack made while sampling may serve a training later, which inference tensors cannot.
    with torch.inference_mode(False), torch.no_grad():
        found = _low_rank(layer, plain) if plain else layer
        for kron, factors, weights in products:
            if kron is not None:
                found = _kron(found, *kron, factors.scale, weights)
    return found


def _kron(
    layer: Layer, left: Tensor, right: Tensor, rows: slice, scale: float, weights: Sequence[float]
) -> KronLinear:
    device, dtype = device_of(layer), _compute_dtype(layer)
    each = torch.tensor(weights, device=device, dtype=dtype) if len(weights) > 1 else None
    left = left.to(device) * (scale * (weights[0] if each is None else 1.0))
    return KronLinear(layer, left.to(dtype), right.to(device, dtype), rows, each)


def _low_rank(layer: Layer, parts: Parts) -> LoraLinear:
    device, dtype = device_of(layer), _compute_dtype(layer)
    count = len(parts[0][1])
    downs, ups, gains, columns, rows = [], [], [], [], []
    for factors, weights in parts:
        # Low-precision factors are scaled with one rounding, as the product in float32 would be.
        up, down = factors.up.to(device), factors.down.to(device)
        up = up if up.dtype == dtype else up.float()
        if factors.magnitude is not None:
            up = up.float()
        scale = factors.scale * (weights[0] if count == 1 else 1.0)
        up = up if scale == 1.0 else up * scale
        if factors.magnitude is not None:
            gain = dora_gain(layer, factors).to(device)
            change = torch.tensor(weights, device=device)[:, None] * (gain - 1).flatten()
            if gain.shape[0] == 1:
                down = down.float() * gain
                columns.append(change)
            else:
                up = up * gain
                gains.append(change)
        downs.append(down.to(dtype))
        ups.append(up.to(dtype))
        rows.append(torch.tensor(weights, device=device, dtype=dtype)[:, None].expand(-1, len(down)))
    total, column = (torch.stack(each).sum(0).to(dtype) if each else None for each in (gains, columns))
    if count == 1:
        total, column = (None if each is None else each[0] for each in (total, column))
    kind = LoraConv2d if len(parts[0][0].weight_shape) == 4 else LoraLinear
    down, up = (downs[0], ups[0]) if len(parts) == 1 else (torch.cat(downs), torch.cat(ups, dim=1))
    return kind(layer, down, up, total, column, rows=torch.cat(rows, dim=1) if count > 1 else None)


def _compute_dtype(layer: Layer) -> torch.dtype:
    if layer.weight.dtype.itemsize == 1 and layer.weight.dtype.is_floating_point:
        return torch.bfloat16  # fp8 is for storage only
    if layer.weight.dtype.is_floating_point:
        return layer.weight.dtype
    return getattr(layer, "compute_dtype", None) or torch.float32
