"""Putting a real product into a scene: its own pixels, a shadow where it stands, and light that fits.

Colours are blended in sRGB values over the cut-out's alpha (Porter and Duff 1984, "over"). The shadow is
computed: the foot of the product's alpha, flattened and blurred, once narrow where the product touches the
ground and once wide around it. No torch here.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from lorakit.generation.pictures.layouts import Box

# Of the brightness and contrast of the product; more would change what its label looks like.
LIGHT_LIMIT = 0.06
SURROUNDINGS = 0.25  # share of the product's longer side around it whose light it is matched to
CONTACT, AMBIENT = 0.60, 0.30  # how much a shadow darkens at its darkest
FOOT = 0.07  # share of the product's height that throws the shadow of what stands
SOFT, SOFTER = 0.022, 0.075  # blur radii of both shadows, as shares of the product's width
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709


@dataclass(frozen=True)
class Look:
    """How a product is put into a scene. `lies`: it is seen from above."""

    match_light: bool = True
    shadow: bool = True
    lies: bool = False


def compose(scene: Image.Image, cut: Image.Image, box: Box, look: Look = Look()) -> Image.Image:
    """`scene` (RGB) with the cut-out (RGBA) in `box`; both keep their sizes, what sticks out is cut off.

    Where the cut-out is opaque, and `look.match_light` is off, the pixels are those of the cut-out, scaled.
    """
    canvas = np.asarray(scene.convert("RGB"), np.float32)
    colour, alpha = scaled(cut, box.width, box.height)
    canvas = canvas.copy()
    if look.shadow:
        _darken(canvas, alpha, box, look.lies)
    here, there = _overlap(canvas.shape, box)
    if here is None or there is None:
        return scene.convert("RGB")
    if look.match_light:
        colour = _lit(colour, alpha, canvas, box)
    share = alpha[there][..., None]
    canvas[here] = canvas[here] * (1 - share) + colour[there] * share
    return Image.fromarray(canvas.round().clip(0, 255).astype(np.uint8))


def scaled(cut: Image.Image, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Colours (H, W, 3) in 0..255 and alpha (H, W) in 0..1 of a cut-out at another size, by Lanczos.

    Colours are scaled weighted by alpha, so that what lies under transparent pixels never shines through.
    """
    values = np.asarray(cut.convert("RGBA"), np.float32)
    alpha = values[..., 3] / 255
    planes = [*np.moveaxis(values[..., :3] * alpha[..., None], -1, 0), alpha]
    resized = [_resized(plane, width, height) for plane in planes]
    alpha = resized[3].clip(0, 1)
    colour = np.stack(resized[:3], -1) / np.maximum(alpha, 1e-3)[..., None]
    return colour.clip(0, 255), alpha


def _resized(plane: np.ndarray, width: int, height: int) -> np.ndarray:
    image = Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS), np.float32)


def _overlap(
    shape: tuple[int, ...], box: Box
) -> tuple[tuple[slice, slice] | None, tuple[slice, slice] | None]:
    """The part of the scene that `box` covers, and the part of the box that lies in the scene."""
    top, bottom = max(0, box.top), min(shape[0], box.foot)
    left, right = max(0, box.left), min(shape[1], box.right)
    if top >= bottom or left >= right:
        return None, None
    here = slice(top, bottom), slice(left, right)
    return here, (slice(top - box.top, bottom - box.top), slice(left - box.left, right - box.left))


def _darken(canvas: np.ndarray, alpha: np.ndarray, box: Box, lies: bool) -> None:
    """Darken the scene where the product keeps the light off."""
    reach = max(4, round(4 * SOFTER * max(box.width, 8)))
    padded = np.zeros((box.height + 2 * reach, box.width + 2 * reach), np.float32)
    near, far = (
        (_beneath(alpha, padded, reach, 0.01), _beneath(alpha, padded, reach, 0.03))
        if lies
        else (_foot(alpha, padded, reach, 0.35), _foot(alpha, padded, reach, 0.9))
    )
    shadow = CONTACT * _blurred(near, SOFT * box.width) + AMBIENT * _blurred(far, SOFTER * box.width)
    around = Box(box.left - reach, box.top - reach, padded.shape[1], padded.shape[0])
    here, there = _overlap(canvas.shape, around)
    if here is not None and there is not None:
        canvas[here] *= 1 - shadow[there].clip(0, 0.85)[..., None]


def _foot(alpha: np.ndarray, padded: np.ndarray, reach: int, flatness: float) -> np.ndarray:
    """What stands touches the ground with its lowest part: that, flattened onto the foot line."""
    height, width = alpha.shape
    foot = alpha[max(0, height - max(2, round(FOOT * height))) :].max(axis=0)
    tall = max(2, round(FOOT * height * flatness))
    laid = padded.copy()
    middle = reach + height - tall // 2
    laid[middle - tall // 2 : middle + tall - tall // 2, reach : reach + width] = foot
    return laid


def _beneath(alpha: np.ndarray, padded: np.ndarray, reach: int, share: float) -> np.ndarray:
    """What lies darkens all around it, a little more below, as light mostly comes from above."""
    height, width = alpha.shape
    laid = padded.copy()
    down = min(reach, max(1, round(share * height)))
    laid[reach + down : reach + down + height, reach : reach + width] = alpha
    return laid


def _blurred(plane: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(plane, (0, 0), max(0.5, sigma))


def _lit(colour: np.ndarray, alpha: np.ndarray, canvas: np.ndarray, box: Box) -> np.ndarray:
    """The product's brightness and contrast moved towards those around it, by `LIGHT_LIMIT` at most."""
    wide = round(SURROUNDINGS * max(box.width, box.height))
    around = canvas[
        max(0, box.top - wide) : max(1, box.foot + wide), max(0, box.left - wide) : max(1, box.right + wide)
    ]
    inside = alpha > 0.5
    if not around.size or not inside.any():
        return colour
    light = around @ LUMA
    own = colour[inside] @ LUMA
    gain = float(np.clip(light.mean() / max(own.mean(), 1), 1 - LIGHT_LIMIT, 1 + LIGHT_LIMIT))
    spread = float(np.clip(light.std() / max(own.std(), 1), 1 - LIGHT_LIMIT, 1 + LIGHT_LIMIT))
    middle = own.mean()
    return ((colour - middle) * spread + middle * gain).clip(0, 255)
