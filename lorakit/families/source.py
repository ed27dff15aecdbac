"""Where a base is, and what lies there: a folder, a checkpoint file, or a hub id. No torch here."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lorakit.errors import BaseError
from lorakit.families.facts import Licence, Settings
from lorakit.families.table import CAUSAL_LM, ROWS

# Ends of architectures. Gemma's larger sizes have a vision tower beside the language model.
LANGUAGE_MODELS = (
    "ForCausalLM", "LMHeadModel", "Gemma3ForConditionalGeneration", "Gemma4ForConditionalGeneration",
)  # fmt: skip
INDEX = "model_index.json"


@dataclass(frozen=True)
class Source:
    """A base's place: `path` (a folder, or a .safetensors file) or `repo` on the hub at `revision`."""

    text: str  # as it was asked for
    path: Path | None = None
    repo: str = ""
    revision: str | None = None

    @property
    def folder(self) -> Path | None:
        return self.path if self.path is not None and self.path.is_dir() else None

    @property
    def file(self) -> Path | None:
        return self.path if self.path is not None and not self.path.is_dir() else None

    @property
    def place(self) -> str:
        """What the libraries' from_pretrained takes."""
        return str(self.path or self.repo)

    @property
    def shown(self) -> str:
        """A name that gives no folder of this machine away."""
        return self.path.name if self.path is not None else self.text

    @cached_property
    def holds(self) -> str:
        """The class of pipeline in a local folder or file, or CAUSAL_LM; "" for anything else."""
        if self.folder:
            return pipeline_class(self.folder / INDEX) or _language_model(self.folder / "config.json")
        return _checkpoint(self.file) if self.file else ""


def pipeline_class(index: Path) -> str:
    """The class of pipeline that a model_index.json names; "" when it is not there or cannot be read."""
    try:
        found = json.loads(index.read_text(encoding="utf-8")).get("_class_name")
    except (OSError, ValueError, AttributeError):
        return ""
    return found if isinstance(found, str) else ""


def _language_model(config: Path) -> str:
    try:
        named = [str(n) for n in json.loads(config.read_text(encoding="utf-8")).get("architectures") or ()]
    except (OSError, ValueError, AttributeError, TypeError):
        return ""
    own = next((name for name in named for row in ROWS.values() if name in row.holds), "")
    return own or (CAUSAL_LM if any(name.endswith(LANGUAGE_MODELS) for name in named) else "")


# A key of the checkpoint -> what it holds; the first that is there counts.
CHECKPOINTS = (
    ("conditioner.embedders.1.model.ln_final.weight", "StableDiffusionXLPipeline"),
    ("cond_stage_model.model.ln_final.weight", "Stable Diffusion 2 checkpoint"),
    ("cond_stage_model.transformer.text_model.final_layer_norm.weight", "StableDiffusionPipeline"),
    ("double_blocks.0.img_attn.qkv.weight", "FLUX checkpoint without text encoders"),
    ("model.diffusion_model.double_blocks.0.img_attn.qkv.weight", "FLUX checkpoint without text encoders"),
)


def _checkpoint(file: Path) -> str:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy") as opened:
            keys = set(opened.keys())
    except (OSError, SafetensorError) as error:
        raise BaseError(f"{file.name} is not a complete .safetensors file; download it again") from error
    return next((what for key, what in CHECKPOINTS if key in keys), "")


def check_parts(folder: Path) -> None:
    """Raise BaseError when a part that model_index.json lists is not there."""
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    listed = [part for part, classes in index.items() if isinstance(classes, list) and classes[0]]
    missing = [part for part in listed if not (folder / part).is_dir() or not any((folder / part).iterdir())]
    if missing:
        raise BaseError(
            f"{folder.name}: its {', '.join(missing)} is missing; download this base again, complete"
        )


def read_settings(folder: Path | None, default: Settings) -> tuple[Settings, Licence | None]:
    """The settings and licence a base folder states in `lorakit.json`.

    `default` and None when it has no such file.
    """
    path = folder / "lorakit.json" if folder else None
    if path is None or not path.is_file():
        return default, None
    try:
        stated = json.loads(path.read_text(encoding="utf-8"))
        licence = Licence(**stated["licence"]) if "licence" in stated else None
        known = {name: stated.get(name, value) for name, value in vars(default).items()}
        return Settings(**known), licence
    except (ValueError, TypeError) as error:
        raise BaseError(
            f"{path.name} of this base cannot be read ({error}); repair it or remove it"
        ) from error


def read_index(index: Path) -> dict[str, Any]:
    """What a model_index.json holds."""
    return json.loads(index.read_text(encoding="utf-8"))
