"""What is looked at whenever previews are made: the adapter's size per block, and what it repeats.

It costs the steps nothing, and a preview round little beside the pictures themselves.
"""

from typing import Any

from lorakit.events import Emit, Event
from lorakit.families import Base
from lorakit.lora.inject import Injection
from lorakit.training.examples import Examples
from lorakit.training.image_examples import ImageExamples
from lorakit.training.watch.health import BlockSizes
from lorakit.training.watch.memorised import PhotoMemory, TextMemory, photo_event, text_event
from lorakit.training.watch.previews import Previews


class Monitor:
    """Looks at one training."""

    def __init__(self, base: Base, injection: Injection, examples: Examples, data: Any, previews: Previews):
        self.base, self.previews, self.sizes = base, previews, BlockSizes(injection)
        self.photos = examples.photos if isinstance(examples, ImageExamples) else []
        self.photo_memory = PhotoMemory(examples.latents[: len(self.photos)]) if self.photos else None  # type: ignore[attr-defined]
        texts = [sample.answer for sample in getattr(data, "samples", ())]
        self.text_memory = TextMemory(texts) if texts else None

    def observe(self, step: int, emit: Emit) -> None:
        """Say how large the blocks' updates are, and how near the newest previews are to the data."""
        looks: list[Event | None] = [self.sizes.measure().to_event(step)]
        if self.photo_memory is not None:
            looks.append(photo_event(self.photo_memory, self.base, self.previews.files, self.photos, step))
        elif self.text_memory is not None:
            looks.append(text_event(self.text_memory, self.previews.texts, step))
        for event in looks:
            if event is not None:
                emit(event.row())
