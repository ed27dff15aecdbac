"""How far the product's colours in an image are from those of its cut-out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from lorakit.data.photos import subject
from lorakit.generation.pictures.judging.ciede2000 import difference

COLOURS = 6  # of a palette
SIDE = 160  # pixels of the longer side that colours are counted at
FEWEST = 40  # pixels of a product
SLACK = 2  # times its share that a colour of an image may stand for
SOLID = 128  # alpha from which a pixel is the product's


@dataclass(frozen=True, eq=False)
class Palette:
    """The main colours of a product: CIELAB (K, 3), and the share of each (K,); shares sum up to 1."""

    lab: np.ndarray
    shares: np.ndarray


def of_cut_out(cut_out: Image.Image) -> Palette | None:
    """The palette of what is opaque in an RGBA image; None where that is next to nothing."""
    return _palette(np.asarray(cut_out.convert("RGB")), np.asarray(cut_out.getchannel("A")) >= SOLID)


def of_image(image: Image.Image) -> Palette | None:
    """The palette of the subject of an RGB image; None where none is found."""
    pixels = np.asarray(image)
    return _palette(pixels, subject.find(pixels))


def nearest_apart(products: Sequence[Palette], image: Palette) -> float:
    """The distance of the nearest of the product's palettes: no image shows all its sides at once."""
    return min(apart(product, image) for product in products)


def apart(product: Palette, image: Palette) -> float:
    """The mean CIEDE2000 over the cheapest way to find the product's colours in the image: the partial earth
    mover's distance of Rubner, Tomasi and Guibas (2000).

    Where the product is in an image is a guess that may miss half of it or add as much, so each colour of the
    image can stand for SLACK times its share. Colours that the image has beyond the product's cost nothing.
    """
    import cv2

    cost = difference(product.lab[:, None], image.lab[None])
    cost = np.vstack(
        [cost, np.zeros(len(image.shares))]
    )  # what is left over goes to a row that costs nothing
    wanted, there = np.append(product.shares, SLACK - 1), SLACK * image.shares
    weights = (x[:, None].astype(np.float32) for x in (wanted, there))
    mean = cv2.EMD(*weights, cv2.DIST_USER, cost=cost.astype(np.float32))[0]  # type: ignore[call-overload]
    return SLACK * float(mean)


def _palette(pixels: np.ndarray, mask: np.ndarray) -> Palette | None:
    import cv2

    pixels = subject.shrunk(pixels, SIDE)
    inside = cv2.resize(mask.astype(np.uint8), pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    inner = cv2.erode(inside, np.ones((3, 3)))  # its edge is mixed with what is behind it
    inside = inner if inner.sum() >= 0.3 * inside.sum() else inside
    if inside.sum() < FEWEST:
        return None
    lab = cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[inside > 0]
    cv2.setRNGSeed(0)
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.5)
    labels, centres = cv2.kmeans(lab, COLOURS, None, until, 2, cv2.KMEANS_PP_CENTERS)[1:]  # type: ignore[call-overload]
    shares = np.bincount(labels.ravel(), minlength=COLOURS) / len(lab)
    return Palette(centres[shares > 0], shares[shares > 0])
