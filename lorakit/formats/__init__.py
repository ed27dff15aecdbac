"""Adapter files <-> Adapter. Dialects are rows of a table: how a file spells its keys and where its alpha
stands.

Covers the two native layouts: diffusers (`transformer.<module>.lora_A.weight`) and PEFT folders
(`base_model.model.<module>.lora_A.weight` beside adapter_config.json).
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lorakit import durable
from lorakit.errors import AdapterError
from lorakit.formats import writing
from lorakit.formats.reading import Header, read_header, read_tensor
from lorakit.lora.adapter import Adapter, Card, Factors

PREFIX = "base_model.model."
DIFFUSERS_FILE = "pytorch_lora_weights.safetensors"
PEFT_FILE = "adapter_model.safetensors"
PEFT_CONFIG = "adapter_config.json"
SETTINGS = "lora_adapter_metadata"  # where diffusers keeps rank and alpha in a file's metadata


@dataclass(frozen=True)
class Dialect:
    """How one tool spells an adapter: what stands before a module's name, and after it for each leaf."""

    name: str
    file: str
    prefix: str
    down: str = ".lora_A.weight"
    up: str = ".lora_B.weight"
    magnitude: str = ".lora_magnitude_vector"
    magnitude_read: str = ".lora_magnitude_vector.weight"  # older PEFT, and what a live PEFT module is called


FORMATS = (Dialect("peft", PEFT_FILE, PREFIX), Dialect("diffusers", DIFFUSERS_FILE, ""))


@dataclass
class Inspection:
    """What a file's header alone tells."""

    path: Path
    dialect: str
    family: str
    rank: int
    modules: list[str]
    size_bytes: int
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Scaling:
    """Alpha of each module, as the file or its config states it."""

    alpha: float | None = None
    pattern: dict[str, float] = field(default_factory=dict)
    rslora: bool = False

    def of(self, module: str, rank: int) -> float:
        for name, alpha in self.pattern.items():
            if module == name or module.endswith("." + name):
                return float(alpha)
        return float(rank if self.alpha is None else self.alpha)


def inspect(path: str | Path) -> Inspection:
    """Say what an adapter file is from its header, without reading a weight.

    Raises AdapterError as `load` does.
    """
    file, _ = _locate(path)
    header = read_header(file)
    dialect, found = _detect(header)
    ranks = [header.tensors[module["down"]].shape[0] for module in found.values()]
    names = list(found)
    return Inspection(
        file, dialect.name, _family(names), max(ranks), names, file.stat().st_size, header.metadata
    )


def load(path: str | Path) -> Adapter:
    """Open an adapter: a file, a folder or a hub id.

    Raises AdapterError that names the file and what is wrong.
    """
    file, folder = _locate(path)
    header = read_header(file)
    dialect, found = _detect(header)
    scaling = _scaling(header, dialect, folder)
    modules = {name: _factors(header, name, leaves, scaling) for name, leaves in found.items()}
    adapter = Adapter(modules, _card(folder, header, modules), source=Path(path).name)
    adapter.check_finite()
    if not any(factors.up.any() for factors in modules.values()):
        raise AdapterError(
            f"{file.name}: every update in it is zero, so it would have no effect; train it again"
        )
    return adapter


def save(adapter: Adapter, folder: str | Path, format: str = "diffusers") -> Path:
    """Write `adapter` into `folder` in the layout of "diffusers" or "peft", and its card; returns the
    weights' path.

    Tensors keep their type. Raises AdapterError for a format that is not known, or that cannot hold this
    adapter.
    """
    dialect = next((row for row in FORMATS if row.name == format), None)
    if dialect is None:
        raise AdapterError(
            f"format {format!r} is not known; use one of {', '.join(row.name for row in FORMATS)}"
        )
    folder = Path(folder)
    config = _config(adapter)
    metadata = {"format": "pt"}
    if dialect.name == "diffusers":
        components = sorted({name.partition(".")[0] for name in adapter.modules})
        metadata[SETTINGS] = json.dumps(
            {f"{part}.{key}": value for part in components for key, value in _config(adapter, part).items()}
        )
    tensors = _tensors(adapter, dialect)
    with durable.replacing(folder / dialect.file) as aside:
        writing.write(tensors, aside, metadata)
    if dialect.name == "peft":
        durable.write_json(folder / PEFT_CONFIG, config | {"base_model_name_or_path": adapter.card.base})
    durable.write_json(folder / "card.json", adapter.card.to_dict())
    return folder / dialect.file


def _tensors(adapter: Adapter, dialect: Dialect) -> dict[str, Tensor]:
    tensors = {}
    for name, factors in adapter.modules.items():
        tensors[f"{dialect.prefix}{name}{dialect.down}"] = factors.down.detach().clone()
        tensors[f"{dialect.prefix}{name}{dialect.up}"] = factors.up.detach().clone()
        if factors.magnitude is not None:
            tensors[f"{dialect.prefix}{name}{dialect.magnitude}"] = factors.magnitude.detach().clone()
    return tensors


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


def _locate(path: str | Path) -> tuple[Path, Path]:
    """The weights file, and the folder in which its card and config would lie."""
    place = Path(path)
    if place.is_file():
        return place, place.parent
    if not place.exists() and str(path).count("/") == 1 and not str(path).startswith((".", "/", "~")):
        place = _from_hub(str(path))
    if not place.is_dir():
        raise AdapterError(
            f"{path}: no such adapter; give a .safetensors file, a folder, or a hub id owner/name"
        )
    for dialect in FORMATS:
        if (place / dialect.file).is_file():
            return place / dialect.file, place
    files = sorted(place.glob("*.safetensors"))
    if len(files) == 1:
        return files[0], place
    what = "no .safetensors file" if not files else f"{len(files)} .safetensors files"
    raise AdapterError(f"{place.name}: holds {what}; give the one adapter file itself")


def _from_hub(repo: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    try:
        return Path(snapshot_download(repo, allow_patterns=["*.safetensors", "*.json", "README.md"]))
    except GatedRepoError as error:
        raise AdapterError(
            f"{repo}: its owner asks you to accept terms; do so on its page and set HF_TOKEN"
        ) from error
    except RepositoryNotFoundError as error:
        raise AdapterError(
            f"{repo}: no such folder here and no such repository on the hub; check the name"
        ) from error
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise AdapterError(
            f"{repo}: no such folder here, and the hub cannot be reached; check the connection"
        ) from error


def _detect(header: Header) -> tuple[Dialect, dict[str, dict[str, str]]]:
    """The dialect of a file and its keys per module; every key is used, or named in the error."""
    if not header.tensors:
        raise AdapterError(f"{header.path.name}: holds no tensors; it is no adapter")
    for dialect in FORMATS:
        if all(key.startswith(dialect.prefix) for key in header.tensors):
            return dialect, _modules(header, dialect)
    raise AssertionError("the last dialect has no prefix, so it fits every key")


def _modules(header: Header, dialect: Dialect) -> dict[str, dict[str, str]]:
    spellings = {
        dialect.down: "down", dialect.up: "up", dialect.magnitude: "magnitude",
        dialect.magnitude_read: "magnitude", ".alpha": "alpha",
    }  # fmt: skip
    found: dict[str, dict[str, str]] = {}
    unknown = []
    for key in header.tensors:
        ending = next((ending for ending in spellings if key.endswith(ending)), None)
        if ending is None:
            unknown.append(key)
        else:
            found.setdefault(key[len(dialect.prefix) : -len(ending)], {})[spellings[ending]] = key
    if unknown:
        raise AdapterError(
            f"{header.path.name}: {len(unknown)} of its {len(header.tensors)} tensors are not those of a "
            f"LoRA in "
            f"diffusers or PEFT layout, such as {unknown[0][:100]}; export it from its tool in one of these"
        )
    for name, leaves in found.items():
        if "down" not in leaves or "up" not in leaves:
            missing = dialect.down if "down" not in leaves else dialect.up
            raise AdapterError(
                f"{header.path.name}: {name[:100]} has no {missing[1:]}; the file is incomplete"
            )
    return found


def _scaling(header: Header, dialect: Dialect, folder: Path) -> _Scaling:
    stated: dict[str, Any] = {}
    try:
        if dialect.name == "peft":
            stated = json.loads((folder / PEFT_CONFIG).read_text(encoding="utf-8"))
        elif SETTINGS in header.metadata:
            settings = json.loads(header.metadata[SETTINGS])
            component = next(iter(header.tensors)).partition(".")[0]
            stated = {
                k[len(component) + 1 :]: v for k, v in settings.items() if k.startswith(component + ".")
            }
        if stated.get("modules_to_save"):
            raise AdapterError(
                f"{header.path.name}: also replaces whole layers (modules_to_save), which is not supported"
            )
        alpha = stated.get("lora_alpha")
        pattern = {str(name): float(value) for name, value in (stated.get("alpha_pattern") or {}).items()}
        return _Scaling(None if alpha is None else float(alpha), pattern, bool(stated.get("use_rslora")))
    except FileNotFoundError as error:
        raise AdapterError(
            f"{header.path.name}: needs {PEFT_CONFIG} beside it, which states its alpha; give the whole "
            f"folder"
        ) from error
    except (json.JSONDecodeError, AttributeError, TypeError) as error:
        raise AdapterError(
            f"{header.path.name}: the settings beside it cannot be read; export it again"
        ) from error


def _factors(header: Header, name: str, leaves: dict[str, str], scaling: _Scaling) -> Factors:
    down, up = read_tensor(header, leaves["down"]), read_tensor(header, leaves["up"])
    if (
        down.dim() not in (2, 4)
        or up.dim() != down.dim()
        or down.shape[0] != up.shape[1]
        or down.shape[0] < 1
    ):
        raise AdapterError(
            f"{header.path.name}: {name[:100]} has factors of shapes {tuple(down.shape)} and "
            f"{tuple(up.shape)}, "
            "which do not make an update; export it again"
        )
    if "alpha" in leaves:
        alpha = float(read_tensor(header, leaves["alpha"]).float().reshape(-1)[0])
    else:
        alpha = scaling.of(name, down.shape[0])
    if not torch.isfinite(torch.tensor(alpha)) or alpha <= 0:
        raise AdapterError(f"{header.path.name}: {name[:100]} has alpha {alpha:g}; it must be above 0")
    magnitude = read_tensor(header, leaves["magnitude"]) if "magnitude" in leaves else None
    return Factors(down, up, alpha, magnitude, scaling.rslora)


def _card(folder: Path, header: Header, modules: dict[str, Factors]) -> Card:
    path = folder / "card.json"
    try:
        card = Card.from_dict(durable.read_json(path)) if path.is_file() else Card(name=header.path.stem)
    except (ValueError, TypeError, AttributeError):
        card = Card(name=header.path.stem)
    first = next(iter(modules.values()))
    card.rank = card.rank or max(factors.rank for factors in modules.values())
    card.alpha = card.alpha or first.alpha
    card.family = card.family or _family(list(modules))
    return card


def _family(names: list[str]) -> str:
    """The family whose module names these are; empty when they tell nothing."""
    text = " ".join(names[:200])
    if "single_transformer_blocks." in text or ("transformer_blocks." in text and ".attn.add_" in text):
        return "flux"
    if "down_blocks." in text or "up_blocks." in text:
        return "sdxl" if "transformer_blocks.1." in text else "sd15"
    if ".layers." in f".{text}" or ".h." in text:
        return "llm"
    return ""
