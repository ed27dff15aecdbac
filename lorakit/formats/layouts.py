"""The layouts that are written: an Adapter's tensors under another tool's names, with its settings.

Kohya's scripts read FLUX under its authors' names, where four of diffusers' layers are one; joining them is
exact as a block-diagonal of their ranks.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.families.table import ADAPTER_FILES
from lorakit.formats import experts, hub
from lorakit.formats.kohya import write_kohya
from lorakit.formats.names import COMPONENT, PEFT_PREFIX, resolve_diffusers
from lorakit.formats.settings import PEFT_CONFIG, SETTINGS
from lorakit.formats.writing import Written, own_memory
from lorakit.lora.adapter import Adapter, Factors


@dataclass(frozen=True)
class Layout:
    """The file a tool looks for, and how it is written."""

    file: str
    write: Callable[[Adapter], Written]


def write_diffusers(adapter: Adapter) -> Written:
    """`<component>.<module>.lora_A.weight`; ranks and alphas in the metadata, as diffusers saves them.

    A tensor of CLIP's carries the level `text_model.`, which every version of diffusers expects or takes off.
    The metadata does not: some do not take it off there, and PEFT finds a module by the end of its name.
    """
    components = sorted({name.partition(".")[0] for name in adapter.modules})
    if any(experts.EXPERT.fullmatch(name) for name in adapter.modules):
        raise AdapterError(f"{adapter.name} updates single experts, which only the PEFT layout can store")
    modules = {_with_level(name): factors for name, factors in adapter.modules.items()}
    bare = Adapter({_without_level(name): factors for name, factors in adapter.modules.items()}, adapter.card)
    settings = {f"{part}.{key}": value for part in components for key, value in _config(bare, part).items()}
    return _plain(Adapter(modules, adapter.card)), {SETTINGS: json.dumps(settings)}, {}


LEVEL = "text_model."
CLIP = re.compile(rf"(text_encoder(?:_\d)?\.)(?:{re.escape(LEVEL)})?(encoder\.layers\..+)")


def _with_level(name: str) -> str:
    return CLIP.sub(rf"\1{LEVEL}\2", name)


def _without_level(name: str) -> str:
    return CLIP.sub(r"\1\2", name)


def write_peft(adapter: Adapter) -> Written:
    """`base_model.model.<module>.lora_A.weight` beside adapter_config.json; a folder is for one model."""
    parts = {found[1] if (found := COMPONENT.match(name)) else "" for name in adapter.modules}
    if len(parts) > 1:
        raise AdapterError(
            f"{adapter.name}: the PEFT layout stores a single model, not {' and '.join(sorted(parts))}; "
            "export it as diffusers or kohya"
        )
    (part,) = parts
    # A denoiser's own names are enough to tell it by; what is left of any other would be ambiguous.
    inside = f"{part}." if part in ("transformer", "unet") else ""
    modules = {name.removeprefix(inside): factors for name, factors in adapter.modules.items()}
    if any(resolve_diffusers(PEFT_PREFIX + name) is None for name in modules if inside):
        modules = adapter.modules
    own = Adapter(modules, adapter.card)
    pinned = hub.HUB_ID.fullmatch(adapter.card.base)
    config = _config(own) | {
        "base_model_name_or_path": pinned["repo"] if pinned else adapter.card.base,
        "revision": pinned["revision"] if pinned else None,
        "peft_type": "LORA", "inference_mode": True,
        "task_type": None if inside else "CAUSAL_LM",
    }  # fmt: skip
    layers, stacks = experts.gathered(own)
    tensors = _plain(Adapter(layers, own.card), PEFT_PREFIX) if layers else {}
    tensors |= experts.tensors_of(stacks, PEFT_PREFIX)
    for name, weight in adapter.weights.items():
        place, _, what = name.rpartition(".")
        inner = f"{place}.base_layer" if place in adapter.modules else place
        tensors[f"{PEFT_PREFIX}{inner}.{what}"] = own_memory(weight)
    return tensors, {}, {PEFT_CONFIG: config}


LAYOUTS = {
    "peft": Layout(ADAPTER_FILES["peft"], write_peft),
    "diffusers": Layout(ADAPTER_FILES["diffusers"], write_diffusers),
    "kohya": Layout("lora.safetensors", write_kohya),
}


def _plain(adapter: Adapter, prefix: str = "") -> dict[str, Tensor]:
    tensors = {}
    for name, factors in adapter.modules.items():
        tensors[f"{prefix}{name}.lora_A.weight"] = own_memory(factors.down)
        tensors[f"{prefix}{name}.lora_B.weight"] = own_memory(factors.up)
        if factors.magnitude is not None:
            if factors.magnitude.dim() == 2:
                raise AdapterError(
                    f"{adapter.name}: its DoRA magnitudes are per column, which only kohya's layout stores"
                )
            kernel = [1] * (len(factors.weight_shape) - 2)
            shape = (1, -1, *kernel) if kernel else (-1,)
            tensors[f"{prefix}{name}.lora_magnitude_vector"] = own_memory(factors.magnitude.reshape(shape))
    return tensors


def _config(adapter: Adapter, component: str | None = None) -> dict[str, Any]:
    """PEFT's LoraConfig for the modules of one component (of all: None).

    The commonest rank and alpha come first.
    """
    start = f"{component}." if component else ""
    named = {name[len(start) :]: f for name, f in adapter.modules.items() if name.startswith(start)}
    layers, stacks = experts.gathered(Adapter(named, adapter.card))
    modules: dict[str, Factors | experts.ExpertStack] = {**layers, **stacks}
    # Beside experts, a layer that PEFT would take for an expert is named by its weight, which PEFT leaves be.
    bare = [name for name in layers if stacks and name.endswith(experts.TAKEN_FOR_EXPERTS)]
    modules |= {f"{name}.weight": modules.pop(name) for name in bare}
    if len({f.rslora for f in modules.values()}) > 1:
        raise AdapterError(
            f"{adapter.name} mixes rank-stabilised and plain scaling; combine it into one adapter first"
        )
    first = next(iter(modules.values()))
    rank, alpha = first.rank, first.alpha
    whole = float(alpha).is_integer()
    config: dict[str, Any] = {
        "r": rank,
        "lora_alpha": int(alpha) if whole else alpha,
        "target_modules": sorted(set(layers) - set(bare)),
        "rank_pattern": {name: f.rank for name, f in modules.items() if f.rank != rank},
        "alpha_pattern": {name: f.alpha for name, f in modules.items() if f.alpha != alpha},
        "use_rslora": first.rslora,
        "use_dora": any(f.magnitude is not None for f in layers.values()),
        "lora_dropout": 0.0,
        "bias": "none",
    }
    if stacks:
        config["target_parameters"] = sorted(modules.keys() - layers.keys())
    return config
