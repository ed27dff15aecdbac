"""What is looked at whenever previews are made: the adapter's size per block, and what it repeats.

It costs the steps nothing, and a preview round little beside the pictures themselves.
"""

from collections.abc import Callable
from typing import Any

from lorakit.families import Base
from lorakit.lora.inject import Injection
from lorakit.training.examples import Examples
from lorakit.training.image_examples import ImageExamples
from lorakit.training.watch.health import BlockSizes
from lorakit.training.watch.memorised import PhotoMemory, TextMemory, photo_event, text_event
from lorakit.training.watch.previews import Previews

Emit = Callable[[dict[str, Any]], None]


class Monitor:
    """Looks at one training; `said` collects the sentences of the last look."""

    def __init__(self, base: Base, injection: Injection, examples: Examples, data: Any, previews: Previews):
        self.base, self.previews, self.sizes = base, previews, BlockSizes(injection)
        self.photos = examples.photos if isinstance(examples, ImageExamples) else []
        self.photo_memory = PhotoMemory(examples.latents[: len(self.photos)]) if self.photos else None  # type: ignore[attr-defined]
        texts = [sample.answer for sample in getattr(data, "samples", ())]
        self.text_memory = TextMemory(texts) if texts else None
        self.last: dict[str, dict[str, Any]] = {}

    def observe(self, step: int, emit: Emit) -> None:
        """Say how large the blocks' updates are, and how near the newest previews are to the data."""
        self._report(self.sizes.measure().to_event(step), emit)
        if self.photo_memory is not None:
            self._report(
                photo_event(self.photo_memory, self.base, self.previews.files, self.photos, step), emit
            )
        elif self.text_memory is not None:
            self._report(text_event(self.text_memory, self.previews.texts, step), emit)

    def _report(self, event: dict[str, Any] | None, emit: Emit) -> None:
        if event is not None:
            self.last[event["event"]] = event
            emit(event)
