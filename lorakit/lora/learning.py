"""A frozen linear layer and the update beside it as one operation, forward and backward.

Layer by layer, one more copy of the output would be made forward and one of the input's gradient backward;
here both are added to in place. Used where the layer's weight can be read as it is and all types are one;
elsewhere the layer is called.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class Learning(torch.autograd.Function):
    """y = W x + b + scale * up(down(x)) with gradients for x, `down` and `up` (arXiv 2106.09685, eq. 3).

    Shapes: x (..., in), `down` (R, in), `up` (out, R), `weight` (out, in), `bias` (out,) or None.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, down: Tensor, up: Tensor, scale: float, weight: Tensor, bias: Tensor | None
    ) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        hidden = F.linear(flat, down)
        if scale != 1.0:
            hidden.mul_(scale)
        y = F.linear(flat, weight, bias).addmm_(hidden, up.t())
        ctx.save_for_backward(flat, hidden, down, up, weight)
        ctx.scale, ctx.shape = scale, x.shape
        return y.view(*x.shape[:-1], len(weight))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        flat, hidden, down, up, weight = ctx.saved_tensors
        over = gradients[0].reshape(-1, len(weight))
        inside = (over @ up).mul_(ctx.scale)
        of_x = None
        if ctx.needs_input_grad[0]:  # the first layers' inputs need none
            of_x = (over @ weight).addmm_(inside, down).view(ctx.shape)
        return of_x, inside.t() @ flat, over.t() @ hidden, None, None, None


def can_run(base: nn.Module, x: Tensor, down: Tensor, up: Tensor) -> bool:
    """Is it a plain linear layer, whose call nobody watches or replaces, and which does not learn itself?"""
    learns = torch.is_grad_enabled()
    return (
        type(base) is nn.Linear
        and (not learns or (down.requires_grad and not base.weight.requires_grad))
        and x.dtype == down.dtype == up.dtype == base.weight.dtype
        and x.device == down.device == base.weight.device
        and not (base._forward_hooks or base._forward_pre_hooks or "forward" in base.__dict__)
        and not _casts(x.device.type)
    )


def _casts(kind: str) -> bool:
    return torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
