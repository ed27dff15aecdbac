"""The layouts that are written: an Adapter's tensors under another tool's names, with its settings.

Kohya's scripts read FLUX under its authors' names, where four of diffusers' layers are one; joining them is
exact as a block-diagonal of their ranks.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.formats import experts, flux, hub
from lorakit.formats.names import COMPONENT, PEFT_PREFIX, resolve_diffusers
from lorakit.formats.settings import PEFT_CONFIG, SETTINGS
from lorakit.formats.unet import to_sgm
from lorakit.lora.adapter import Adapter, Factors, readable

# Tensors, metadata of the file, and JSON files beside it.
Written = tuple[dict[str, Tensor], dict[str, str], dict[str, dict[str, Any]]]


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
        tensors[f"{PEFT_PREFIX}{inner}.{what}"] = _copy(weight)
    return tensors, {}, {PEFT_CONFIG: config}


def write_kohya(adapter: Adapter) -> Written:
    """`lora_unet_<module with underscores>.lora_down.weight`, each with its alpha.

    All have the same alpha: diffusers' converter looks for those that differ under names it does not use.
    """
    tensors: dict[str, Tensor] = {}
    modules = _kohya_modules(adapter)
    alphas = Counter(factors.scale * factors.rank for factors in modules.values())
    alpha = alphas.most_common(1)[0][0]
    for name, factors in modules.items():
        tensors[f"{name}.lora_down.weight"] = _copy(factors.down)
        tensors[f"{name}.lora_up.weight"] = _scaled(factors.up, factors.scale * factors.rank / alpha)
        tensors[f"{name}.alpha"] = torch.tensor(alpha)
        if factors.magnitude is not None:
            column, kernel = factors.magnitude.dim() == 2, [1] * (len(factors.weight_shape) - 2)
            shape = (1, -1, *kernel) if column else (-1, 1, *kernel)
            tensors[f"{name}.dora_scale"] = _copy(factors.magnitude.reshape(shape))
    return tensors, {}, {}


def _scaled(up: Tensor, factor: float) -> Tensor:
    """`up` times `factor`: in its own type where that is exact, by a power of two, and else in float32."""
    if factor == 1:
        return _copy(up)
    dtype = readable(up).dtype
    exact = math.frexp(factor)[0] == 0.5 and dtype is torch.bfloat16
    return _copy((readable(up).float() * factor).to(dtype if exact else torch.float32))


LAYOUTS = {
    "peft": Layout("adapter_model.safetensors", write_peft),
    "diffusers": Layout("pytorch_lora_weights.safetensors", write_diffusers),
    "kohya": Layout("lora.safetensors", write_kohya),
}


def _copy(tensor: Tensor) -> Tensor:
    return tensor.detach().clone(memory_format=torch.contiguous_format)


def _plain(adapter: Adapter, prefix: str = "") -> dict[str, Tensor]:
    tensors = {}
    for name, factors in adapter.modules.items():
        tensors[f"{prefix}{name}.lora_A.weight"] = _copy(factors.down)
        tensors[f"{prefix}{name}.lora_B.weight"] = _copy(factors.up)
        if factors.magnitude is not None:
            if factors.magnitude.dim() == 2:
                raise AdapterError(
                    f"{adapter.name}: its DoRA magnitudes are per column, which only kohya's layout stores"
                )
            kernel = [1] * (len(factors.weight_shape) - 2)
            shape = (1, -1, *kernel) if kernel else (-1,)
            tensors[f"{prefix}{name}.lora_magnitude_vector"] = _copy(factors.magnitude.reshape(shape))
    return tensors


def _kohya_modules(adapter: Adapter) -> dict[str, Factors]:
    modules: dict[str, Factors] = {}
    rest = dict(adapter.modules)
    flux_names = [name.removeprefix("transformer.") for name in rest if name.startswith("transformer.")]
    for row in flux.rows_for(flux_names):
        parts = [rest.pop(f"transformer.{name}", None) for name, _ in row.ours]
        modules["lora_unet_" + row.theirs.replace(".", "_")] = _joined(adapter.name, row, parts)
    for name, factors in rest.items():
        theirs = _kohya_name(name, "flux" if flux_names else adapter.family)
        if theirs is None:
            raise AdapterError(
                f"{adapter.name}: the kohya layout has no place for {name}; export it as diffusers or peft"
            )
        modules[theirs] = factors
    return modules


def _kohya_name(name: str, family: str) -> str | None:
    """What kohya's scripts call a module of a U-Net or a text encoder."""
    component, _, module = name.partition(".")
    if component == "unet":
        sgm = to_sgm(module) if family == "sdxl" else None
        return f"lora_unet_{sgm or module.replace('.', '_')}"
    prefix = TEXT_ENCODERS.get((component, family), TEXT_ENCODERS.get((component, "")))
    if prefix is None:
        return None
    if module.startswith("encoder.layers."):  # transformers 5 left out a level that kohya's names have
        module = f"text_model.{module}"
    return prefix + module.replace(".", "_")


# Kohya's first words for text encoders: FLUX's second is T5, and Stable Diffusion 1.5 has only one.
TEXT_ENCODERS = {
    ("text_encoder", "sd15"): "lora_te_", ("text_encoder", ""): "lora_te1_",
    ("text_encoder_2", "flux"): "lora_te3_", ("text_encoder_2", ""): "lora_te2_",
}  # fmt: skip


def _joined(adapter: str, row: flux.NameRule, parts: list[Factors | None]) -> Factors:
    """One update for the authors' one layer from those of diffusers' several, exactly: ranks side by side.

    A part without an update has rows of zeros. Parts that share their `down` were one update before.
    """
    given = [
        (factors, units) for factors, (_, units) in zip(parts, row.ours, strict=True) if factors is not None
    ]
    first, units = given[0]
    if len(row.ours) == 1:
        return _swapped(first) if row.swapped else first
    magnitudes = [factors.magnitude for factors, _ in given if factors.magnitude is not None]
    if magnitudes and (len(magnitudes) < len(row.ours) or any(m.dim() == 2 for m in magnitudes)):
        raise AdapterError(
            f"{adapter}: its DoRA magnitudes can't be merged for the kohya layout; export it as diffusers"
        )
    magnitude = torch.cat(magnitudes) if magnitudes else None
    shared = len(given) == len(row.ours) and all(
        factors.scale == first.scale and torch.equal(readable(factors.down), readable(first.down))
        for factors, _ in given[1:]
    )
    if shared:
        up = torch.cat([readable(factors.up) for factors, _ in given]).to(first.up.dtype)
        return Factors(first.down, up, first.alpha, magnitude, first.rslora)
    unit = first.up.shape[0] // units
    rank = sum(factors.rank for factors, _ in given)
    dtype = readable(first.up).dtype
    up = torch.zeros(unit * sum(units for _, units in row.ours), rank, dtype=dtype)
    downs, top, left = [], 0, 0
    for factors, (_, units) in zip(parts, row.ours, strict=True):
        if factors is not None:
            # The scale goes into `up`, so that parts of different scales can share one alpha.
            block = readable(factors.up) * factors.scale
            up[top : top + units * unit, left : left + factors.rank] = block
            downs.append(readable(factors.down))
            left += factors.rank
        top += units * unit
    return Factors(torch.cat(downs), up, float(rank), magnitude)


def _swapped(factors: Factors) -> Factors:
    up = torch.cat(readable(factors.up).chunk(2)[::-1]).to(factors.up.dtype)
    magnitude = factors.magnitude
    if magnitude is not None and magnitude.dim() == 1:
        magnitude = torch.cat(magnitude.chunk(2)[::-1])
    return Factors(factors.down, up, factors.alpha, magnitude, factors.rslora)


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
