"""Cut-outs: a product without its background, with a soft edge and none of the old background's colour in it.

From a transparent image as it is. From a photo by a mask (given, found before a plain background, or found in
a box that a person drew), whose edge is then solved for: closed-form matting (Levin et al. 2008) and
multi-level foreground estimation (Germer et al. 2020), both pymatting's. What is hard to tell is named.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from lorakit.data.photos import matting, subject
from lorakit.data.photos.images import read_picture
from lorakit.errors import DataError

Box = tuple[float, float, float, float]  # left, top, right, bottom as shares of the photo's sides

SIDE = 800  # pixels of the longer side that edges are solved at: 2 to 3 s on two cores
LARGEST = 2400  # pixels of the longer side of a cut-out
SMALLEST = 16  # pixels of a side of what can be seen; less is no product
FILLS = 0.97  # share of the photo that leaves no background
HOLE = 0.0008  # share of the photo from which on a gap inside the product counts
LIKE = 14.0  # distance in Lab (8 bits) up to which a pixel looks like the background
ROUNDS = 5  # of GrabCut, whose marks are:
BACKGROUND, FOREGROUND, MAYBE_BACKGROUND, MAYBE_FOREGROUND = range(4)
SEEN = 8  # of 255: alpha from which on a pixel can be seen
NOTHING = "it is transparent all over, so there is no product in it; export it again"
HOW = "photograph the product before a plain wall, draw a box around it, or give a transparent PNG"


@dataclass(frozen=True)
class Cutout:
    """`image` (RGBA) is trimmed to what can be seen. `way`: how it was found; `notes`: what to look at."""

    image: Image.Image
    way: str
    notes: tuple[str, ...] = ()


def cut_out(source: Any, box: Box | None = None, mask: Image.Image | None = None) -> Image.Image:
    """The product of a photo or a transparent image (a path or a PIL image), as RGBA, the product alone.

    `box` is where it is, as shares of the sides; `mask` (L, of the photo's size) is white where it is. Raises
    DataError when there is no product to be found, saying why and what to photograph.
    """
    return cut(source, box, mask).image


def cut(source: Any, box: Box | None = None, mask: Image.Image | None = None) -> Cutout:
    """As `cut_out`, with how it was found and what to look at."""
    photo = _opened(source)
    if mask is None and box is None and (transparent := _transparent(photo)) is not None:
        return Cutout(_trimmed(transparent), "transparency")
    photo = photo.convert("RGB")
    pixels = subject.shrunk(np.asarray(photo), SIDE)
    inside, way = _mask(photo, pixels, box, mask)
    if inside.mean() > FILLS:
        raise DataError(f"the product fills the whole photo, so there's no edge to cut along; {HOW}")
    alpha = matting.solve(pixels, inside)
    notes = _notes(alpha, inside, way)
    return Cutout(_trimmed(matting.applied(photo, pixels, alpha, LARGEST)), way, notes)


def _opened(source: Any) -> Image.Image:
    if isinstance(source, Image.Image):
        return ImageOps.exif_transpose(source)
    path = Path(source)
    try:
        picture = read_picture(path)
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from None
    if picture.mask is None:
        return _seen(path, picture.image)
    with_alpha = picture.image.convert("RGBA")
    with_alpha.putalpha(picture.mask)
    return with_alpha


def _seen(path: Path, image: Image.Image) -> Image.Image:
    with Image.open(path) as file:
        if file.has_transparency_data and np.asarray(file.convert("RGBA"))[..., 3].max() < SEEN:
            raise DataError(NOTHING)
    return image


def _transparent(photo: Image.Image) -> Image.Image | None:
    """A photo that has a transparent part already; None for any other."""
    if not photo.has_transparency_data:
        return None
    image = photo.convert("RGBA")
    values = np.asarray(image.getchannel("A"))
    lowest, highest = int(values.min()), int(values.max())
    if highest < SEEN:
        raise DataError(NOTHING)
    return image if lowest < 128 else None


def _mask(
    photo: Image.Image, pixels: np.ndarray, box: Box | None, mask: Image.Image | None
) -> tuple[np.ndarray, str]:
    """Where the product is, (h, w) bool in the size of `pixels`, and how that was found."""
    height, width = pixels.shape[:2]
    if mask is not None:
        if mask.size != photo.size:
            given, wanted = (f"{w}×{h}" for w, h in (mask.size, photo.size))
            raise DataError(f"mask: is {given} pixels and the photo {wanted}; give one of the photo's size")
        inside = np.asarray(mask.convert("L").resize((width, height), Image.Resampling.BILINEAR)) > 127
        if not inside.any():
            raise DataError("mask: it has no white; make it white where the product is")
        return inside, "mask"
    if box is not None:
        return _with_holes(pixels, _in_box(pixels, box)), "box"
    plain = subject.is_plain(pixels)
    small = subject.find(pixels, min(SIDE, 400))
    if not small.any():
        raise DataError(f"no product stands out from its background; {HOW}")
    grown = np.asarray(Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC))
    return _with_holes(pixels, _refined(pixels, grown)), "plain background" if plain else "guess"


def _in_box(pixels: np.ndarray, box: Box) -> np.ndarray:
    height, width = pixels.shape[:2]
    left, top, right, bottom = (
        round(side * share) for side, share in zip((width, height, width, height), box, strict=True)
    )
    left, top, right, bottom = max(0, left), max(0, top), min(width, right), min(height, bottom)
    if right - left < SMALLEST // 2 or bottom - top < SMALLEST // 2:
        raise DataError("box: it is too small; draw it around the whole product")
    marks = np.full((height, width), BACKGROUND, np.uint8)
    marks[top:bottom, left:right] = MAYBE_FOREGROUND
    inside = _grabbed(pixels, marks)
    if not inside.any():
        raise DataError("box: nothing in it stands out from its background; draw it a little larger")
    return inside


def _refined(pixels: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The outline once more at this size: certain within and without, undecided near it."""
    import cv2

    reach = max(3, round(0.02 * max(pixels.shape[:2])))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    shape = inside.astype(np.uint8)
    marks = np.where(inside, MAYBE_FOREGROUND, MAYBE_BACKGROUND).astype(np.uint8)
    marks[cv2.erode(shape, kernel, borderValue=0) == 1] = FOREGROUND
    marks[cv2.dilate(shape, kernel) == 0] = BACKGROUND
    refined = _grabbed(pixels, marks)
    return refined if refined.any() else inside


def _grabbed(pixels: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """GrabCut (Rother et al. 2004) from marks, its largest part."""
    import cv2

    cv2.setRNGSeed(0)
    height, width = marks.shape
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(pixels, marks, (0, 0, width, height), *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    likely = np.isin(marks, (FOREGROUND, MAYBE_FOREGROUND)).astype(np.uint8)
    inside = cv2.morphologyEx(likely, cv2.MORPH_OPEN, np.ones((3, 3)))
    parts, labels, stats, _ = cv2.connectedComponentsWithStats(inside)
    if parts < 2:
        return np.zeros(marks.shape, bool)
    return labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())


def _with_holes(pixels: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The product without gaps in its body, but with those that the background is seen through.

    A gap counts as one when it looks like the background around the product; a label of that colour is told
    from it by being no gap in the outline's own finding, or by being too small.
    """
    import cv2

    filled = subject.without_holes(inside)
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).astype(np.float32)
    reach = max(5, round(0.06 * max(inside.shape)))
    near = cv2.dilate(filled.astype(np.uint8), np.ones((reach, reach))).astype(bool) & ~filled
    if not near.any():
        return filled
    usual = np.median(lab[near], axis=0)
    parts, labels, stats, _ = cv2.connectedComponentsWithStats((filled & ~inside).astype(np.uint8))
    for number in range(1, parts):
        gap = labels == number
        like = np.linalg.norm(lab[gap] - usual, axis=1) <= LIKE
        if stats[number, cv2.CC_STAT_AREA] >= HOLE * inside.size and like.mean() > 0.6:
            filled = filled & ~gap
    return filled


def _notes(alpha: np.ndarray, inside: np.ndarray, way: str) -> tuple[str, ...]:
    """What a person should look at."""
    notes = []
    if way == "guess":
        notes.append("the background isn't plain: check the outline, or draw a box around the product")
    soft = ((alpha > 0.1) & (alpha < 0.9)).sum()
    outline = max(1, int((inside ^ np.roll(inside, 1, 0)).sum() + (inside ^ np.roll(inside, 1, 1)).sum()))
    if soft > 4 * outline:
        notes.append("parts of the edge are uncertain, such as glass or a mirroring rim: check them")
    if inside[[0, -1]].any() or inside[:, [0, -1]].any():
        notes.append("the product is cut off by the photo's edge")
    return tuple(notes)


def _trimmed(image: Image.Image) -> Image.Image:
    box = image.getchannel("A").point([0] * SEEN + [255] * (256 - SEEN)).getbbox()
    if box is None or min(box[2] - box[0], box[3] - box[1]) < SMALLEST:
        raise DataError(f"what can be seen in it is too small to be a product; {HOW}")
    if max(image.size) > LARGEST:
        scale = LARGEST / max(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)))
        return _trimmed(image)
    return image.crop(box)
