"""The figures of one photo that the gate judges by, taken once from a copy of it of a moderate size."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from PIL import Image

from lorakit.data.photos import colours, exposure, lettering, subject
from lorakit.data.photos.lettering import Lettering

SIDE = 1024  # pixels of the longer side that a look is taken at; blocks and letters are lost in less
EDGES_SIDE = 512  # the same for edges, so that figures compare
THUMB = 64  # pixels of the sides of a thumbnail that two photos are compared by
FINE, COARSE = 1.0, 2.0  # sigmas in pixels of the two blurs that an edge is measured with
WEAKEST = 1.0  # slope (of 255, for a pixel) that is taken for noise
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
PLACES = np.arange(8)
COSINES = np.sqrt(2 / 8) * np.cos(
    (2 * PLACES[None] + 1) * PLACES[:, None] * np.pi / 16
)  # DCT-II, orthonormal
COSINES[0] /= np.sqrt(2)
COSINES = COSINES.astype(np.float32)
# Amplitudes that a second, fine compression takes for nothing, and that a coarse one has as its first.
NOTHING, COARSEST = 8, 22
TELLING = 60  # amplitudes that have to be there to tell
OF_THE_GRID = 0.04  # that a grid in another place is less empty by
DIRECTIONS = 8  # that blur is looked for in: a moved camera leaves the edges along its way sharp


@dataclass(frozen=True, eq=False)
class Look:
    """What one photo is like. Shares are 0..1."""

    blur: float  # sigma of the subject's edges in the direction that is blurred most, of the longer side
    bright: float  # share that has no detail left where the photo is overexposed, otherwise 0
    dark: float  # share that is nearly black, where that is not the background
    level: float  # the brightest tone but for single lights (99th percentile of the brightness), 0..255
    spread: float  # standard deviation of the brightness, 0..127
    blocks: float  # how empty the range of amplitudes is that strong JPEG compression leaves empty, 0..1
    quality: int  # that the file was saved with as a JPEG, 1..100; 100 for other files
    lettering: Lettering  # the longest row of letters
    fingerprint: np.ndarray  # 256 bits as four uint64
    thumb: np.ndarray  # (THUMB, THUMB) uint8, grey
    border: np.ndarray  # mean RGB of the twelve border tiles, (12, 3) in 0..255
    figure: (
        np.ndarray | None
    )  # (24, 24) float32, the subject alone, cut out and scaled; None if none is found
    colours: np.ndarray | None = None  # which colours the subject has (`colours`); None if none is found


def take_look(image: Image.Image, quality: int = 100) -> Look:
    """Measure an RGB picture of any size; `quality` is that of the JPEG file it came from."""
    import cv2

    cv2.setNumThreads(1)  # photos are measured side by side instead
    pixels = np.asarray(image)
    if max(image.size) > 2 * SIDE:
        pixels = subject.shrunk(pixels, SIDE)
    small = subject.shrunk(pixels, EDGES_SIDE)
    grey = small.astype(np.float32) @ LUMA
    found = subject.find(small)
    inside = _to(found, grey.shape)
    return Look(
        blur=_blur(grey, inside),
        bright=exposure.lost_to_white(small, inside),
        dark=exposure.lost_to_black(grey),
        level=float(np.percentile(grey, 99)),
        spread=float(grey.std()),
        blocks=_blocks(pixels),
        quality=quality,
        lettering=lettering.find(pixels, found),
        fingerprint=fingerprint(image),
        thumb=np.asarray(image.convert("L").resize((THUMB, THUMB), Image.Resampling.BOX)),
        border=_border_tiles(small.astype(np.float32)),
        figure=_figure(small, inside),
        colours=colours.of_subject(small, found),
    )


def fingerprint(image: Image.Image) -> np.ndarray:
    """A difference hash of 16x16 bits; differences below 2 of 255 are noise and count as none."""
    small = np.asarray(image.convert("L").resize((17, 16), Image.Resampling.BOX), dtype=np.int16)
    return np.packbits(np.diff(small, axis=1) > 2).view(np.uint64)


def _to(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    import cv2

    size = (shape[1], shape[0])
    return cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0


def _blur(grey: np.ndarray, inside: np.ndarray) -> float:
    """Sigma of the subject's blur in the direction that is blurred most, as a share of the longer side.

    The squared slopes of a step with blur s, blurred again by sigma, sum up to A^2 / (2 sqrt(pi (s^2 +
    sigma^2))), so that two such blurs tell s whatever the contrast A and the length of the edge (the two
    blurs after Zhuo and Sim 2011, section 3). A moved camera blurs along its way alone, where a whole subject
    has edges in all directions; strong edges outweigh weak ones.
    """
    import cv2

    if min(grey.shape) < 24:
        return 0.0
    near = cv2.dilate(inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    near = near if near.any() else np.ones(grey.shape, bool)
    slopes = []
    for sigma in (FINE, COARSE):
        soft = cv2.GaussianBlur(grey, (0, 0), sigma)
        slopes.append([cv2.Sobel(soft, cv2.CV_32F, *axes)[near] / 8 for axes in ((1, 0), (0, 1))])
    worst = 0.0
    for angle in np.arange(DIRECTIONS) * np.pi / DIRECTIONS:
        fine, coarse = (
            np.square(np.maximum(0, np.abs(x * np.cos(angle) + y * np.sin(angle)) - WEAKEST)).sum() + 1e-3
            for x, y in slopes
        )
        ratio = max(1.02, fine / coarse)
        worst = max(worst, max(0.0, COARSE**2 - (ratio * FINE) ** 2) / (ratio**2 - 1))
    return float(np.sqrt(worst)) / max(grey.shape)


def _blocks(pixels: np.ndarray) -> float:
    """How empty the range of amplitudes is that strong JPEG compression leaves empty, 0..1 (1: wholly).

    Its steps are so coarse that the low frequencies of a block of 8 x 8 are nothing or large, and saving once
    more keeps them so (Fan and de Queiroz 2003, "Identification of bitmap compression history"). A photo may
    have been cut, so the grid's place is found first, by the steps between its blocks. Measured: at most 0.82
    without compression or with quality 40 and more, 0.9 and more with 20 and less.
    """
    grey = pixels.astype(np.float32) @ LUMA - 128
    if min(grey.shape) < 48:
        return 0.0
    down, across = (_grid(grey, axis) for axis in (0, 1))
    empty = _emptiness(grey[down:, across:])
    # A flat drawing leaves the range empty too, but wherever the grid is laid.
    return empty if empty - _emptiness(grey[down + 4 :, across + 4 :]) > OF_THE_GRID else 0.0


def _emptiness(grey: np.ndarray) -> float:
    """The share of large amplitudes among all but the smallest, in blocks of 8 x 8 from the first pixel."""
    rows, columns = grey.shape[0] // 8, grey.shape[1] // 8
    tiles = grey[: rows * 8, : columns * 8].reshape(rows, 8, columns, 8).transpose(0, 2, 1, 3)
    waves = np.abs(COSINES @ tiles @ COSINES.T)
    low = np.stack([waves[..., i, j] for i, j in ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0))])
    large, between = int((low >= COARSEST).sum()), int(((low > NOTHING) & (low < COARSEST)).sum())
    return large / (large + between) if large + between >= TELLING else 0.0


def _grid(grey: np.ndarray, axis: int) -> int:
    """The first row (or column) at which a block of eight begins."""
    step = np.abs(np.diff(grey, axis=axis))
    # A step that its neighbours share is a slope and no seam; large ones are edges of things.
    seam = step - 0.5 * (np.roll(step, 1, axis) + np.roll(step, -1, axis))
    line = np.clip(seam, -12, 12).mean(1 - axis)[2:-2]
    return (int(np.argmax([line[place::8].mean() for place in range(8)])) + 3) % 8


def _border_tiles(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    deep, wide = max(1, height // 12), max(1, width // 12)
    strips = (
        pixels[:deep],
        pixels[-deep:],
        pixels[:, :wide].swapaxes(0, 1),
        pixels[:, -wide:].swapaxes(0, 1),
    )
    tiles = []
    for strip in strips:
        edges = np.linspace(0, strip.shape[1], 4).astype(int)
        for start, end in pairwise(edges):
            tiles.append(strip[:, start : max(end, start + 1)].reshape(-1, 3).mean(0))
    return np.stack(tiles)


def _figure(small: np.ndarray, inside: np.ndarray) -> np.ndarray | None:
    """The subject in its own frame: brightness against its mean where it is, 0 elsewhere."""
    import cv2

    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    if not len(rows):
        return None
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    grey = cv2.cvtColor(np.ascontiguousarray(small[box]), cv2.COLOR_RGB2GRAY).astype(np.float32)
    mask = inside[box].astype(np.float32)
    side = max(grey.shape)
    canvas, shown = np.zeros((side, side), np.float32), np.zeros((side, side), np.float32)
    down, across = (side - grey.shape[0]) // 2, (side - grey.shape[1]) // 2
    place = np.s_[down : down + grey.shape[0], across : across + grey.shape[1]]
    deep = grey - grey[mask > 0].mean()
    canvas[place], shown[place] = deep * mask / max(1.0, float(deep[mask > 0].std())), mask
    return cv2.resize(canvas + 2 * shown, (24, 24), interpolation=cv2.INTER_AREA)


class HasLook(Protocol):
    """What the quality check needs of a photo."""

    @property
    def name(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def look(self) -> Look: ...
