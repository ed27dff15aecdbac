"""Updates of bare parameters, as PEFT stores them (`target_parameters`): experts, and routers beside them.

PEFT wraps the module that owns the parameter once for each parameter, in the order in which the model
registers them, so a key's `.base_layer`s tell which one it is for: the innermost is the first. A stack of E
experts with rank r has `lora_A` (E r, in), expert after expert, and `lora_B` (out, r E), direction after
direction. Here each expert's update is one of its own, `<module>.<parameter>[3]`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Factors, readable

INSIDE = ".base_layer"
EXPERT = re.compile(r"(.+)\[(\d+)\]")
# Ends of names that PEFT 0.21 takes for experts of old in some mixtures of experts, wherever they stand: as
# `target_modules` it would lose them.
TAKEN_FOR_EXPERTS = (".gate_proj", ".up_proj", ".down_proj", ".gate")


@dataclass(frozen=True)
class ExpertStack:
    """The update of all experts of one parameter: `down` (E, r, in), `up` (E, out, r), one alpha for all."""

    down: Tensor
    up: Tensor
    alpha: float
    rslora: bool

    @property
    def rank(self) -> int:
        return self.down.shape[1]


def parameter_of(module: str, targets: Sequence[str]) -> str | None:
    """The parameter that an update named `module` is for, with `targets` as PEFT's `target_parameters`; None
    when it is a layer's.
    """
    owner = module
    while owner.endswith(INSIDE):
        owner = owner.removesuffix(INSIDE)
    depth = (len(module) - len(owner)) // len(INSIDE)
    leaves = {leaf for place, _, leaf in (target.rpartition(".") for target in targets)
              if owner == place or owner.endswith(f".{place}" if place else "experts")}  # fmt: skip
    ordered = sorted(leaves, key=_registered)
    return f"{owner}.{ordered[-1 - depth]}" if depth < len(ordered) else None


def _registered(leaf: str) -> tuple[bool, str]:
    """Every model registers what leads into its experts before what leads out."""
    return leaf.startswith(("down", "w2", "output")), leaf


def split(file: str, parameter: str, tensors: Mapping[str, Tensor], rank: int, alpha: float, rslora: bool
          ) -> dict[str, Factors]:  # fmt: skip
    """One update for each expert; of a bare matrix one for its module.

    Raises AdapterError when the shapes are not those of whole experts of this rank.
    """
    owner, _, leaf = parameter.rpartition(".")
    down, up = tensors.get("down"), tensors.get("up")
    if set(tensors) != {"down", "up"} or down is None or up is None or down.dim() != 2 or up.dim() != 2:
        raise AdapterError(f"{file}: the update of {parameter[:100]} is not a plain LoRA; export it again")
    count, rest = divmod(len(down), rank)
    if rest or not count or up.shape[1] != len(down):
        raise AdapterError(
            f"{file}: {parameter[:100]} has factors of shapes {tuple(down.shape)} and {tuple(up.shape)}, "
            f"which don't form experts of rank {rank} each; export it again"
        )
    if count == 1 and leaf == "weight":
        return {owner: Factors(down, up, alpha, rslora=rslora)}
    downs = down.view(count, rank, -1)
    ups = up.view(len(up), rank, count).permute(2, 0, 1)
    return {f"{parameter}[{number}]": Factors(downs[number], ups[number], alpha, rslora=rslora)
            for number in range(count)}  # fmt: skip


def gathered(adapter: Adapter) -> tuple[dict[str, Factors], dict[str, ExpertStack]]:
    """An adapter's updates of layers, and those of experts put together again, by parameter."""
    layers: dict[str, Factors] = {}
    experts: dict[str, dict[int, Factors]] = {}
    for name, factors in adapter.modules.items():
        found = EXPERT.fullmatch(name)
        if found is None:
            layers[name] = factors
        else:
            experts.setdefault(found[1], {})[int(found[2])] = factors
    return layers, {name: _stacked(adapter.name, name, each) for name, each in experts.items()}


def _stacked(adapter: str, name: str, each: Mapping[int, Factors]) -> ExpertStack:
    """Smaller ranks and missing experts are filled with zeros, other scales folded into `up`."""
    if any(factors.magnitude is not None for factors in each.values()):
        raise AdapterError(
            f"{adapter} has DoRA magnitudes for single experts ({name[:100]}), which no layout can store"
        )
    first = next(iter(each.values()))
    rank = max(factors.rank for factors in each.values())
    rows, columns = first.weight_shape
    dtype = readable(first.down).dtype
    down = torch.zeros(max(each) + 1, rank, columns, dtype=dtype, device=first.down.device)
    up = torch.zeros(max(each) + 1, rows, rank, dtype=dtype, device=first.down.device)
    alike = all(factors.rank == rank and factors.scale == first.scale for factors in each.values())
    for number, factors in each.items():
        down[number, : factors.rank] = readable(factors.down)
        up[number, :, : factors.rank] = readable(factors.up) * (1.0 if alike else factors.scale / first.scale)
    same = first.alpha if first.rank == rank else first.scale * (rank**0.5 if first.rslora else rank)
    return ExpertStack(down, up, same, first.rslora)


def tensors_of(stacks: Mapping[str, ExpertStack], prefix: str) -> dict[str, Tensor]:
    """The stacks' tensors under PEFT's names."""
    owners: dict[str, list[str]] = {}
    for name in stacks:
        owner, _, leaf = name.rpartition(".")
        owners.setdefault(owner, []).append(leaf)
    tensors = {}
    for owner, leaves in owners.items():
        for depth, leaf in enumerate(reversed(sorted(leaves, key=_registered))):
            stack, place = stacks[f"{owner}.{leaf}"], f"{prefix}{owner}{INSIDE * depth}"
            tensors[f"{place}.lora_A.weight"] = stack.down.flatten(0, 1).contiguous()
            tensors[f"{place}.lora_B.weight"] = stack.up.permute(1, 2, 0).flatten(1).contiguous()
    return tensors
