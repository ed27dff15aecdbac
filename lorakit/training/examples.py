"""What a training learns from, as batches that are a pure function of (seed, step).

That makes a resumed run see exactly the batches it would have seen. Latents and text embeddings are
computed once, before the first step, so that the cost of a step does not depend on the encoders.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from lorakit.errors import DataError
from lorakit.families import Base, family_of
from lorakit.training.objectives import draw_levels, image_loss, next_token
from lorakit.training.recipe import Recipe

Emit = Callable[[dict[str, Any]], None]


class Examples(Protocol):
    """The one thing the loop knows about data."""

    def loss(self, base: Base, step: int) -> Tensor:
        """The training loss of a step's batch; all randomness comes from (seed, step)."""

    def held_out_loss(self, base: Base) -> float | None:
        """The loss on what was kept aside; None when nothing was."""


def generator(seed: int, *numbers: int) -> torch.Generator:
    """A random generator that depends on all its numbers, and on nothing else."""
    mixed = seed & (2**63 - 1)
    for number in numbers:
        mixed = (mixed * 6_364_136_223_846_793_005 + number + 1_442_695_040_888_963_407) & (2**63 - 1)
    return torch.Generator().manual_seed(mixed)


def batch_plan(groups: Sequence[Sequence[int]], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """One epoch, shuffled: every index once, each batch of one group (its last filled from its start)."""
    random = generator(seed, 1, epoch)
    plan = []
    for members in groups:
        order = [members[i] for i in torch.randperm(len(members), generator=random)]
        size = min(batch_size, len(order))
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            plan.append(chosen + order[: size - len(chosen)])
    return [plan[i] for i in torch.randperm(len(plan), generator=random)]


@dataclass
class ImageExamples:
    """Cached latents by index, their captions' embeddings, and which indices share a size."""

    latents: list[Tensor]
    conditioning: dict[str, Tensor]  # one row per photo
    empty: dict[str, Tensor]  # the embedding of no caption, one row
    groups: list[list[int]]
    recipe: Recipe
    photos: list[Any] = field(default_factory=list)  # data.photos.Photo, in the latents' order

    @classmethod
    def prepare(
        cls, base: Base, photos: Any, recipe: Recipe, emit: Emit, should_stop: Callable[[], bool]
    ) -> "ImageExamples":
        """Encode every photo and caption once. `photos` is a PhotoSet. Raises DataError when it is empty."""
        if not photos.photos:
            raise DataError("the photo set is empty; add at least one photo, better about 30")
        family = family_of(base)
        area = recipe.resolution**2 or base.settings.area
        buckets = photos.buckets(area, family.step)
        total = sum(map(len, buckets.values()))
        latents: list[Tensor] = []
        captions: list[str] = []
        described: list[dict[str, Tensor]] = []
        groups: list[list[int]] = []
        for (width, height), members in buckets.items():
            groups.append(list(range(len(latents), len(latents) + len(members))))
            for photo in members:
                if should_stop():
                    break
                pixels = torch.from_numpy(photo.pixels(width, height))[None].to(base.device)
                with torch.no_grad():
                    latents.append(family.encode_images(base, pixels)[0].float().cpu())
                captions.append(photo.caption)
                described.append(family.describe_photo(base, (photo.width, photo.height), (width, height)))
                emit({"event": "phase", "name": "Preparing photos", "done": len(latents), "total": total})
        with torch.no_grad():
            conditioning = _joined(
                [
                    {**family.encode_prompts(base, [caption]), **sizes}
                    for caption, sizes in zip(captions, described, strict=True)
                ]
            )
            empty = family.encode_prompts(base, [""])
        ordered = [photo for members in buckets.values() for photo in members]
        return cls(latents, conditioning, empty, groups, recipe, ordered)

    def loss(self, base: Base, step: int) -> Tensor:
        recipe = self.recipe
        per_epoch = len(batch_plan(self.groups, recipe.batch_size, recipe.seed, 0))
        plan = batch_plan(self.groups, recipe.batch_size, recipe.seed, step // per_epoch)
        chosen = plan[step % per_epoch]
        random = generator(recipe.seed, 2, step)
        clean = torch.stack([self.latents[i] for i in chosen])
        noise = torch.randn(clean.shape, generator=random)
        t = draw_levels(family_of(base).objective(base), len(chosen), self._area(base, clean), random)
        left_out = torch.rand(len(chosen), generator=random) < recipe.caption_dropout
        return self.loss_at(base, chosen, noise, t, left_out).mean()

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
        return image_loss(base, clean, noise, t, conditioning, min_snr=self.recipe.min_snr)

    def _area(self, base: Base, latents: Tensor) -> int:
        return latents.shape[-1] * latents.shape[-2] * family_of(base).cell ** 2

    def held_out_loss(self, base: Base) -> float | None:
        return None


@dataclass
class TextExamples:
    """Tokenized conversations; learned only where the answer is."""

    rows: list[Any]  # Tokens(ids, mask)
    held_out: list[Any]
    pad: int
    recipe: Recipe

    @classmethod
    def prepare(cls, base: Base, texts: Any, recipe: Recipe, emit: Emit) -> "TextExamples":
        """Tokenize a TextSet through the base's chat template. Raises DataError when it is empty."""
        if not texts.samples:
            raise DataError(
                "the texts are empty; add at least a few texts in the brand's voice, better about 60"
            )
        learned, aside = texts.split(recipe.held_out, recipe.seed) if recipe.held_out else (texts, None)
        rows = learned.tokenize(base.tokenizer, recipe.max_length)
        held = (
            aside.tokenize(base.tokenizer, recipe.max_length) if aside is not None and aside.samples else []
        )
        emit({"event": "phase", "name": "Preparing texts", "done": len(rows), "total": len(rows)})
        pad = base.tokenizer.pad_token_id
        return cls(rows, held, base.tokenizer.eos_token_id if pad is None else pad, recipe)

    def loss(self, base: Base, step: int) -> Tensor:
        recipe = self.recipe
        per_epoch = len(batch_plan([range(len(self.rows))], recipe.batch_size, recipe.seed, 0))
        plan = batch_plan([range(len(self.rows))], recipe.batch_size, recipe.seed, step // per_epoch)
        total, count = self._loss(base, [self.rows[i] for i in plan[step % per_epoch]])
        return total / count.clamp(min=1)

    def held_out_loss(self, base: Base) -> float | None:
        return self.mean_loss(base, self.held_out) if self.held_out else None

    @torch.no_grad()
    def mean_loss(self, base: Base, rows: list[Any]) -> float:
        """Mean loss per answer token over `rows`; its exponential is the perplexity."""
        parts = [self._loss(base, rows[i : i + 8]) for i in range(0, len(rows), 8)]
        return (sum(float(loss) for loss, _ in parts)) / max(1, sum(int(count) for _, count in parts))

    def _loss(self, base: Base, rows: list[Any]) -> tuple[Tensor, Tensor]:
        longest = max(len(row.ids) for row in rows)
        tokens = torch.full((len(rows), longest), self.pad)
        attention, answer = torch.zeros_like(tokens), torch.zeros_like(tokens)
        for i, row in enumerate(rows):
            tokens[i, : len(row.ids)] = torch.as_tensor(row.ids)
            attention[i, : len(row.ids)] = 1
            answer[i, : len(row.ids)] = torch.as_tensor(row.mask)
        tokens, attention, answer = (part.to(base.device) for part in (tokens, attention, answer))
        return next_token(family_of(base).predict(base, tokens, attention), tokens, answer)


def _joined(parts: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {key: torch.cat([part[key] for part in parts]) for key in parts[0]}


def _with_empty(rows: Tensor, empty: Tensor | None, left_out: Tensor) -> Tensor:
    if empty is None:  # says something of the photo, not of its caption
        return rows
    choose = left_out.to(rows.device).view(-1, *[1] * (rows.dim() - 1))
    return torch.where(choose, empty.expand_as(rows), rows)
