"""The figures of one photo that the gate judges by, taken once from a copy of it of a moderate size."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image

from lorakit.data import lettering, subject

SIDE = 1024  # pixels of the longer side that a look is taken at; blocks and letters are lost in less
EDGES_SIDE = 512  # the same for edges, so that figures compare
THUMB = 64  # pixels of the sides of a thumbnail that two photos are compared by
FINE, COARSE = 1.0, 2.0  # sigmas in pixels of the two blurs that an edge is measured with
WEAKEST = 5.0  # response to an edge (Sobel, 8 times the slope) that is not taken for noise
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
DIRECTIONS = 4  # that edges are sorted into: a moved camera leaves those along its way sharp


@dataclass(frozen=True, eq=False)
class Look:
    """What one photo is like. Shares are 0..1."""

    blur: float  # sigma of the subject's sharpest edges, of the longer side; 1 when nothing has an edge
    bright: float  # share that has no detail left because a channel is clipped, without a white background
    dark: float  # share that is nearly black, without a black background
    level: float  # the brightest ordinary tone (95th percentile of the brightness), 0..255
    spread: float  # standard deviation of the brightness, 0..127
    blocks: float  # how much stronger steps are at every eighth pixel than the others, over these
    quality: int  # that the file was saved with as a JPEG, 1..100; 100 for other files
    letters: int  # in the longest row of lettering laid over the photo
    fingerprint: np.ndarray  # 256 bits as four uint64
    thumb: np.ndarray  # (THUMB, THUMB) uint8, grey
    border: np.ndarray  # mean RGB of the twelve border tiles, (12, 3) in 0..255
    figure: (
        np.ndarray | None
    )  # (24, 24) float32, the subject alone, cut out and scaled; None if none is found


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
    border = _border_tiles(small.astype(np.float32))
    bright, dark = _clipped(small, grey, border)
    return Look(
        blur=_blur(grey, inside),
        bright=bright,
        dark=dark,
        level=float(np.percentile(grey, 95)),
        spread=float(grey.std()),
        blocks=_blocks(pixels),
        quality=quality,
        letters=lettering.count(pixels, found),
        fingerprint=fingerprint(image),
        thumb=np.asarray(image.convert("L").resize((THUMB, THUMB), Image.Resampling.BOX)),
        border=border,
        figure=_figure(small, inside),
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
    """Sigma of the blur that the subject's sharpest edges have, as a share of the longer side.

    The gradient of a step with blur s, blurred again by sigma, peaks at A / sqrt(2 pi (s^2 + sigma^2)), so
    that two such blurs tell s whatever the contrast A (after Zhuo and Sim 2011, section 3). The upper
    quarter of the edges by strength is asked, in each direction by itself; the worst direction counts.
    """
    import cv2

    if min(grey.shape) < 24:
        return 0.0
    near = cv2.dilate(inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0 if inside.any() else None
    slopes = []
    for sigma in (FINE, COARSE):
        soft = cv2.GaussianBlur(grey, (0, 0), sigma)
        slopes.append((cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)))
    fine, coarse = (np.hypot(*slope) for slope in slopes)
    peaks = fine >= cv2.dilate(fine, np.ones((3, 3), np.uint8)) - 1e-6
    if near is not None:
        peaks &= near
    peaks &= fine > max(WEAKEST, 0.2 * float(np.percentile(fine if near is None else fine[near], 99.5)))
    if peaks.sum() < 12:
        return 1.0
    ratio = (fine[peaks] / np.maximum(1e-3, coarse[peaks])).clip(1.02, None)
    sigma = np.sqrt(np.maximum(0.0, (COARSE**2 - (ratio * FINE) ** 2) / (ratio**2 - 1)))
    angle = np.arctan2(slopes[0][1][peaks], slopes[0][0][peaks]) % np.pi
    way = np.floor(angle / np.pi * DIRECTIONS + 0.5).astype(int) % DIRECTIONS
    strength = fine[peaks]
    ways = [way == direction for direction in range(DIRECTIONS)]
    ways = [chosen for chosen in ways if chosen.sum() >= 12] or [np.ones_like(way, dtype=bool)]
    worst = 0.0
    for chosen in ways:
        strong = strength[chosen] >= np.percentile(strength[chosen], 60)
        worst = max(worst, float(np.percentile(sigma[chosen][strong], 25)))
    return worst / max(grey.shape)


def _blocks(pixels: np.ndarray) -> float:
    """How much larger the steps between pixels are at every eighth one (JPEG's blocks) than elsewhere.

    The phase is found, as a photo may have been cut. Measured: below 0.5 without compression or with
    quality 85, 0.2 to 0.8 with 60 in 90 of 100, and 0.9 and more with 10 in 90 of 100.
    """
    grey = pixels.astype(np.float32) @ LUMA
    excess = []
    for axis in (0, 1):
        if grey.shape[axis] < 48:
            return 0.0
        step = np.abs(np.diff(grey, axis=axis))
        # A step that its neighbours share is a slope and no seam; large ones are edges of things.
        seam = step - 0.5 * (np.roll(step, 1, axis) + np.roll(step, -1, axis))
        lines = np.clip(seam, -12, 12).mean(1 - axis)[2:-2], np.clip(step, 0, 12).mean(1 - axis)[2:-2]
        seams, steps = (np.array([line[phase::8].mean() for phase in range(8)]) for line in lines)
        excess.append(float((seams.max() - np.median(seams)) / (np.median(steps) + 0.3)))
    return min(excess)


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


def _clipped(small: np.ndarray, grey: np.ndarray, border: np.ndarray) -> tuple[float, float]:
    """Shares clipped to white in a channel, and to black. A white or black background is no mistake, but a
    photo in which nothing else is left is one.
    """
    tone = float(np.median(border))
    white, black = small.min(-1) >= 244, small.max(-1) <= 8
    clipped = small.max(-1) >= 250
    bright, dark = float(clipped.mean()), float((grey <= 6).mean())
    if tone >= 245:
        bright = float(clipped[~white].mean()) if (~white).mean() > 0.03 else 1.0
    if tone <= 10:
        dark = float((grey <= 6)[~black].mean()) if (~black).mean() > 0.03 else 1.0
    return bright, dark


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
