"""Sizes that photos are learned at: a few shapes of about one area, so that nothing is cut to a square."""

import math
from functools import cache

SHRINK = (1.0, 0.75, 0.5, 0.25)  # of the base's side, for photos that are smaller
ENLARGED = 1.1  # at most, before a smaller size is taken
LONGEST = 4.0  # ratio of a bucket's sides


@cache
def bucket_sizes(area: int, step: int) -> tuple[tuple[int, int], ...]:
    """The sizes around `area`: for every width the two nearest heights, and the same turned."""
    side = math.sqrt(area)
    longest = max(1, math.ceil(side * math.sqrt(LONGEST) / step))
    sizes = set()
    for across in range(max(1, math.floor(side / math.sqrt(LONGEST) / step)), longest + 1):
        down = area / (across * step) / step
        for rows in {max(1, math.floor(down)), max(1, math.ceil(down))}:
            if max(across, rows) <= LONGEST * min(across, rows):
                sizes |= {(across * step, rows * step), (rows * step, across * step)}
    return tuple(sorted(sizes))


def size_for(width: int, height: int, area: int, step: int) -> tuple[int, int]:
    """The (width, height) that a photo of `width` x `height` pixels is learned at.

    The nearest shape is taken. A photo that is smaller than `area` gets a smaller size rather than being
    enlarged, down to sides of eight steps.
    """
    wanted = math.log(width / height)
    chosen = (step, step)
    for share in SHRINK:
        if share < 1 and share * math.sqrt(area) < 8 * step:
            break
        sizes = bucket_sizes(round(area * share * share), step)
        # Of two sizes of the same shape, the larger.
        chosen = min(sizes, key=lambda s: (round(abs(math.log(s[0] / s[1]) - wanted), 6), -s[0] * s[1]))
        if chosen[0] <= ENLARGED * width and chosen[1] <= ENLARGED * height:
            break
    return chosen
