"""Previews while training: always the same prompts and seeds, through the studio's own sampler."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from lorakit import durable, events
from lorakit.events import Emit
from lorakit.families import Base
from lorakit.training.recipe import Recipe

SCENES = ("on a wooden table", "on a marble counter", "in a green garden", "in a studio")
# How texts are written in between and compared: the same words and seed each time.
SEED, PREVIEW_TOKENS, TEMPERATURE, TOP_P = 7, 120, 0.7, 0.95


@dataclass
class Previews:
    """How to make one round of previews for a step, until told to stop, and what the last round left."""

    make: Callable[[int, Emit, Callable[[], bool]], None]
    files: list[Path] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def keep(self, folder: Path) -> None:
        """Copy the newest pictures into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, file in enumerate(self.files):
            durable.write_bytes(folder / f"{number:02d}.png", file.read_bytes())


def side_of(base: Base, recipe: Recipe) -> int:
    """The side in pixels of a square picture of the training's area."""
    step: int = base.kind.step
    return max(1, round((recipe.resolution**2 or base.settings.area) ** 0.5 / step)) * step


def image_previews(base: Base, photos: Any, recipe: Recipe, work: Path) -> Previews:
    """One picture per scene, square, at the training's area."""
    family = base.kind
    prompts = [f"{photos.trigger} {scene}".strip() for scene in SCENES]
    with torch.no_grad():
        conditioning = [family.encode_prompts(base, [prompt]) for prompt in prompts]
        negative = family.encode_prompts(base, [""])
    side = side_of(base, recipe)

    def make(step: int, emit: Emit, should_stop: Callable[[], bool]) -> None:
        previews.files = []
        for number, (prompt, embedded) in enumerate(zip(prompts, conditioning, strict=True)):
            if should_stop():
                return
            settings = base.settings
            image = family.sample(
                base, embedded, negative, side, side, [SEED], settings.steps, settings.guidance
            )[0]
            path = work / "previews" / f"{step:06d}-{number:02d}.png"
            with durable.replacing(path) as unfinished:
                image.save(unfinished)
            previews.files.append(path)
            emit(events.ImagePreview(step, str(path), prompt).row())

    previews = Previews(make)
    return previews


def text_previews(base: Base, texts: Any, recipe: Recipe) -> Previews:
    """Two answers to instructions: of the texts kept aside where there are two, which no step has seen."""
    family = base.kind
    held_out = texts.split(recipe.held_out, recipe.seed)[1].samples
    samples = held_out if len(held_out) > 1 else texts.samples
    samples = [sample for sample in samples if not sample.history] or samples  # "Shorter" asks for nothing
    asked = [sample.instruction for sample in samples[:: max(1, len(samples) // 2)]][:2]

    def make(step: int, emit: Emit, should_stop: Callable[[], bool]) -> None:
        messages = [[{"role": "user", "content": instruction}] for instruction in asked]
        room = min(recipe.max_length, PREVIEW_TOKENS)
        seeds = [SEED + number for number in range(len(asked))]
        answers = family.generate(base, messages, seeds, room, TEMPERATURE, TOP_P)
        previews.texts = answers
        for instruction, text in zip(asked, answers, strict=True):
            emit(events.TextPreview(step, instruction, text).row())

    previews = Previews(make)
    return previews
