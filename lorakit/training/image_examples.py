"""Photos to learn a product from: latents and text embeddings, computed once, before the first step.

So the cost of a step depends neither on the encoders nor on the number of photos. A share of the photos is
kept aside; pictures of the product's class may be mixed in, so that the base keeps knowing others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lorakit import events
from lorakit.errors import DataError
from lorakit.families import Base
from lorakit.training.examples import Plan, generator
from lorakit.training.held_out import held_out_photos
from lorakit.training.objectives import draw_levels, even_levels, image_loss
from lorakit.training.recipe import Recipe

LEVELS = 4  # noise levels that a photo kept aside is tried at


@dataclass(frozen=True)
class TrainingPhoto:
    """A photo at the size it is learned at, perhaps once more (`again`, its index) before another background,
    whose seed is `backdrop`.
    """

    photo: Any
    size: tuple[int, int]
    weight: float = 1.0
    again: int | None = None
    backdrop: int | None = None

    def counts(self, background: float, shape: Sequence[int]) -> Tensor | None:
        """How much each place counts, (1, h, w) in the latents' `shape`; None when all count alike."""
        places = getattr(self.photo, "places", None)
        if places is None:
            return None
        counts = torch.from_numpy(places(*self.size, background if self.backdrop is None else 0.0))
        if bool((counts == 1).all()):
            return None
        return F.adaptive_avg_pool2d(counts[None], (shape[0], shape[1]))


def before_others(own: Sequence[TrainingPhoto], recipe: Recipe) -> list[TrainingPhoto]:
    """The photos whose product's place is known, again before `recipe.backgrounds` other backgrounds each."""
    first = recipe.seed * 100_003
    return [
        TrainingPhoto(shown.photo, shown.size, shown.weight, index, first + index * 16 + number)
        for index, shown in enumerate(own)
        if recipe.backgrounds and shown.photo.has_mask
        for number in range(recipe.backgrounds)
    ]


def _placed(base: Base, photos: Any, of_class: Any, recipe: Recipe) -> list[TrainingPhoto]:
    """Every photo at its size, then those of the class, then the photos before other backgrounds."""
    area = recipe.resolution**2 or base.settings.area
    sets = [photos, of_class] if of_class else [photos]
    placed = [
        TrainingPhoto(photo, size, weight)
        for these, weight in zip(sets, (1.0, recipe.class_weight), strict=False)
        for size, members in these.buckets(area, base.kind.step).items()
        for photo in members
        if weight > 0
    ]
    return placed + before_others(placed[: len(photos.photos)], recipe)


class _Encoder:
    """Photos as latents, and captions as embeddings: each once, since photos often share one."""

    def __init__(self, base: Base):
        self.base = base
        self._encoded: dict[str, dict[str, Tensor]] = {}

    @torch.no_grad()
    def encode(self, shown: TrainingPhoto) -> tuple[Tensor, dict[str, Tensor]]:
        """The latent (C, h, w) of a photo, and the row that the denoiser is told of it."""
        base, photo = self.base, shown.photo
        pixels = torch.from_numpy(photo.pixels(*shown.size, shown.backdrop))[None].to(base.device)
        latent = base.kind.encode_images(base, pixels)[0].float().cpu()
        described = base.kind.describe_photo(base, (photo.width, photo.height), shown.size)
        return latent, self.words(photo.caption) | _on_host(described)

    @torch.no_grad()
    def words(self, caption: str) -> dict[str, Tensor]:
        """The embedding of a caption, one row."""
        if caption not in self._encoded:
            self._encoded[caption] = _on_host(self.base.kind.encode_prompts(self.base, [caption]))
        return self._encoded[caption]


@dataclass(frozen=True)
class ImageBatch:
    """Photos of one size, and the number that their noise is drawn by."""

    number: int
    chosen: list[int]


@dataclass
class ImageExamples:
    """Cached latents by index, their captions' embeddings, and which indices share a size."""

    latents: list[Tensor]
    conditioning: dict[str, Tensor]  # one row per photo
    empty: dict[str, Tensor]  # the embedding of no caption, one row
    groups: list[list[int]]
    recipe: Recipe
    photos: list[Any] = field(default_factory=list)  # data.photos.Photo, in the latents' order
    weights: list[float] = field(default_factory=list)  # one per latent
    held_out: list[int] = field(default_factory=list)  # indices that are not in `groups`
    # (1, h, w) how much each place counts; None: all alike
    places: list[Tensor | None] = field(default_factory=list)

    @classmethod
    def prepare(
        cls,
        base: Base,
        photos: Any,
        recipe: Recipe,
        emit: events.Emit,
        should_stop: Callable[[], bool],
        of_class: Any = None,
    ) -> "ImageExamples":
        """Encode every photo and caption once. `photos` is a PhotoSet, and so is `of_class`, which counts
        `recipe.class_weight` for each picture. Raises DataError when `photos` is empty.
        """
        if not photos.photos:
            raise DataError("the photo set is empty; add at least one photo, better about 30")
        placed = _placed(base, photos, of_class, recipe)
        latents: list[Tensor] = []
        rows: list[dict[str, Tensor]] = []
        places: list[Tensor | None] = []
        encoder = _Encoder(base)
        for shown in placed:
            if should_stop():
                break
            latent, row = encoder.encode(shown)
            latents.append(latent)
            rows.append(row)
            places.append(shown.counts(recipe.background_weight, latent.shape[-2:]))
            emit(events.Phase("Preparing photos", len(latents), len(placed)).row())
        own = [shown.photo for shown in placed[: len(photos.photos)]]
        held_out = held_out_photos(own, recipe.held_out, recipe.seed)
        groups: dict[tuple[int, int], list[int]] = {}
        for index, shown in enumerate(placed):
            if index not in held_out and shown.again not in held_out:
                groups.setdefault(shown.size, []).append(index)
        weights = [getattr(shown.photo, "weight", 1.0) * shown.weight for shown in placed]
        return cls(
            latents=latents,
            conditioning=_joined(rows),
            empty=encoder.words(""),
            groups=list(groups.values()),
            recipe=recipe,
            photos=own,
            weights=weights,
            held_out=sorted(held_out),
            places=places,
        )

    @property
    def per_epoch(self) -> int:
        return self._plan.per_epoch

    @cached_property
    def _plan(self) -> Plan:
        return Plan(self.groups, self.recipe.batch_size, self.recipe.seed)

    def batch(self, number: int) -> ImageBatch:
        return ImageBatch(number, self._plan[number])

    def weight(self, batch: ImageBatch) -> float:
        return sum(self.weights[i] for i in batch.chosen)

    def loss(self, base: Base, batch: ImageBatch) -> Tensor:
        recipe, chosen = self.recipe, batch.chosen
        random = generator(recipe.seed, 2, batch.number)
        shape = (len(chosen), *self.latents[chosen[0]].shape)
        noise = torch.randn(shape, generator=random)
        t = draw_levels(base.kind.objective(base), len(chosen), self._area(base, noise), random)
        left_out = torch.rand(len(chosen), generator=random) < recipe.caption_dropout
        each = self.loss_at(base, chosen, noise, t, left_out)
        return (each * torch.tensor([self.weights[i] for i in chosen], device=each.device)).sum()

    def loss_at(
        self, base: Base, chosen: list[int], noise: Tensor, t: Tensor, left_out: Tensor | None = None
    ) -> Tensor:
        """The loss of each of these photos, (B,), at given `noise` (B, C, h, w) and levels `t` (B,).

        All of one size. `left_out` (B,) is true where the caption is not shown.
        """
        clean = torch.stack([self.latents[i] for i in chosen])
        if left_out is None:
            left_out = torch.zeros(len(chosen), dtype=torch.bool)
        conditioning = {
            key: _with_empty(rows[chosen], self.empty.get(key), left_out)
            for key, rows in self.conditioning.items()
        }
        clean, noise, t = (part.to(base.device) for part in (clean, noise, t))
        return image_loss(
            base, clean, noise, t, conditioning, self._weight_of(chosen, clean), min_snr=self.recipe.min_snr
        )

    def _weight_of(self, chosen: list[int], clean: Tensor) -> Tensor | None:
        """How much each place of these photos counts, (B, 1, h, w), or None when all count alike."""
        counts = [self.places[i] if self.places else None for i in chosen]
        if all(one is None for one in counts):
            return None
        alike = torch.ones(1, *clean.shape[-2:])
        return torch.stack([alike if one is None else one for one in counts]).to(clean.device)

    @torch.no_grad()
    def held_out_loss(self, base: Base) -> float | None:
        """Mean over the photos kept aside, always with the same noise at the same levels."""
        if not self.held_out:
            return None
        total = 0.0
        for index in self.held_out:
            latent = self.latents[index]
            noise = torch.randn((LEVELS, *latent.shape), generator=generator(self.recipe.seed, 3, index))
            levels = even_levels(base.kind.objective(base), LEVELS, self._area(base, latent))
            total += float(self.loss_at(base, [index] * LEVELS, noise, levels).mean())
        return total / len(self.held_out)

    def _area(self, base: Base, latents: Tensor) -> int:
        return latents.shape[-1] * latents.shape[-2] * base.kind.cell**2


def _on_host(parts: dict[str, Tensor]) -> dict[str, Tensor]:
    # A thousand captions of FLUX are 4 GB, which the device has better uses for.
    return {key: value.cpu() for key, value in parts.items()}


def _joined(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {key: torch.cat([part[key] for part in parts]) for key in parts[0]} if parts else {}


def _with_empty(rows: Tensor, empty: Tensor | None, left_out: Tensor) -> Tensor:
    if empty is None:  # says something of the photo, not of its caption
        return rows
    choose = left_out.to(rows.device).view(-1, *[1] * (rows.dim() - 1))
    return torch.where(choose, empty.expand_as(rows), rows)
