"""A frozen linear layer and the update beside it as one operation, forward and backward.

Layer by layer, one more copy of the output would be made forward and one of the input's gradient backward;
here both are added to in place. Used where the layer's weight can be read as it is and has the type that
products are made in; elsewhere the layer is called. Factors that learn may be kept in a wider type.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class FusedLora(torch.autograd.Function):
    """y = W x + b + scale * up(down(x)) with gradients for x, `down` and `up` (arXiv 2106.09685, eq. 3).

    Shapes: x (..., in), `down` (R, in), `up` (out, R), `weight` (out, in), `bias` (out,) or None; `scale` is
    a number or one for each rank, (R,). Products are made in the type of x and `weight`.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        down: Tensor,
        up: Tensor,
        scale: float | Tensor,
        weight: Tensor,
        bias: Tensor | None,
    ) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        hidden = F.linear(flat, down.to(flat.dtype))
        if isinstance(scale, Tensor) or scale != 1.0:
            hidden.mul_(scale)
        # Not a view of what is computed here: some models add to what comes out in place.
        y = flat.new_empty(*x.shape[:-1], len(weight))
        rows = y.view(-1, len(weight))
        if bias is None:
            torch.mm(flat, weight.t(), out=rows)
        else:
            torch.addmm(bias, flat, weight.t(), out=rows)
        rows.addmm_(hidden, up.to(flat.dtype).t())
        ctx.save_for_backward(flat, hidden, down, up, weight)
        ctx.scale, ctx.shape = scale, x.shape
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        flat, hidden, down, up, weight = ctx.saved_tensors
        over = gradients[0].reshape(-1, len(weight))
        inside = (over @ up.to(flat.dtype)).mul_(ctx.scale)
        of_x = None
        if ctx.needs_input_grad[0]:  # the first layers' inputs need none
            of_x = (over @ weight).addmm_(inside, down.to(flat.dtype)).view(ctx.shape)
        of_down, of_up = inside.t() @ flat, over.t() @ hidden
        return of_x, of_down.to(down.dtype), of_up.to(up.dtype), None, None, None


def fused(base: nn.Module, x: Tensor, down: Tensor, up: Tensor, scale: float | Tensor) -> Tensor | None:
    """What a plain linear layer and the update beside it put out; None when they are not such a pair.

    They are when nobody watches or replaces the layer's call, and it does not learn itself.
    """
    if type(base) is not nn.Linear or not x.device == down.device == base.weight.device:
        return None
    if base._forward_hooks or base._forward_pre_hooks or "forward" in base.__dict__:
        return None
    if torch.is_grad_enabled() and (base.weight.requires_grad or not down.requires_grad):
        return None
    kind = x.device.type
    if base.weight.dtype != (torch.get_autocast_dtype(kind) if autocasts(kind) else x.dtype):
        return None
    if not (down.requires_grad or down.dtype == up.dtype == base.weight.dtype):
        return None
    return FusedLora.apply(x.to(base.weight.dtype), down, up, scale, base.weight, base.bias)


def autocasts(device: str) -> bool:
    """Does torch choose the types of products on this kind of device at the moment?"""
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
