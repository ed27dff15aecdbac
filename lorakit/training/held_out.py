"""Which photos are held out of a training: never one whose near copy is learned."""

import random as python_random
from collections.abc import Sequence
from typing import Any

import numpy as np

ENOUGH = 12  # photos; of fewer none is kept aside
ALIKE = 0.25  # share of differing fingerprint bits up to which two photos are of one group (assumption)


def held_out_photos(photos: Sequence[Any], share: float, seed: int) -> set[int]:
    """Indices of about `share` of the photos, at least one; none of fewer than ENOUGH.

    Photos that look alike stay together: none is tested on its own neighbour. At most a quarter, and the
    first of the groups that fit, in random order.
    """
    if not share or len(photos) < ENOUGH:
        return set()
    wanted = max(1, round(share * len(photos)))
    groups = alike(photos)
    python_random.Random(seed).shuffle(groups)
    chosen: set[int] = set()
    for group in groups:
        if len(chosen) < wanted and len(chosen) + len(group) <= max(wanted, len(photos) // 4):
            chosen.update(group)
    return chosen


def alike(photos: Sequence[Any]) -> list[list[int]]:
    """The photos in groups that look alike, by the quality gate's fingerprints (256 bits as uint64)."""
    marks = np.stack([photo.fingerprint for photo in photos])
    group_of = list(range(len(photos)))
    for index in range(1, len(photos)):
        differing = np.bitwise_count(marks[:index] ^ marks[index]).sum(1)
        near = differing <= ALIKE * np.maximum(1, np.bitwise_count(marks[:index] | marks[index]).sum(1))
        for other in np.flatnonzero(near):
            old, new = group_of[index], group_of[int(other)]
            group_of = [new if group == old else group for group in group_of]
    return [[i for i, group in enumerate(group_of) if group == name] for name in sorted(set(group_of))]
