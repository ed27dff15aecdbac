"""The kohya layout: names with underscores, the alpha of each module in the file."""

import math
from collections import Counter

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.families.table import ROWS, FamilyRow
from lorakit.formats import flux
from lorakit.formats.unet import to_sgm
from lorakit.formats.updates import swapped
from lorakit.formats.writing import Written, own_memory
from lorakit.lora.adapter import Adapter, Factors, readable
from lorakit.lora.aliases import TEXT_ENCODERS


def write_kohya(adapter: Adapter) -> Written:
    """`lora_unet_<module with underscores>.lora_down.weight`, each with its alpha.

    All have the same alpha: diffusers' converter looks for those that differ under names it does not use.
    """
    tensors: dict[str, Tensor] = {}
    modules = _kohya_modules(adapter)
    alphas = Counter(factors.scale * factors.rank for factors in modules.values())
    alpha = alphas.most_common(1)[0][0]
    for name, factors in modules.items():
        tensors[f"{name}.lora_down.weight"] = own_memory(factors.down)
        tensors[f"{name}.lora_up.weight"] = _scaled(factors.up, factors.scale * factors.rank / alpha)
        tensors[f"{name}.alpha"] = torch.tensor(alpha)
        if factors.magnitude is not None:
            column, kernel = factors.magnitude.dim() == 2, [1] * (len(factors.weight_shape) - 2)
            shape = (1, -1, *kernel) if column else (-1, 1, *kernel)
            tensors[f"{name}.dora_scale"] = own_memory(factors.magnitude.reshape(shape))
    return tensors, {}, {}


def _scaled(up: Tensor, factor: float) -> Tensor:
    """`up` times `factor`: in its own type where that is exact, by a power of two, and else in float32."""
    if factor == 1:
        return own_memory(up)
    dtype = readable(up).dtype
    exact = math.frexp(factor)[0] == 0.5 and dtype is torch.bfloat16
    return own_memory((readable(up).float() * factor).to(dtype if exact else torch.float32))


def _kohya_modules(adapter: Adapter) -> dict[str, Factors]:
    modules: dict[str, Factors] = {}
    rest = dict(adapter.modules)
    flux_names = [name.removeprefix("transformer.") for name in rest if name.startswith("transformer.")]
    for row in flux.rows_for(flux_names):
        parts = [rest.pop(f"transformer.{name}", None) for name, _ in row.ours]
        modules["lora_unet_" + row.theirs.replace(".", "_")] = _joined(adapter.name, row, parts)
    for name, factors in rest.items():
        theirs = _kohya_name(name, ROWS.get("flux" if flux_names else adapter.family))
        if theirs is None:
            raise AdapterError(
                f"{adapter.name}: the kohya layout has no place for {name}; export it as diffusers or peft"
            )
        modules[theirs] = factors
    return modules


def _kohya_name(name: str, family: FamilyRow | None) -> str | None:
    """What kohya's scripts call a module of a U-Net or a text encoder."""
    component, _, module = name.partition(".")
    if component == "unet":
        sgm = to_sgm(module) if family is not None and family.kohya_sgm else None
        return f"lora_unet_{sgm or module.replace('.', '_')}"
    firsts = FamilyRow.kohya_text if family is None else family.kohya_text
    prefix = dict(zip(TEXT_ENCODERS, firsts, strict=False)).get(component)
    if prefix is None:
        return None
    if module.startswith("encoder.layers."):  # transformers 5 left out a level that kohya's names have
        module = f"text_model.{module}"
    return prefix + module.replace(".", "_")


def _joined(adapter: str, row: flux.NameRule, parts: list[Factors | None]) -> Factors:
    """One update for the authors' one layer from those of diffusers' several, exactly: ranks side by side.

    A part without an update has rows of zeros. Parts that share their `down` were one update before.
    """
    given = [
        (factors, units) for factors, (_, units) in zip(parts, row.ours, strict=True) if factors is not None
    ]
    first, units = given[0]
    if len(row.ours) == 1:
        return swapped(first) if row.swapped else first
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
