"""Where a file's alpha stands when it is not beside each module: PEFT's config, diffusers' metadata, mlx-lm's
config.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lorakit.errors import AdapterError
from lorakit.formats.reading import Header

PEFT_CONFIG = "adapter_config.json"  # mlx-lm's file has the same name, and other fields
SETTINGS = "lora_adapter_metadata"  # where diffusers keeps rank and alpha in a file's metadata
MLX_SCALE = 20.0  # mlx-lm's default


@dataclass(frozen=True)
class Scaling:
    """Alpha of each module that states none itself: alpha = rank when nothing is said."""

    alpha: float | None = None
    pattern: dict[str, float] = field(default_factory=dict)
    rslora: bool = False
    per_rank: float | None = None  # mlx-lm states alpha / rank

    def of(self, module: str, rank: int) -> float:
        """The alpha of `module` at `rank`."""
        if self.per_rank is not None:
            return self.per_rank * rank
        for name, alpha in self.pattern.items():
            # PEFT matches its patterns as regular expressions at the end of a module's name.
            if module == name or module.endswith("." + name) or _matches(name, module):
                return alpha
        return float(rank if self.alpha is None else self.alpha)


def scaling_of(header: Header, naming: str, folder: Path) -> Scaling:
    """What the settings beside or inside a file say.

    Raises AdapterError when a file needs settings that are not there, or they ask for what is not supported.
    """
    name = header.path.name
    try:
        if naming == "peft":
            return _from_peft(name, _config(folder, name, needed=True))
        if SETTINGS in header.metadata:
            settings = json.loads(header.metadata[SETTINGS])
            component = next(iter(header.tensors)).partition(".")[0]
            own = {k[len(component) + 1 :]: v for k, v in settings.items() if k.startswith(component + ".")}
            return _from_peft(name, own)
        if naming == "plain":
            return _from_mlx(_config(folder, name, needed=False))
    except AdapterError:
        raise
    except (json.JSONDecodeError, AttributeError, TypeError, ValueError) as error:
        raise AdapterError(f"{name}: the settings beside it cannot be read; export it again") from error
    return Scaling()


def _config(folder: Path, name: str, needed: bool) -> dict[str, Any]:
    path = folder / PEFT_CONFIG
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    if needed:
        raise AdapterError(
            f"{name}: needs {PEFT_CONFIG} beside it, which states its alpha; give the whole folder"
        )
    return {}


def _from_peft(name: str, stated: dict[str, Any]) -> Scaling:
    kind = str(stated.get("peft_type", "LORA")).upper()
    if kind != "LORA":
        raise AdapterError(f"{name}: is a PEFT adapter of type {kind}, of which only LORA is supported")
    if stated.get("modules_to_save"):
        raise AdapterError(
            f"{name}: also replaces whole layers (modules_to_save), which is not supported; train it without"
        )
    if stated.get("fan_in_fan_out") not in (None, False, True):
        raise AdapterError(f"{name}: its fan_in_fan_out is neither true nor false; export it again")
    alpha = stated.get("lora_alpha")
    pattern = {str(key): float(value) for key, value in (stated.get("alpha_pattern") or {}).items()}
    return Scaling(None if alpha is None else float(alpha), pattern, bool(stated.get("use_rslora")))


def _from_mlx(stated: dict[str, Any]) -> Scaling:
    parameters = stated.get("lora_parameters") or {}
    if not stated:
        return Scaling()
    return Scaling(per_rank=float(parameters.get("scale", MLX_SCALE)))


def _matches(pattern: str, module: str) -> bool:
    try:
        return re.match(rf"(.*\.)?({pattern})$", module) is not None
    except re.error:
        return False
