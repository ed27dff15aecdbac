"""The stack report: what a mix will ask of its base, before anything is rendered.

Everything is computed from the factors (`grams`) and from the norms of the base's weights, which are taken
once per base. DoRA's magnitudes are left out. The judgement itself is in `stability`, without torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Factors, Mix
from lorakit.lora.grams import Relations, relations
from lorakit.lora.layers import weight_norm, weight_shape
from lorakit.lora.mixes import Placed, match_mix
from lorakit.lora.modules import modules_of
from lorakit.lora.stability import StackLoad
from lorakit.lora.strength import Strength

LAYERS_KEPT = 12  # of the JSON form: the layers that change most

_norms: "WeakKeyDictionary[Any, dict[str, float]]" = WeakKeyDictionary()


@dataclass(frozen=True)
class LayerStack:
    """One layer of a stack. Sizes are Frobenius norms over that of the base's weight.

    `size`: the sum's. `sizes`: each adapter's by itself, 0 where it has no update here. `rows`, `columns`:
    the largest overlap of two adapters' input and output directions, 0 to 1. `cancelled`: the part of their
    changes that they take from each other.
    """

    name: str
    size: float
    sizes: list[float]
    rows: float
    columns: float
    cancelled: float


@dataclass(frozen=True)
class Pair:
    """Two adapters of a stack, by their place in it. `rows`, `columns`: overlap of what they listen to and of
    what they write to, 0 to 1. `agreement`: cosine of their updates with their weights' signs, -1 to 1.
    """

    first: int
    second: int
    rows: float
    columns: float
    agreement: float


@dataclass(frozen=True)
class StackReport:
    """What `stack_report` found. `score`, `verdict` and `sentence` are for the mix as given; `suggested` are
    weights inside the budget, in the mix's order.
    """

    adapters: list[Adapter]
    weights: list[float]
    load: StackLoad
    layers: list[LayerStack]
    pairs: list[Pair]

    @property
    def score(self) -> float:
        return self.load.score(self.weights)

    @property
    def verdict(self) -> str:
        return self.load.verdict(self.weights)

    @property
    def sentence(self) -> str:
        return self.load.sentence(self.weights)

    @property
    def suggested(self) -> list[float]:
        return self.load.balanced(self.weights)

    @property
    def shares(self) -> list[float]:
        return self.load.shares(self.weights)

    @property
    def cancelled(self) -> float:
        return self.load.cancelled(self.weights)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: enough to show the report, and (`products`) to judge other weights without the model."""
        loudest = sorted(self.layers, key=lambda layer: -layer.size)[:LAYERS_KEPT]
        shares, suggested, sizes = self.shares, self.suggested, self.load.sizes(self.weights)
        return {
            "score": self.score,
            "verdict": self.verdict,
            "sentence": self.sentence,
            "cancelled": self.cancelled,
            "adapters": [
                {"name": adapter.name, "weight": self.weights[i], "suggested": suggested[i],
                 "share": shares[i], "size": sizes[i]}
                for i, adapter in enumerate(self.adapters)
            ],
            "pairs": [vars(pair) for pair in self.pairs],
            "layers": [vars(layer) for layer in loudest],
            "layer_count": len(self.layers),
            "products": [list(row) for row in self.load.products],
        }  # fmt: skip


def stack_report(mix: Mix, model: Any, norms: Mapping[str, float] | None = None) -> StackReport:
    """Will this stack be stable? Per layer and in one number, from the factors: no dense product.

    An adapter counts with its weights by block of layers, and as if it acted in the whole sampling. `norms` =
    {module name: Frobenius norm of its weight} of the base (`base_norms`) spares reading the
    weights, and then `model` may be on the meta device. Raises AdapterError as `applied` does.
    """
    matched = match_mix(mix, model, finite=False)
    layers: dict[str, list[tuple[int, Factors]]] = {}
    for number, placed in enumerate(matched):
        for name, factors in placed.modules.items():
            layers.setdefault(name, []).append((number, factors))
    norms = norms if norms is not None else base_norms(model)
    missing = [name for name in layers if not norms.get(name)]
    if missing:
        raise AdapterError(
            f"{missing[0]}: the base model's norms don't include this layer; measure them again"
        )
    found = relations(layers)
    if not all(bool(torch.isfinite(there.products).all()) for there in found):
        for adapter in mix:
            adapter.check_finite()
    return _report(matched, [_relative(there, matched, norms) for there in found])


def _relative(there: Relations, matched: list[Placed], norms: Mapping[str, float]) -> Relations:
    """The same with products over the squared norms of the base's weights, and with each adapter's weight in
    a layer, as a part of the largest that it has in any.
    """
    placed = [matched[i] for i in there.adapters]
    levels = [one.strength.level for one in placed]
    parts = [
        [one.weights[name] / level if level else 1.0 for one, level in zip(placed, levels, strict=True)]
        for name in there.layers
    ]
    norm = torch.tensor([norms[name] for name in there.layers], dtype=torch.float64)
    part = torch.tensor(parts, dtype=torch.float64) / norm[:, None]
    return replace(there, products=there.products * part[:, :, None] * part[:, None])


def balanced(mix: Mix, report: StackReport) -> Mix:
    """`mix` with the weights that `report` suggests: inside the budget, nothing turned up."""
    suggested = dict(zip(report.adapters, report.suggested, strict=True))
    if set(suggested) != set(mix):
        raise AdapterError("the report is for another mix; create it again")
    return {adapter: _turned(value, suggested[adapter]) for adapter, value in mix.items()}


def _turned(value: float | Strength, level: float) -> float | Strength:
    """A mix's value with another weight, what it has by block in proportion."""
    strength = Strength.of(value)
    return level if strength.plain or not strength else strength.scaled(level / strength.level)


def base_norms(model: Any) -> dict[str, float]:
    """{module name: Frobenius norm of its weight} of every layer that can carry an update. Taken once per
    model; the dict may be kept as JSON and given to `stack_report` later.
    """
    if model not in _norms:
        layers = {name: layer for name, layer in modules_of(model).items() if weight_shape(layer)}
        if any(layer.weight.is_meta for layer in layers.values()):
            raise AdapterError("this base model's weights are not loaded; load it, or pass its norms")
        _norms[model] = {name: weight_norm(layer) for name, layer in layers.items()}
    return _norms[model]


def _report(matched: list[Placed], found: list[Relations]) -> StackReport:
    adapters = [placed.adapter for placed in matched]
    weights = [placed.strength.level for placed in matched]
    count = len(adapters)
    products, rows, columns, both = (torch.zeros(count, count, dtype=torch.float64) for _ in range(4))
    layers = []
    for there in found:
        at = torch.tensor(there.adapters)
        here = at[:, None], at
        products[here] += there.products.sum(0)
        # Overlaps of whole adapters: their layers', each weighing as much as both updates there.
        sizes = there.products.diagonal(dim1=1, dim2=2).clamp(min=0).sqrt()
        weigh = sizes[:, :, None] * sizes[:, None]
        rows[here] += (weigh * there.rows).sum(0)
        columns[here] += (weigh * there.columns).sum(0)
        both[here] += weigh.sum(0)
        layers += _layers(there, sizes, weights)
    both.clamp_(min=1e-30)
    load = StackLoad([adapter.name for adapter in adapters], products.tolist())
    pairs = [
        _pair(i, j, rows[i, j] / both[i, j], columns[i, j] / both[i, j], products, weights)
        for j in range(count) for i in range(j)
    ]  # fmt: skip
    return StackReport(adapters, weights, load, layers, pairs)


def _layers(there: Relations, sizes: Tensor, weights: list[float]) -> list[LayerStack]:
    """What is said of each layer; `sizes` (L, n) are those of the adapters' updates at weight 1."""
    own = torch.tensor([weights[i] for i in there.adapters], dtype=torch.float64)
    total = torch.einsum("lij,i,j->l", there.products, own, own).clamp(min=0)
    alone = torch.zeros(len(there.layers), len(weights), dtype=torch.float64)
    alone[:, torch.tensor(there.adapters)] = sizes * own.abs()
    apart = alone.square().sum(1)
    cancelled = torch.where(apart > 0, 1 - total / apart, 0.0).clamp(0, 1)
    others = 1 - torch.eye(len(own), dtype=torch.float64)
    rows, columns = ((part * others).amax((1, 2)) for part in (there.rows, there.columns))
    found = (each.tolist() for each in (total.sqrt(), alone, rows, columns, cancelled))
    return [LayerStack(*layer) for layer in zip(there.layers, *found, strict=True)]


def _pair(i: int, j: int, rows: Any, columns: Any, products: Any, weights: list[float]) -> Pair:
    norm = (products[i, i] * products[j, j]).clamp(min=1e-30).sqrt()
    sign = 1.0 if weights[i] * weights[j] >= 0 else -1.0
    return Pair(i, j, float(rows), float(columns), sign * (products[i, j] / norm).item())
