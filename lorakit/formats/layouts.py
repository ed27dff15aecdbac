"""The layouts that are written: an Adapter's tensors under another tool's names, with its settings.

Kohya's scripts read FLUX under its authors' names, where four of diffusers' layers are one; joining them is
exact as a block-diagonal of their ranks.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.formats import flux
from lorakit.formats.names import PEFT_PREFIX
from lorakit.formats.settings import PEFT_CONFIG, SETTINGS
from lorakit.lora.adapter import Adapter, Factors

# Tensors, metadata of the file, and JSON files beside it.
Written = tuple[dict[str, Tensor], dict[str, str], dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Layout:
    """The file a tool looks for, and how it is written."""

    file: str
    write: Callable[[Adapter], Written]


def write_diffusers(adapter: Adapter) -> Written:
    """`<component>.<module>.lora_A.weight`; ranks and alphas in the metadata, as diffusers saves them."""
    components = sorted({name.partition(".")[0] for name in adapter.modules})
    settings = {
        f"{part}.{key}": value for part in components for key, value in _config(adapter, part).items()
    }
    return _plain(adapter, ""), {SETTINGS: json.dumps(settings)}, {}


def write_peft(adapter: Adapter) -> Written:
    """`base_model.model.<module>.lora_A.weight` beside adapter_config.json."""
    config = _config(adapter) | {"base_model_name_or_path": adapter.card.base}
    return _plain(adapter, PEFT_PREFIX), {}, {PEFT_CONFIG: config}


def write_kohya(adapter: Adapter) -> Written:
    """`lora_unet_<module with underscores>.lora_down.weight`, each with its alpha."""
    tensors: dict[str, Tensor] = {}
    for name, factors in _kohya_modules(adapter).items():
        tensors[f"{name}.lora_down.weight"] = factors.down.detach().clone()
        tensors[f"{name}.lora_up.weight"] = factors.up.detach().clone()
        tensors[f"{name}.alpha"] = torch.tensor(factors.scale * factors.rank)
        if factors.magnitude is not None:
            tensors[f"{name}.dora_scale"] = factors.magnitude.detach().clone()[:, None]
    return tensors, {}, {}


LAYOUTS = {
    "peft": Layout("adapter_model.safetensors", write_peft),
    "diffusers": Layout("pytorch_lora_weights.safetensors", write_diffusers),
    "kohya": Layout("lora.safetensors", write_kohya),
}
KOHYA_COMPONENTS = {
    "unet": "lora_unet",
    "transformer": "lora_unet",
    "text_encoder": "lora_te1",
    "text_encoder_2": "lora_te2",
}


def _plain(adapter: Adapter, prefix: str) -> dict[str, Tensor]:
    tensors = {}
    for name, factors in adapter.modules.items():
        tensors[f"{prefix}{name}.lora_A.weight"] = factors.down.detach().clone()
        tensors[f"{prefix}{name}.lora_B.weight"] = factors.up.detach().clone()
        if factors.magnitude is not None:
            tensors[f"{prefix}{name}.lora_magnitude_vector"] = factors.magnitude.detach().clone()
    return tensors


def _kohya_modules(adapter: Adapter) -> dict[str, Factors]:
    modules: dict[str, Factors] = {}
    rest = dict(adapter.modules)
    if any(name.startswith("transformer.") for name in rest):
        for row in flux.rows_for([name.removeprefix("transformer.") for name in rest]):
            parts = [rest.pop(f"transformer.{name}", None) for name, _ in row.ours]
            modules["lora_unet_" + row.theirs.replace(".", "_")] = _joined(adapter.name, row, parts)
    for name, factors in rest.items():
        component, _, module = name.partition(".")
        if component not in KOHYA_COMPONENTS or component == "transformer":
            raise AdapterError(
                f"{adapter.name}: kohya's layout has no place for {name}; export it as diffusers or peft"
            )
        modules[f"{KOHYA_COMPONENTS[component]}_{module.replace('.', '_')}"] = factors
    return modules


def _joined(adapter: str, row: flux.Row, parts: list[Factors | None]) -> Factors:
    """One update for the authors' one layer from those of diffusers' several, exactly: ranks side by side.

    A part without an update has rows of zeros.
    """
    given = [
        (factors, units) for factors, (_, units) in zip(parts, row.ours, strict=True) if factors is not None
    ]
    if len(row.ours) == 1:
        return _swapped(given[0][0]) if row.swapped else given[0][0]
    if any(factors.magnitude is not None for factors, _ in given):
        raise AdapterError(
            f"{adapter}: its DoRA magnitudes cannot be joined for kohya's layout; export it as diffusers"
        )
    unit = given[0][0].up.shape[0] // given[0][1]
    rank = sum(factors.rank for factors, _ in given)
    up = torch.zeros(unit * sum(units for _, units in row.ours), rank, dtype=given[0][0].up.dtype)
    downs, top, left = [], 0, 0
    for factors, (_, units) in zip(parts, row.ours, strict=True):
        if factors is not None:
            # The scale goes into `up`, so that parts of different scales can share one alpha.
            block = factors.up * factors.scale
            up[top : top + units * unit, left : left + factors.rank] = block
            downs.append(factors.down)
            left += factors.rank
        top += units * unit
    return Factors(torch.cat(downs), up, float(rank))


def _swapped(factors: Factors) -> Factors:
    up = torch.cat(factors.up.chunk(2)[::-1])
    magnitude = None if factors.magnitude is None else torch.cat(factors.magnitude.chunk(2)[::-1])
    return Factors(factors.down, up, factors.alpha, magnitude, factors.rslora)


def _config(adapter: Adapter, component: str | None = None) -> dict[str, Any]:
    """PEFT's LoraConfig for the modules of one component (of all: None).

    The commonest rank and alpha come first.
    """
    start = f"{component}." if component else ""
    modules = {name[len(start) :]: f for name, f in adapter.modules.items() if name.startswith(start)}
    if len({f.rslora for f in modules.values()}) > 1:
        raise AdapterError(
            f"{adapter.name}: mixes rank-stabilised and plain scaling; combine it into one first"
        )
    first = next(iter(modules.values()))
    rank, alpha = first.rank, first.alpha
    whole = float(alpha).is_integer()
    config: dict[str, Any] = {
        "r": rank,
        "lora_alpha": int(alpha) if whole else alpha,
        "target_modules": sorted(modules),
        "rank_pattern": {name: f.rank for name, f in modules.items() if f.rank != rank},
        "alpha_pattern": {name: f.alpha for name, f in modules.items() if f.alpha != alpha},
        "use_rslora": first.rslora,
        "use_dora": any(f.magnitude is not None for f in modules.values()),
        "lora_dropout": 0.0,
        "bias": "none",
    }
    if component is None:
        config |= {"peft_type": "LORA", "task_type": "CAUSAL_LM", "inference_mode": True}
    return config
