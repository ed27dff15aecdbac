"""LoraKit: train, mix and use LoRA adapters for product scenes and brand copy.

The public interface. Names are imported when they are first used, so that `import lorakit` costs no torch.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "AdapterError": "lorakit.errors",
    "BaseError": "lorakit.errors",
    "DataError": "lorakit.errors",
    "LoraKitError": "lorakit.errors",
    "RecipeError": "lorakit.errors",
    "Adapter": "lorakit.lora.adapter",
    "Campaign": "lorakit.generation.pictures.campaign",
    "PhotoSet": "lorakit.data.photos.sets",
    "Recipe": "lorakit.training.recipe",
    "Strength": "lorakit.lora.strength",
    "TextSet": "lorakit.data.texts.sets",
    "applied": "lorakit.lora.live",
    "applied_rows": "lorakit.lora.live",
    "combine": "lorakit.lora.combine:combine",
    "cut_out": "lorakit.data.photos.cutouts",
    "deltas": "lorakit.lora.merging",
    "load_adapter": "lorakit.formats:load",
    "load_base": "lorakit.families",
    "merge": "lorakit.lora.merging",
    "save_adapter": "lorakit.formats:save",
    "set_progress": "lorakit.lora.live",
    "shrink": "lorakit.lora.spectrum",
    "stack_report": "lorakit.lora.diagnose",
    "train": "lorakit.training",
    "unmerge": "lorakit.lora.merging",
    "verify": "lorakit.generation.pictures.verifying",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lorakit' has no attribute {name!r}")
    home, _, attribute = _HOMES[name].partition(":")
    return getattr(import_module(home), attribute or name)


def __dir__() -> list[str]:
    return __all__
