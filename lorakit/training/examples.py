"""What a training learns from, as batches that are a pure function of (seed, number).

That makes a resumed run see exactly the batches it would have seen, and lets several processes take turns.
Photos are in `image_examples`, texts in `text_examples`.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from lorakit.families import Base


class Examples(Protocol):
    """The one thing the loop knows about data.

    A batch is small (which examples, what noise); an update divides the sum of its batches' losses by the
    sum of their weights, so that it does not matter how an update is cut into batches.
    """

    @property
    def per_epoch(self) -> int:
        """How many batches go through the data once."""

    def batch(self, number: int) -> Any:
        """The batch of this number of the whole training; all randomness comes from (seed, number)."""

    def weight(self, batch: Any) -> float:
        """How much the batch counts: its answer tokens, or its photos by their weights."""

    def loss(self, base: Base, batch: Any) -> Tensor:
        """The batch's loss, summed over what `weight` counts."""

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


class Plan:
    """The batches of all epochs by their number; an epoch is planned once, when it is reached."""

    def __init__(self, groups: Sequence[Sequence[int]], batch_size: int, seed: int):
        self.groups, self.batch_size, self.seed = [g for g in groups if len(g)], batch_size, seed
        self.per_epoch = sum(-(-len(members) // batch_size) for members in self.groups)
        self._epoch, self._batches = -1, [[0]]

    def __getitem__(self, number: int) -> list[int]:
        epoch, place = divmod(number, self.per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, batch_plan(self.groups, self.batch_size, self.seed, epoch)
        return self._batches[place]
