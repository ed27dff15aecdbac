"""The layers of a model by their names, and others put in their places."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from torch import nn

from lorakit.errors import AdapterError
from lorakit.lora.aliases import COMPONENTS
from lorakit.lora.experts import BareWeights, shares_of
from lorakit.lora.layers import Layer


def modules_of(model: Any) -> dict[str, Layer]:
    """Every module by name, and every weight of experts; those of a pipeline carry their component's name in
    front.
    """
    if isinstance(model, nn.Module):
        modules = dict(model.named_modules())
        return modules | shares_of(modules)
    named = {}
    for component in COMPONENTS:
        part = getattr(model, component, None)
        if isinstance(part, nn.Module):
            named.update({f"{component}.{name}": module for name, module in part.named_modules()})
    if not named:
        raise AdapterError(
            f"an adapter goes onto a torch module or a pipeline, not onto a {type(model).__name__}"
        )
    return named


def replace_modules(model: Any, replacements: Mapping[str, Layer]) -> dict[str, Layer]:
    """Set each named module to its replacement and return what was there before."""
    before = {}
    for (siblings, leaf), (name, module) in zip(
        _places(model, replacements), replacements.items(), strict=True
    ):
        before[name] = siblings[leaf]
        siblings[leaf] = module
    return before


def holds(model: Any, layers: Mapping[str, Layer]) -> bool:
    """Are these the model's modules of these names, and the same shares of its experts?"""
    try:
        places = zip(_places(model, layers), layers.values(), strict=True)
        return all(siblings.get(leaf) == layer for (siblings, leaf), layer in places)
    except (AttributeError, KeyError):
        return False


def _places(model: Any, names: Iterable[str]) -> Iterator[tuple[dict[str, Layer] | BareWeights, str]]:
    """For each module the table of modules that it is in, and its name there."""
    parents: dict[str, Layer] = {}
    for name in names:
        parent, _, leaf = name.rpartition(".")
        if parent not in parents:
            whole, path = model, parent
            if not isinstance(model, nn.Module):
                component, _, path = parent.partition(".")
                whole = getattr(model, component)
            for part in filter(None, path.split(".")):
                whole = whole._modules[part]  # get_submodule takes ten times as long
            parents[parent] = whole
        siblings = parents[parent]._modules
        yield siblings if leaf in siblings else BareWeights(parents[parent]), leaf
