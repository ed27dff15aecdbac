"""Trainings in two halves beside the same in one go: are they alike bit for bit?"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import lorakit
from benchmarks import training
from benchmarks.gpu import bases
from benchmarks.gpu.check import Found, Here, judged
from lorakit.families import Base
from lorakit.families.memory import recomputing
from lorakit.lora.inject import trainable
from lorakit.starter import SAMPLE_VOICE
from lorakit.training import loop
from lorakit.training.image_examples import ImageExamples
from lorakit.training.recipe import OPTIMIZERS, Recipe
from lorakit.training.text_examples import TextExamples

PAGED = "adamw-8bit-paged"
PHOTOS = 3


def _quiet(_: Any) -> None:
    return None


def trained(
    base: Base, examples: Any, recipe: Recipe, folder: Path, stop_after: int | None = None
) -> loop.Outcome:
    """The recipe's steps from the newest checkpoint in `folder`, or the first few of them."""
    layers = base.kind.targets(base)
    injection = trainable(base.model, layers, recipe.rank, recipe.alpha, seed=recipe.seed)
    begun = 0

    def count() -> None:
        nonlocal begun
        begun += 1

    hooks = loop.Hooks(_quiet, lambda: stop_after is not None and begun >= stop_after, count)
    try:
        with recomputing(base.model, recipe.gradient_checkpointing):
            return loop.run(base, injection, examples, recipe, folder, "the same", hooks)
    finally:
        injection.remove()


def halves_differ(base: Base, examples: Any, recipe: Recipe, folder: Path) -> str:
    """Where two halves differ from the whole, in words; "" when they do not."""
    whole = trained(base, examples, recipe, folder / "whole")
    first = trained(base, examples, recipe, folder / "halves", recipe.steps // 2)
    if not (first.stopped and first.steps == recipe.steps // 2):
        return f"it did not stop half way, but at step {first.steps}"
    second = trained(base, examples, recipe, folder / "halves")
    if whole.losses != second.losses:
        return "the losses differ"
    unlike = [name for name in whole.state if not torch.equal(whole.state[name], second.state[name])]
    return f"{len(unlike)} of {len(whole.state)} tensors differ" if unlike else ""


def optimizers(here: Here) -> Found:
    """Every optimizer, on the starter's bases of both kinds."""
    differing = []
    steps, size = here.of(20, 2), here.of(128, 64)
    recipe = Recipe(
        steps=steps, rank=here.of(32, 4), alpha=32.0, batch_size=2, max_length=size, resolution=size,
        held_out=0.0, checkpoint_every=100_000,
    )  # fmt: skip
    for kind, base, examples in _starters(here, recipe):
        for name in _tried(here, kind):
            if name == PAGED and not here.on_gpu:
                here.figure(f"{kind}, {name}", "needs a GPU")
                continue
            own = replace(recipe, optimizer=name, learning_rate=1.0 if name == "prodigy" else 1e-3)
            differs = halves_differ(base, examples, own, here.folder / f"{kind}-{name}")
            here.figure(f"{kind}, {name}", differs or "bit for bit")
            differing += [f"{kind}, {name}"] if differs else []
    return judged(not differing, "; ".join(differing) or "two halves are the whole, bit for bit")


def _tried(here: Here, kind: str) -> Sequence[str]:
    return OPTIMIZERS if not here.tiny else OPTIMIZERS[1:3] if kind == "texts" else OPTIMIZERS[:1]


def _starters(here: Here, recipe: Recipe) -> Any:
    base = lorakit.load_base("starter-text", device=here.device)
    texts = lorakit.TextSet.from_file(SAMPLE_VOICE)
    few = replace(texts, samples=texts.samples[:8])
    yield "texts", base, TextExamples.prepare(base, few, recipe, _quiet)
    base = lorakit.load_base("starter-image", device=here.device)
    yield "pictures", base, _photos(here, base, recipe)


def _photos(here: Here, base: Base, recipe: Recipe) -> ImageExamples:
    folder = training.photos(here.folder / "photos", PHOTOS, recipe.resolution)
    photos = lorakit.PhotoSet.from_folder(folder, "aurora bottle")
    examples = ImageExamples.prepare(base, photos, recipe, _quiet, lambda: False)
    base.kind.free_encoders(base)
    return examples


def true_size(here: Here) -> Found:
    """FLUX.1 at 1024 px with the paged optimizer, whose tensors are large enough to be paged here."""
    base = bases.flux(here, *bases.WHOLE)
    recipe = Recipe(
        steps=4, rank=here.of(64, 4), alpha=16.0, batch_size=1, resolution=here.of(1024, 64),
        held_out=0.0, optimizer=PAGED if here.on_gpu else "adamw-8bit", gradient_checkpointing=True,
        checkpoint_every=100_000,
    )  # fmt: skip
    examples = _photos(here, base, recipe)
    differs = halves_differ(base, examples, recipe, here.folder)
    here.figure(f"2 + 2 steps beside 4, {recipe.optimizer}", differs or "bit for bit")
    return judged(not differs, differs or "two halves are the whole, bit for bit")
