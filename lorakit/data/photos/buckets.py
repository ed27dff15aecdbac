"""Sizes that photos are learned at: a few shapes of about one area, so that nothing is cut to a square."""

import math
from dataclasses import dataclass
from functools import cache

SHRINK = (1.0, 0.75, 0.5, 0.25)  # of the base's side, for photos that are smaller
ENLARGED = 1.1  # at most, before a smaller size is taken
LONGEST = 4.0  # ratio of a bucket's sides
MOST_CUT = (
    0.1  # share of a photo; where a bucket would cut more, the photo is padded. Within 4 : 1 at most 0.075
)


@dataclass(frozen=True)
class Framing:
    """How a photo is brought to the size it is learned at: scaled, and then cut or padded, never both.

    `size` (width, height) of the bucket; `box` (left, top, right, bottom) of what is kept, in pixels of the
    upright photo and with fractions; `padding` (left, top, right, bottom) in pixels of the bucket, which
    repeat the photo's edge and count nothing in the loss.
    """

    size: tuple[int, int]
    box: tuple[float, float, float, float]
    padding: tuple[int, int, int, int]
    photo: tuple[int, int]  # width, height

    @property
    def inner(self) -> tuple[int, int]:
        """The size (width, height) within the bucket that the photo itself covers."""
        left, top, right, bottom = self.padding
        return self.size[0] - left - right, self.size[1] - top - bottom

    @property
    def lost(self) -> float:
        """Share of the photo that is cut away, 0..1."""
        left, top, right, bottom = self.box
        return max(0.0, 1 - (right - left) * (bottom - top) / (self.photo[0] * self.photo[1]))

    def __str__(self) -> str:
        width, height = self.size
        said = f"trained at {width}×{height}"
        if any(self.padding):
            sides = ("left", "above", "right", "below")
            parts = [f"{n} px {side}" for n, side in zip(self.padding, sides, strict=True) if n]
            return f"{said}, padded by {' and '.join(parts)}"
        left, top, right, bottom = self.box
        cuts = left, top, self.photo[0] - right, self.photo[1] - bottom
        sides = ("left", "top", "right", "bottom")
        parts = [f"{round(n)} px {side}" for n, side in zip(cuts, sides, strict=True) if round(n)]
        return f"{said}, cropped by {' and '.join(parts)}" if parts else f"{said}, uncropped"


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


def frame(width: int, height: int, size: tuple[int, int]) -> Framing:
    """How a photo of `width` x `height` pixels fits a bucket: cut alike on both sides, or padded so."""
    across, down = size
    scale = max(across / width, down / height)
    wide, high = min(width, across / scale), min(height, down / scale)
    if wide * high >= (1 - MOST_CUT) * width * height:
        left, top = (width - wide) / 2, (height - high) / 2
        return Framing(size, (left, top, left + wide, top + high), (0, 0, 0, 0), (width, height))
    scale = min(across / width, down / height)
    empty_x, empty_y = across - max(1, round(width * scale)), down - max(1, round(height * scale))
    padding = (empty_x // 2, empty_y // 2, empty_x - empty_x // 2, empty_y - empty_y // 2)
    return Framing(size, (0.0, 0.0, float(width), float(height)), padding, (width, height))
