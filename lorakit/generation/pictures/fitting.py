"""Bringing a generated picture to exactly a format's pixels, without ever changing its proportions.

Up to 15% is cropped, evenly from both sides. A format that is longer than that keeps the whole picture in
its middle and continues its edges: mirrored, slower and slower so that the product is not seen twice, and
softer with distance.
"""

import numpy as np
from PIL import Image, ImageFilter

from lorakit.generation.pictures.formats import MAX_CROP, OutputFormat

EDGE = 0.03  # share of the picture that its continuation is made of; products stand further inside
SOFTNESS = (
    0.03,
    0.10,
    0.25,
)  # blur radii of the continuation with growing distance, as shares of the short side


def deliver(image: Image.Image, output: OutputFormat) -> Image.Image:
    """`image` in exactly the pixels of `output`, as RGB: scaled by Lanczos, then cropped or continued."""
    image = image.convert("RGB")
    ratio = image.width / image.height
    if 1 - min(ratio / output.ratio, output.ratio / ratio) <= MAX_CROP:
        return _cropped(image, output.width, output.height)
    if output.ratio > ratio:
        return _extended(image, output.width, output.height)
    upright = image.transpose(Image.Transpose.TRANSPOSE)
    return _extended(upright, output.height, output.width).transpose(Image.Transpose.TRANSPOSE)


def _cropped(image: Image.Image, width: int, height: int) -> Image.Image:
    scale = max(width / image.width, height / image.height)
    across, down = width / scale, height / scale
    left, top = (image.width - across) / 2, (image.height - down) / 2
    box = (left, top, left + across, top + down)
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box)


def _extended(image: Image.Image, width: int, height: int) -> Image.Image:
    """The picture at full height in the middle of `width`, its left and right edges continued."""
    across = min(width, max(1, round(image.width * height / image.height)))
    middle = np.asarray(image.resize((across, height), Image.Resampling.LANCZOS), np.float32)
    left = (width - across) // 2
    place = np.arange(width) - left
    outside = np.maximum(np.maximum(-place - 1, place - across), 0).astype(np.float32)
    # The mirror starts at full speed, so that the seam is smooth, and never reaches beyond `reach`.
    reach = max(1.0, EDGE * across)
    mirrored = reach * (1 - np.exp(-outside / reach))
    source = np.where(place < 0, mirrored, np.where(place >= across, across - 1 - mirrored, place))
    canvas = _columns(middle, np.clip(source, 0, across - 1))
    return Image.fromarray(
        _softened(canvas, outside, min(across, height)).round().clip(0, 255).astype(np.uint8)
    )


def _columns(picture: np.ndarray, at: np.ndarray) -> np.ndarray:
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, picture.shape[1] - 1)
    share = (at - low)[None, :, None]
    return picture[:, low] * (1 - share) + picture[:, high] * share


def _softened(canvas: np.ndarray, outside: np.ndarray, short: int) -> np.ndarray:
    """Blur `canvas` (H, W, 3) the more, the further `outside` (W,) a column lies."""
    levels = [canvas]
    sharp = Image.fromarray(canvas.round().clip(0, 255).astype(np.uint8))
    for share in SOFTNESS:
        levels.append(np.asarray(sharp.filter(ImageFilter.GaussianBlur(share * short)), np.float32))
    depth = len(SOFTNESS) * (1 - np.exp(-outside / (0.8 * short)))
    depth[outside == 0] = 0
    soft = np.zeros_like(canvas)
    for level, picture in enumerate(levels):
        soft += picture * np.maximum(0, 1 - np.abs(depth - level))[None, :, None]
    return soft
