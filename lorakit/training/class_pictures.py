"""Pictures of other things of the product's kind, so that the base keeps knowing them (DreamBooth's prior
preservation, arXiv 2208.12242, section 3.2): a person's own, or drawn by the base before it learns.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from lorakit import durable, events
from lorakit.data.photos.sets import PhotoSet
from lorakit.families import Base
from lorakit.training.recipe import Recipe
from lorakit.training.watch.previews import side_of

SEED = 90_000  # the first of the pictures drawn; far from those of previews and campaigns


def gather(
    base: Base, recipe: Recipe, own: Any, folder: Path, emit: events.Emit, should_stop: Callable[[], bool]
) -> Any:
    """The PhotoSet `own`, or `recipe.class_images` drawn into `folder`; None when there are none.

    Drawn ones that are there already are kept, so an interrupted training does not draw them again.
    """
    if own is not None or not recipe.class_images:
        return own
    family, settings = base.kind, base.settings
    side = side_of(base, recipe)
    files = [folder / f"{number:04d}.png" for number in range(recipe.class_images)]
    missing = [number for number, file in enumerate(files) if not file.exists()]
    with torch.no_grad():
        words = family.encode_prompts(base, [recipe.class_prompt]) if missing else None
        nothing = family.encode_prompts(base, [""]) if missing else None
    for number in missing:
        if should_stop():
            return None
        drawn = family.sample(
            base, words, nothing, side, side, [SEED + number], settings.steps, settings.guidance
        )[0]
        with durable.replacing(files[number]) as unfinished:
            drawn.save(unfinished)
        total = len(files)
        emit(events.Phase("Generating class images", number + 1, total).row())
    return PhotoSet.from_files(files, "", {file.name: recipe.class_prompt for file in files})
