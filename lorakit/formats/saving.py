"""Writing an adapter in another tool's layout, and keeping one as the store does."""

import math
import shutil
from pathlib import Path

from lorakit import durable
from lorakit.errors import AdapterError
from lorakit.families.table import layout_of
from lorakit.formats import layouts, metadata, writing
from lorakit.formats.loading import OWN_FILE, locate
from lorakit.formats.settings import PEFT_CONFIG
from lorakit.formats.updates import FactoredUpdate
from lorakit.lora.adapter import Adapter

FORMATS = tuple(layouts.LAYOUTS)
LARGEST_PRODUCTS = 4 * 2**30  # bytes


def save(adapter: Adapter, folder: str | Path, format: str = "diffusers") -> Path:
    """Write `adapter` into `folder` in the layout of "diffusers", "peft" or "kohya", and its card; returns
    the weights' path.

    Tensors keep their type. Raises AdapterError for a format that is not known, or that cannot hold this
    adapter.
    """
    layout = layouts.LAYOUTS.get(format)
    if layout is None:
        raise AdapterError(f"format {format!r} is not known; use one of {', '.join(FORMATS)}")
    folder = Path(folder)
    _check_size(adapter)
    tensors, own, beside = layout.write(adapter)
    described = {"format": "pt"} | metadata.of_card(adapter.card) | own
    with durable.replacing(folder / layout.file) as unfinished:
        writing.write(tensors, unfinished, described)
    for name, content in beside.items():
        durable.write_json(folder / name, content)
    durable.write_json(folder / "card.json", adapter.card.to_dict())
    return folder / layout.file


def _check_size(adapter: Adapter) -> None:
    """Raise AdapterError when products, multiplied out, would be larger than any tool would take."""
    size = sum(f.rank * (f.weight_shape[0] + math.prod(f.weight_shape[1:])) * 4
               for f in adapter.modules.values() if isinstance(f, FactoredUpdate))  # fmt: skip
    if size > LARGEST_PRODUCTS:
        raise AdapterError(
            f"{adapter.name} is a LoHa or LoKr that takes {size / 2**30:.0f} GB as a plain LoRA; "
            "share the original file instead"
        )


def keep(adapter: Adapter, source: str | Path, folder: str | Path) -> Path:
    """Write `adapter`, opened from `source`, as the store keeps it: in the layout of its kind of base, which
    any tool reads, or as the very file where that layout cannot hold it or would take many times the space.
    """
    products = any(isinstance(factors, FactoredUpdate) for factors in adapter.modules.values())
    columns = any(f.magnitude is not None and f.magnitude.dim() == 2 for f in adapter.modules.values())
    if not products and not columns:
        return save(adapter, folder, layout_of(adapter.family))
    file, beside = locate(source)
    config = beside / PEFT_CONFIG
    layout = layouts.LAYOUTS["peft" if config.is_file() and file.name != OWN_FILE else "kohya"]
    with durable.replacing(Path(folder) / layout.file) as unfinished:
        shutil.copyfile(file, unfinished)
    if layout.file != OWN_FILE:
        shutil.copyfile(config, Path(folder) / PEFT_CONFIG)
    durable.write_json(Path(folder) / "card.json", adapter.card.to_dict())
    return Path(folder) / layout.file
