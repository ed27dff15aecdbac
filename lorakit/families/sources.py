"""What a base is loaded from: a starter, a folder, a checkpoint file, or a hub id. No torch here."""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from lorakit.errors import BaseError
from lorakit.families import offered

STARTERS = {"starter-image": "image", "starter-text": "text"}
CAUSAL_LM = "causal language model"
# Ends of architectures. Gemma's larger sizes have a vision tower beside the language model.
LANGUAGE_MODELS = (
    "ForCausalLM", "LMHeadModel", "Gemma3ForConditionalGeneration", "Gemma4ForConditionalGeneration",
)  # fmt: skip
PICKLES = (".ckpt", ".pt", ".pth", ".bin")
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


def resolve(source: str) -> Source:
    """Where a base is. Raises BaseError for what is not there, and for files that could run code."""
    if source in STARTERS:
        folder = Path(__file__).parent.parent / "starter" / STARTERS[source]
        if not folder.is_dir():
            raise BaseError(
                f"{source}: its files are missing; make them with: python -m lorakit.starter.build"
            )
        return Source(source, folder)
    if offered.is_for_visitor():
        offered.check(source)
        if not offered.is_offered(source):
            return _on_the_hub(source)
    path = Path(source).expanduser()
    if path.is_dir() or (path.exists() and path.suffix.lower() == ".safetensors"):
        return Source(source, path)
    if path.exists() and path.suffix.lower() in PICKLES:
        raise BaseError(
            f"{path.name}: is a pickle, which may run code when it is opened; convert it to .safetensors "
            f"(diffusers: StableDiffusionPipeline.from_single_file(...).save_pretrained(folder))"
        )
    if path.exists():
        raise BaseError(
            f"{path.name}: is a file; a base is a folder as diffusers or transformers save it, a "
            f".safetensors checkpoint, or a hub id"
        )
    repo, _, revision = source.partition("@")
    looks_like_a_path = repo.startswith((".", "/", "~")) or os.sep in repo.replace("/", "", 1)
    if looks_like_a_path or repo.count("/") != 1 or not all(repo.split("/")):
        shown = path.name if path.is_absolute() else source  # what a page shows gives no folder away
        raise BaseError(
            f"{shown}: no such base folder; give a folder, a hub id such as owner/name or "
            f"owner/name@revision, or one of {', '.join(STARTERS)}"
        )
    return Source(source, None, repo, revision or None)


def _on_the_hub(source: str) -> Source:
    """A hub id of a visitor's, which is never the folder of this machine that happens to have its name."""
    repo, _, revision = source.partition("@")
    found = Source(source, None, repo, revision or None)
    if os.path.exists(repo):  # the libraries would open the folder
        from lorakit.families.hub import holds

        holds(found)  # raises what it raises for any other name
        raise BaseError(offered.NOT_OFFERED)
    return found


def local_folder(source: str) -> Path | None:
    """The folder or file a source names, None for a hub id. Raises BaseError as `resolve` does."""
    return resolve(source).path


def vocabulary_of(source: str) -> Path | None:
    """The tokenizer's file of a base whose vocabulary is so small that it can spell only what it was trained
    on: the starter's; None for any other.
    """
    return Path(resolve(source).place) / "tokenizer.json" if STARTERS.get(source) == "text" else None


def pipeline_class(index: Path) -> str:
    """The class of pipeline that a model_index.json names; "" when it is not there or cannot be read."""
    try:
        found = json.loads(index.read_text(encoding="utf-8")).get("_class_name")
    except (OSError, ValueError, AttributeError):
        return ""
    return found if isinstance(found, str) else ""


def _language_model(config: Path) -> str:
    try:
        named = json.loads(config.read_text(encoding="utf-8")).get("architectures") or [""]
        return CAUSAL_LM if any(str(name).endswith(LANGUAGE_MODELS) for name in named) else ""
    except (OSError, ValueError, AttributeError):
        return ""


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
        raise BaseError(f"{file.name}: is no whole .safetensors file; download it again") from error
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
