"""What differs between learning from photos and from texts, in one place: chosen by what a base makes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from lorakit import events
from lorakit.families import Base
from lorakit.training import class_pictures
from lorakit.training.examples import Examples
from lorakit.training.forecast.footprint import Footprint, image_step, text_step
from lorakit.training.forecast.moments import Batch, Placement, of_pictures, of_texts
from lorakit.training.held_out import held_out_photos
from lorakit.training.image_examples import ImageExamples
from lorakit.training.recipe import Recipe
from lorakit.training.text_examples import TextExamples, packed
from lorakit.training.watch.previews import SCENES, Previews, image_previews, side_of, text_previews

ANSWER = 120  # tokens of a preview's text
Sacrifice = tuple[str, dict[str, Any]]  # what to do in words, and the settings that do it


class Medium(Protocol):
    """One of the two. Its `name` is what a card calls the examples."""

    name: str

    def prepare(
        self,
        base: Base,
        data: Any,
        recipe: Recipe,
        work: Path,
        emit: events.Emit,
        stop: Callable[[], bool],
        class_photos: Any,
    ) -> tuple[Examples, Previews]:
        """All that the encoders are needed for, after which they make room."""

    def count(self, data: Any) -> int:
        """How many examples there are."""

    def contents(self, data: Any, class_photos: Any) -> Iterator[bytes]:
        """All that a training learns from, to tell one training from another."""

    def groups(self, base: Base, recipe: Recipe, data: Any) -> list[list[int]]:
        """Which examples can share a batch, without what is held out."""

    def largest_batch(self, base: Base, recipe: Recipe, data: Any) -> Batch:
        """The batch that takes most memory; without `data` a full one of the recipe's size."""

    def step(self, base: Base, batch: Batch) -> Callable[[], Tensor]:
        """The loss of one batch of this size, with empty data."""

    def moments(
        self,
        shape: Base,
        recipe: Recipe,
        batch: Batch,
        placement: Placement,
        counted: Footprint,
        average: int,
    ) -> dict[str, int]:
        """Bytes at the fullest instant of each part of the work."""

    def smaller(self, shape: Base, recipe: Recipe) -> list[Sacrifice]:
        """What can be learned at a smaller size."""

    def preview_passes(self, base: Base) -> int:
        """How often a round of previews goes through the model."""

    def passes_before(self, base: Base, recipe: Recipe) -> int:
        """The same, before the first step."""


class Photos:
    """A PhotoSet, for a base that makes pictures."""

    name = "photos"

    def prepare(
        self,
        base: Base,
        data: Any,
        recipe: Recipe,
        work: Path,
        emit: events.Emit,
        stop: Callable[[], bool],
        class_photos: Any,
    ) -> tuple[Examples, Previews]:
        of_class = class_pictures.gather(base, recipe, class_photos, work / "class", emit, stop)
        examples = ImageExamples.prepare(base, data, recipe, emit, stop, of_class)
        previews = image_previews(base, data, recipe, work)
        base.kind.free_encoders(base)
        return examples, previews

    def count(self, data: Any) -> int:
        return len(data.photos)

    def contents(self, data: Any, class_photos: Any) -> Iterator[bytes]:
        for photo in (*data.photos, *(class_photos.photos if class_photos else ())):
            yield photo.caption.encode()
            yield Path(photo.path).read_bytes()

    def groups(self, base: Base, recipe: Recipe, data: Any) -> list[list[int]]:
        buckets = data.buckets(_area(base, recipe), base.kind.step)
        placed = [photo for members in buckets.values() for photo in members]
        held_out = held_out_photos(placed, recipe.held_out, recipe.seed)
        groups, first = [], 0
        for members in buckets.values():
            groups.append([i for i in range(first, first + len(members)) if i not in held_out])
            first += len(members)
        return [*groups, list(range(recipe.class_images))]

    def largest_batch(self, base: Base, recipe: Recipe, data: Any) -> Batch:
        if data is None:
            side = side_of(base, recipe)
            return Batch(recipe.batch_size, side, side)
        groups = [
            (len(members), *size)
            for size, members in data.buckets(_area(base, recipe), base.kind.step).items()
        ]
        batches = [Batch(min(recipe.batch_size, count), width, height) for count, width, height in groups]
        return max(batches, key=lambda batch: batch.size * batch.width * batch.height)

    def step(self, base: Base, batch: Batch) -> Callable[[], Tensor]:
        return image_step(base, batch.size, batch.width, batch.height)

    moments = staticmethod(of_pictures)

    def smaller(self, shape: Base, recipe: Recipe) -> list[Sacrifice]:
        return [("train at 512 px", {"resolution": 512})] if _area(shape, recipe) > 512 * 512 else []

    def preview_passes(self, base: Base) -> int:
        return len(SCENES) * self._passes(base)

    def passes_before(self, base: Base, recipe: Recipe) -> int:
        return recipe.class_images * self._passes(base)

    def _passes(self, base: Base) -> int:
        return base.settings.steps * (2 if base.settings.guidance > 1 else 1)


class Texts:
    """A TextSet, for a base that writes."""

    name = "texts"

    def prepare(
        self,
        base: Base,
        data: Any,
        recipe: Recipe,
        work: Path,
        emit: events.Emit,
        stop: Callable[[], bool],
        class_photos: Any,
    ) -> tuple[Examples, Previews]:
        return TextExamples.prepare(base, data, recipe, emit), text_previews(base, data, recipe)

    def count(self, data: Any) -> int:
        return len(data.samples)

    def contents(self, data: Any, class_photos: Any) -> Iterator[bytes]:
        for sample in data.samples:
            yield f"{sample.instruction}\0{sample.answer}\0".encode()
            yield repr(sample.history).encode() if sample.history else b""

    def groups(self, base: Base, recipe: Recipe, data: Any) -> list[list[int]]:
        learned = data.split(recipe.held_out, recipe.seed)[0]
        rows = learned.tokenize(base.tokenizer, recipe.max_length)
        return [list(range(len(packed(rows, recipe.max_length) if recipe.packing else rows)))]

    def largest_batch(self, base: Base, recipe: Recipe, data: Any) -> Batch:
        rows = data.tokenize(base.tokenizer, recipe.max_length) if data is not None else []
        longest = max((len(row.ids) for row in rows), default=recipe.max_length)
        return Batch(min(recipe.batch_size, len(rows) or recipe.batch_size), length=max(2, longest))

    def step(self, base: Base, batch: Batch) -> Callable[[], Tensor]:
        return text_step(base, batch.size, batch.length)

    moments = staticmethod(of_texts)

    def smaller(self, shape: Base, recipe: Recipe) -> list[Sacrifice]:
        return [("shorten texts to 512 tokens", {"max_length": 512})] if recipe.max_length > 512 else []

    def preview_passes(self, base: Base) -> int:
        return ANSWER

    def passes_before(self, base: Base, recipe: Recipe) -> int:
        return 0


def _area(base: Base, recipe: Recipe) -> int:
    return recipe.resolution**2 or base.settings.area


MEDIA: dict[str, Medium] = {"image": Photos(), "text": Texts()}


def medium_of(base: Base) -> Medium:
    """What a base, or its shape, learns from."""
    return MEDIA[base.kind.makes]
