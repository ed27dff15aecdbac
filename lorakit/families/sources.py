"""What a base is loaded from: a starter, a folder, a checkpoint file, or a hub id. No torch here."""

import os
from pathlib import Path

from lorakit.errors import BaseError
from lorakit.families import offered
from lorakit.families.source import Source

STARTERS = {"starter-image": "image", "starter-text": "text"}
PICKLES = (".ckpt", ".pt", ".pth", ".bin")


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
            f"{path.name} is a pickle, which can run code when it is opened; convert it to .safetensors "
            f"(diffusers: StableDiffusionPipeline.from_single_file(...).save_pretrained(folder))"
        )
    if path.exists():
        raise BaseError(
            f"{path.name} is a file; a base is a folder as diffusers or transformers save it, a "
            f".safetensors checkpoint, or a Hugging Face ID"
        )
    repo, _, revision = source.partition("@")
    looks_like_a_path = repo.startswith((".", "/", "~")) or os.sep in repo.replace("/", "", 1)
    if looks_like_a_path or repo.count("/") != 1 or not all(repo.split("/")):
        shown = path.name if path.is_absolute() else source  # what a page shows gives no folder away
        raise BaseError(
            f"{shown}: no such folder; use a folder, a Hugging Face ID (owner/name or "
            f"owner/name@revision), or one of {', '.join(STARTERS)}"
        )
    return Source(source, None, repo, revision or None)


def _on_the_hub(source: str) -> Source:
    """A hub id of a visitor's, which is never the folder of this machine that happens to have its name."""
    repo, _, revision = source.partition("@")
    found = Source(source, None, repo, revision or None)
    if os.path.exists(repo):  # the libraries would open the folder
        from lorakit.families import hub

        hub.holds(found)  # raises what it raises for any other name
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
