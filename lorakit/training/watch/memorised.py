"""Is it repeating its training data? Measured on previews only, so it costs the steps nothing.

Pictures: the nearest training photo in the base's own latents, against how near photos are to each other.
Texts: the longest run of words copied from a training text, against how much those copy from each other.
Not covered: a copy that is mirrored, moved or scaled.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from lorakit import events
from lorakit.families import Base

GRID = 8  # latents are compared as 8 x 8 means: what stands where, not its grain
CLOSE = 0.5  # of the usual distance from a photo to its nearest neighbour (assumption)
RUN = 3  # words: shorter runs are language, not copies
PLACES = 50  # that are remembered of a run: what stands in more texts is boilerplate
LONG = 8  # words: a copied run of fewer is never called one (assumption)


@dataclass(frozen=True)
class Nearest:
    """The training photo nearest to a preview. `distance` 1 is as far as photos are from each other."""

    photo: int
    distance: float

    @property
    def close(self) -> bool:
        """Is the preview nearly that photo?"""
        return self.distance < CLOSE


class PhotoMemory:
    """Compares previews with the training photos' cached latents."""

    def __init__(self, latents: Sequence[Tensor]):
        self.seen = torch.stack([_pooled(latent) for latent in latents])
        between = torch.cdist(self.seen, self.seen).fill_diagonal_(float("inf"))
        nearest = between.min(dim=1).values
        nearest = nearest[nearest.isfinite() & (nearest > 0)]
        # Of one photo nothing can be said of usual distances: its own spread stands in.
        self.usual = float(nearest.median() if len(nearest) else self.seen.std() * self.seen.shape[1] ** 0.5)

    def nearest(self, latent: Tensor) -> Nearest:
        """The photo nearest to a preview's latent (C, h, w)."""
        distances = torch.cdist(_pooled(latent)[None], self.seen)[0]
        photo = int(distances.argmin())
        return Nearest(photo, float(distances[photo]) / max(self.usual, 1e-6))

    def nearest_to(self, base: Base, files: Sequence[Path]) -> tuple[int, Nearest]:
        """Which of these pictures is nearest to a training photo, and how near."""
        found = [(number, self.nearest(_encoded(base, file))) for number, file in enumerate(files)]
        return min(found, key=lambda pair: pair[1].distance)


def _pooled(latent: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(latent.detach().float().cpu(), GRID).flatten()


def _encoded(base: Base, file: Path) -> Tensor:
    with Image.open(file) as image:
        values = np.asarray(image.convert("RGB"), np.float32) / 127.5 - 1
    pixels = torch.from_numpy(values).permute(2, 0, 1)[None].to(base.device)
    with torch.no_grad():
        return base.kind.encode_images(base, pixels)[0]


@dataclass(frozen=True)
class Copied:
    """The longest run of words that a text shares with a training text."""

    words: int
    run: str


class TextMemory:
    """Finds runs of words that were copied from the training texts."""

    def __init__(self, texts: Sequence[str]):
        self.texts = [_words(text) for text in texts]
        self.places: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
        for number, words in enumerate(self.texts):
            for at in range(len(words) - RUN + 1):
                places = self.places[tuple(words[at : at + RUN])]
                if len(places) < PLACES:
                    places.append((number, at))
        some = range(0, len(texts), max(1, len(texts) // 100))
        shared = [self._longest(self.texts[n], apart_from=n)[0] for n in some]
        self.usual = round(median(shared)) if shared else 0

    def longest(self, text: str) -> Copied:
        """The longest copied run, as it is written in lower case; of less than three words none."""
        words = _words(text)
        length, at = self._longest(words)
        return Copied(length, " ".join(words[at : at + length]))

    def is_long(self, copied: Copied) -> bool:
        """Is the run longer than what the training texts themselves repeat?"""
        return copied.words >= max(LONG, self.usual + 1)

    def _longest(self, words: list[str], apart_from: int = -1) -> tuple[int, int]:
        best = (0, 0)
        for at in range(len(words) - RUN + 1):
            for number, start in self.places.get(tuple(words[at : at + RUN]), ()):
                if number == apart_from:
                    continue
                length, other = RUN, self.texts[number]
                while (
                    words[at + length : at + length + 1] == other[start + length : start + length + 1] != []
                ):
                    length += 1
                best = max(best, (length, at), key=lambda pair: pair[0])
        return best


def _words(text: str) -> list[str]:
    return re.findall(r"\w+(?:['’]\w+)*", text.lower())


def photo_event(
    memory: PhotoMemory, base: Base, files: Sequence[Path], photos: Sequence[Any], step: int
) -> events.NearestPhoto | None:
    """What the page shows after a round of pictures; None when there was none. `photos` in latents' order."""
    if not files:
        return None
    number, near = memory.nearest_to(base, files)
    preview, photo = str(files[number]), str(photos[near.photo].path)
    return events.NearestPhoto(step, near.close, round(near.distance, 3), preview, photo)


def text_event(memory: TextMemory, texts: Sequence[str], step: int) -> events.LongestCopy | None:
    """What the page shows after a round of texts; None when there was none."""
    if not texts:
        return None
    copied = max((memory.longest(text) for text in texts), key=lambda each: each.words)
    return events.LongestCopy(step, memory.is_long(copied), copied.words, memory.usual, copied.run)
