"""Weights that are no linear layer's own: those of experts, which one parameter keeps for all of them.

Mixture-of-experts layers of transformers hold an (experts, out, in) parameter and no layer for each expert,
and their routers a bare (experts, in) one. Each expert's share is seen here as a linear layer of its own, so
that all arithmetic of updates stays that of one matrix. Names: `<module>.gate_up_proj` is the parameter,
`<module>.gate_up_proj[3]` an expert's share, `[3,gate]` and `[3,up]` its halves, which were one layer each
before transformers 5 joined them. Updates run as changed weights during the module's own forward pass, since
only it knows which tokens go where. Not covered: experts stacked in two dimensions (DBRX).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

Layer = Any  # an nn.Module; which attributes it has depends on the library it comes from

JOINED = "gate_up_proj"  # the two projections that transformers joins
ROUTERS = re.compile(r"Router|Gate$|Gating$")
# One expert's layer as it was named while each had layers of its own, "experts.3.w1", and as tools that take
# a stack apart name theirs, "experts.gate_up_projs.3".
ONE_EXPERT = re.compile(r"(.*experts)\.(\d+)\.(\w+)")
ONE_OF_A_LIST = re.compile(r"(.*experts)\.(gate_up_proj|down_proj)s\.(\d+)")
ROLES = {"w1": "gate_proj", "w3": "up_proj", "w2": "down_proj", "fc1": "gate_proj", "fc2": "down_proj"}
LEAF = re.compile(r"(\w+)(?:\[(\d+)(?:,(gate|up))?\])?")


@dataclass(frozen=True)
class Share:
    """A parameter of `owner`, or one expert's share of it, seen as a linear layer's weight (out, in).

    Of a whole stack of experts the weight is (experts, out, in). Equal shares are views of the same values.
    """

    owner: nn.Module
    leaf: str
    expert: int | None = None
    half: str = ""

    @property
    def whole(self) -> Tensor:
        """The parameter, as it is stored."""
        parameter = self.owner._parameters[self.leaf]
        assert parameter is not None
        return parameter

    @property
    def transposed(self) -> bool:
        """Does the owner keep its experts' weights as (in, out)? As PEFT tells it."""
        return self.whole.dim() == 3 and bool(getattr(self.owner, "is_transposed", False))

    @property
    def weight(self) -> Tensor:
        return self.within(self.whole)

    def within(self, whole: Tensor) -> Tensor:
        """This share of a tensor of the parameter's shape: a view, so that what is written to it stays."""
        part = whole if self.expert is None else whole[self.expert]
        part = part.mT if self.transposed else part
        return part[self.rows(len(part))] if self.half else part

    def rows(self, count: int) -> slice:
        """Those of `count` joined rows that are this half's: one after the other, or in turn (gpt-oss)."""
        second = self.half == "up"
        if getattr(self.owner, "is_concatenated", True):
            return slice(count // 2, count) if second else slice(count // 2)
        return slice(int(second), None, 2)

    @property
    def training(self) -> bool:
        return self.owner.training

    @property
    def bias(self) -> None:
        return None


def todays_names(name: str) -> list[str]:
    """What the layer of one expert, or a router, may be called since transformers 5 joined the experts of a
    layer; the first that a model has is meant.
    """
    place = name.replace("block_sparse_moe.", "mlp.")
    if listed := ONE_OF_A_LIST.fullmatch(place):
        return [f"{listed[1]}.{listed[2]}[{listed[3]}]"]
    if one := ONE_EXPERT.fullmatch(place):
        experts, number, leaf = one.groups()
        role = ROLES.get(leaf, leaf)
        return [f"{experts}.{role}[{number}]", f"{experts}.{JOINED}[{number},{role.removesuffix('_proj')}]"]
    router = place.removesuffix(".layer")
    return [place, f"{router}.weight", f"{name.removesuffix('.layer')}.weight"]


def shares_of(modules: Mapping[str, Layer]) -> dict[str, Share]:
    """Every such weight of these modules, by name."""
    found: dict[str, Share] = {}
    for path, module in modules.items():
        if is_router(module):
            found[f"{path}.weight"] = Share(module, "weight")
        for leaf in stacks_in(module):
            whole = Share(module, leaf)
            found[f"{path}.{leaf}"] = whole
            halves = ("gate", "up") if _is_joined(module, leaf) else ()
            for expert in range(len(whole.whole)):
                found[f"{path}.{leaf}[{expert}]"] = Share(module, leaf, expert)
                for half in halves:
                    found[f"{path}.{leaf}[{expert},{half}]"] = Share(module, leaf, expert, half)
    return found


def stacks_in(module: Layer) -> list[str]:
    """The parameters of a module of experts that hold a matrix for each of them."""
    if "Expert" not in type(module).__name__:
        return []
    return [leaf for leaf, p in module._parameters.items()
            if p is not None and p.dim() == 3 and p.is_floating_point()]  # fmt: skip


def is_router(module: Layer) -> bool:
    """Does it choose experts by a bare matrix of its own?"""
    weight = module._parameters.get("weight")
    return (
        weight is not None and weight.dim() == 2 and bool(ROUTERS.search(type(module).__name__))
        and not isinstance(module, nn.Linear)
    )  # fmt: skip


def _is_joined(module: Layer, leaf: str) -> bool:
    down = module._parameters.get("down_proj")
    if leaf != JOINED or down is None:
        return False
    whole, after = Share(module, leaf).weight, Share(module, "down_proj").weight
    return whole.dim() == after.dim() == 3 and whole.shape[1] == 2 * after.shape[2]


class WeightUpdates:
    """The live updates of one module's bare weights; kept on the module itself while there are any."""

    def __init__(self, owner: nn.Module):
        self.owner = owner
        self.before: Callable[..., Any] | None = owner.__dict__.get("forward")
        self.forward: Callable[..., Any] = owner.forward
        self.layers: dict[str, dict[str, Layer]] = {}  # by parameter, and by name

    def run(self, *args: Any, **named: Any) -> Any:
        """The module's forward pass with its weights changed.

        While something learns, the changed weights are not kept for the backward pass, which would be a copy
        of all experts in every layer: they are made again.
        """
        if torch.is_grad_enabled():
            return checkpoint(self._changed, *args, use_reentrant=False, preserve_rng_state=False, **named)
        return self._changed(*args, **named)

    def _changed(self, *args: Any, **named: Any) -> Any:
        own = self.owner.__dict__
        shadowed = {leaf: changed(Share(self.owner, leaf), each) for leaf, each in self.layers.items()}
        own.update(shadowed)  # what stands in an object's own table is found before its parameters
        try:
            return self.forward(*args, **named)
        finally:
            for leaf in shadowed:
                del own[leaf]


class BareWeights:
    """What stands in the place of each bare weight of a module, by the last part of its name, to be read and
    replaced as a table of submodules is.
    """

    def __init__(self, owner: nn.Module):
        self.owner = owner

    def get(self, name: str) -> Layer:
        leaf, *_ = parts = _parts(name)
        live: WeightUpdates | None = self.owner.__dict__.get("_updates")
        return (live.layers.get(leaf, {}) if live else {}).get(name) or Share(self.owner, *parts)

    def __getitem__(self, name: str) -> Layer:
        return self.get(name)

    def __setitem__(self, name: str, layer: Layer) -> None:
        leaf, own = _parts(name)[0], self.owner.__dict__
        live: WeightUpdates = own.get("_updates") or WeightUpdates(self.owner)
        if not isinstance(layer, Share):
            live.layers.setdefault(leaf, {})[name] = layer
        elif live.layers.get(leaf, {}).pop(name, None) is not None and not live.layers[leaf]:
            del live.layers[leaf]
        if live.layers:
            own["_updates"], own["forward"] = live, live.run
        elif own.pop("_updates", None) is not None:
            del own["forward"]
            if live.before is not None:
                own["forward"] = live.before


def _parts(leaf: str) -> tuple[str, int | None, str]:
    found = LEAF.fullmatch(leaf)
    assert found is not None
    return found[1], int(found[2]) if found[2] else None, found[3] or ""


def changed(whole: Share, layers: Mapping[str, Layer]) -> Tensor:
    """The parameter with the updates of `layers` in it, in the shape and type it is stored in."""
    weight: Tensor = whole.whole
    for layer in layers.values():
        if isinstance(layer, LoraExperts):
            weight = layer.added(weight)
    shares = [layer for layer in layers.values() if not isinstance(layer, LoraExperts)]
    weight = weight.clone() if shares else weight
    for layer in shares:
        layer.base.within(weight).add_(layer.change().to(weight.dtype))
    return weight


class LoraExperts(nn.Module):
    """A trainable update of all experts at once: W_e + scale * up_e down_e (arXiv 2106.09685, eq. 3).

    Shapes: W (experts, out, in), `down` (experts, R, in), `up` (experts, out, R). Dropout of the inputs,
    which cannot be told apart here, is left out.
    """

    def __init__(self, base: Share, down: nn.Parameter, up: nn.Parameter, scale: float):
        super().__init__()
        self.base = base
        self.down = down
        self.up = up
        self.scale = scale
        self.dropout = 0.0

    @property
    def weight(self) -> Tensor:
        return self.base.weight

    def added(self, stored: Tensor) -> Tensor:
        """The parameter with the update, in its own type and shape."""
        with torch.autocast(stored.device.type, enabled=False):
            down, up = self.down.to(stored.dtype), self.up.to(stored.dtype)
            left, right = (down.mT, up.mT) if self.base.transposed else (up, down)
            return torch.baddbmm(stored, left, right, alpha=self.scale)
