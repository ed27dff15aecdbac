"""The renderer behind the starter image base: one product in one scene, as an image and the product's mask.

A product is a surface of revolution seen from a little above: for every pixel the point of the surface is
found by two fixed-point steps, then lit by Lambert's law and a Blinn highlight. Everything is vectorised
over the pixels. Not covered: transparency, reflections, several products.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from lorakit.starter.build.flame import flame
from lorakit.starter.build.scenes import SCENES, rgb
from lorakit.starter.build.shapes import SHAPES, UNSEEN, Shape, radius

Array = np.ndarray

COLOURS = {
    "red": (0.83, 0.10, 0.12), "orange": (0.97, 0.48, 0.06), "yellow": (0.98, 0.84, 0.12),
    "green": (0.12, 0.60, 0.22), "turquoise": (0.10, 0.76, 0.72), "blue": (0.10, 0.26, 0.82),
    "purple": (0.50, 0.16, 0.70), "pink": (0.97, 0.48, 0.70), "brown": (0.40, 0.23, 0.12),
    "black": (0.07, 0.07, 0.08), "white": (0.95, 0.95, 0.94), "grey": (0.50, 0.51, 0.53),
}  # fmt: skip
PATTERNS = ("plain", "striped", "vertical-striped", "dotted", "checked", "labelled")
LIGHTS = {"left": (-0.75, 0.45, 0.55), "right": (0.75, 0.45, 0.55), "above": (0.05, 0.85, 0.50)}
DISTANCES = {"close": 0.84, "medium": 0.74, "far": 0.64}  # height of a tall product in the frame's height
PLACES = {"centre": 0.0, "left": -1.0, "right": 1.0}  # where it stands: share of the room on that side


@dataclass(frozen=True)
class Product:
    """What stands in the picture, and where: everything that a caption may speak of."""

    shape: str
    colour: str
    pattern: str
    scene: str
    light: str = "left"
    distance: str = "medium"
    place: str = "centre"

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


def random_product(random: np.random.Generator) -> Product:
    """Any product in any scene, all else equally likely; plain ones and places in the centre are commoner."""
    pattern = "plain" if random.random() < 0.4 else PATTERNS[random.integers(1, len(PATTERNS))]
    place = "centre" if random.random() < 0.7 else ("left", "right")[random.integers(2)]
    return Product(
        SHAPES[random.integers(len(SHAPES))].name,
        list(COLOURS)[random.integers(len(COLOURS))],
        pattern,
        SCENES[random.integers(len(SCENES))].id,
        list(LIGHTS)[random.integers(len(LIGHTS))],
        list(DISTANCES)[random.integers(len(DISTANCES))],
        place,
    )


def render(product: Product, width: int, height: int, seed: int) -> tuple[Array, Array]:
    """The picture (height, width, 3) uint8 and the product's mask (height, width) uint8; the same for the
    same seed.
    """
    random = np.random.default_rng(seed)
    shape = next(s for s in (*SHAPES, *UNSEEN) if s.name == product.shape)
    x, y, horizon, image = _place(product.scene, width, height, random)

    scale = height * DISTANCES[product.distance] * shape.height * random.uniform(0.95, 1.05)
    scale = min(scale, 0.86 * width / shape.width)
    room = max(0.0, 0.46 - 0.5 * shape.width * scale / width)
    middle = width * (0.5 + room * 0.7 * (PLACES[product.place] + random.uniform(-0.12, 0.12)))
    left, right = (side * scale + 1 for side in shape.extent)
    middle = min(max(middle, left), width - right)
    foot = height * min(0.93, max(horizon + 0.14, 0.5 + 0.5 * scale / height + random.uniform(0.02, 0.12)))
    light = rgb(*LIGHTS[product.light])
    light = light / np.linalg.norm(light)
    u, s = (x * width - middle) / scale, (foot - y * height) / scale

    image = image * (1 - _shadow(shape, u, s, light)[..., None])
    body, alpha = _body(shape, product, u, s, scale, light, random)
    mask = alpha.copy()
    image = image * (1 - alpha[..., None]) + body * alpha[..., None]
    if shape.flame:
        image = flame(image, u, s)
    if product.scene in ("neon", "sunset"):  # which tint what stands in them, slightly: colours stay true
        tint = rgb(0.95, 0.90, 1.06) if product.scene == "neon" else rgb(1.05, 0.98, 0.92)
        image = image * (1 - mask[..., None]) + image * tint * mask[..., None]
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8), (mask * 255).astype(np.uint8)


def empty_scene(scene: str, width: int, height: int, seed: int) -> tuple[Array, float]:
    """A scene alone, (height, width, 3) uint8, and the share of its height where the ground begins."""
    _, _, horizon, image = _place(scene, width, height, np.random.default_rng(seed))
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8), horizon


def _place(scene: str, width: int, height: int, random: np.random.Generator) -> tuple[Any, Any, float, Any]:
    """Coordinates in 0..1, the horizon, and the painted scene."""
    row = next(row for row in SCENES if row.id == scene)
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    x, y = x.astype(np.float32), y.astype(np.float32)
    image = row.paint(x, y, horizon := random.uniform(0.52, 0.66), random).astype(np.float32)
    return x, y, horizon, image * random.uniform(0.94, 1.04)


def variant(product: Product, **changes: str) -> Product:
    """The same product in another scene, light or distance."""
    return replace(product, **changes)


def _shadow(shape: Shape, u: Array, s: Array, light: Array) -> Array:
    foot_radius = max(float(radius(shape, np.array(0.04))), 0.16)
    across = (u + light[0] * 0.32) / (foot_radius * 1.75)
    along = (s + 0.02) / (foot_radius * 0.62)
    return 0.50 * np.exp(-((across**2 + along**2) ** 1.2))


ELEVATION = 0.20  # sine of the camera's angle above the floor


def _body(shape: Shape, product: Product, u: Array, s: Array, scale: float, light: Array,
          random: np.random.Generator) -> tuple[Array, Array]:  # fmt: skip
    """Colour (H, W, 3) and coverage (H, W) of the product."""
    v = s.copy()
    for _ in range(2):
        r = radius(shape, v)
        depth = np.sqrt(np.clip(r * r - u * u, 0, None))
        v = s if shape.flat else s + ELEVATION * depth
    r = radius(shape, v)
    edge = (r - np.abs(u)) * scale
    top = (1 - v) * scale
    bottom = v * scale
    alpha = np.clip(np.minimum(np.minimum(edge, top), bottom) + 0.5, 0, 1)
    slope = (radius(shape, v + 0.01) - radius(shape, v - 0.01)) / 0.02
    if shape.flat:
        corner = 0.10
        left = u < -corner
        nx = np.where(left, -0.75, 0.42)
        normal = np.stack([nx, np.zeros_like(u), np.sqrt(1 - nx**2)], -1)
        angle = np.where(left, (u + corner) / 0.23 - 1.0, (u - corner) / 0.23 + 1.0) * 0.8
    else:
        across = np.clip(u / np.maximum(r, 1e-4), -1, 1)
        normal = np.stack([across, -np.clip(slope, -3, 3), np.sqrt(1 - across**2)], -1)
        normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
        angle = np.arcsin(across)
    colour = _surface(shape, product, angle, np.clip(v, 0, 1), r, random)
    shaded = _lit(colour, normal, light)
    shaded, alpha = _opening(shape, product, u, s, scale, shaded, alpha)
    if shape.handle:
        shaded, alpha = _handle(shape, product, u, s, scale, light, shaded, alpha)
    return shaded, alpha


def _lit(colour: Array, normal: Array, light: Array) -> Array:
    lambert = np.clip(normal @ light, 0, 1)[..., None]
    half = light + rgb(0, 0.15, 1.0)
    highlight = np.clip(normal @ (half / np.linalg.norm(half)), 0, 1)[..., None] ** 40
    return colour * (0.50 + 0.60 * lambert) + 0.30 * highlight


def _second(colour: str) -> Array:
    return rgb(0.13, 0.16, 0.30) if colour in ("white", "yellow", "grey") else rgb(0.96, 0.95, 0.92)


def _surface(
    shape: Shape, product: Product, angle: Array, v: Array, r: Array, random: np.random.Generator
) -> Array:
    first, second = rgb(*COLOURS[product.colour]), _second(product.colour)
    turn = random.uniform(-0.3, 0.3)
    tall = v * shape.height
    if product.pattern == "striped":
        share = _wave(np.sin(tall * 2 * np.pi * 6.5))
    elif product.pattern == "vertical-striped":
        share = _wave(np.sin((angle + turn) * 7))
    elif product.pattern == "dotted":
        share = _wave(np.cos((angle + turn) * 7) + np.cos(tall * 2 * np.pi * 6) - 1.0)
    elif product.pattern == "checked":
        share = _wave(np.sin((angle + turn) * 6) * np.sin(tall * 2 * np.pi * 4.2) * 1.6)
    elif product.pattern == "labelled":
        inside = np.minimum(0.17 - np.abs(v - 0.42), 0.85 - np.abs(angle + turn * 0.4))
        share = np.clip(inside * 30 + 0.5, 0, 1)
        line = np.clip(0.03 - np.abs(v - 0.42), 0, 1) * 30
        share = share * (1 - np.clip(line, 0, 1) * np.clip((0.5 - np.abs(angle)) * 8, 0, 1))
    elif product.pattern == "spiral":
        share = _wave(np.sin((angle + turn) * 2 + tall * 2 * np.pi * 3.2))
        second = rgb(0.98, 0.76, 0.16)
    elif product.pattern == "halved":
        share = np.clip((v - 0.50) * 40 + 0.5, 0, 1)
        second = rgb(0.96, 0.55, 0.10)
    elif product.pattern == "zigzag":
        point = np.abs(((angle + turn) * 1.6) % 2 - 1)
        share = _wave(np.sin(tall * 2 * np.pi * 4 + 3.2 * point))
        second = rgb(0.10, 0.20, 0.55)
    else:
        share = np.zeros_like(v)
    colour = first * (1 - share[..., None]) + second * share[..., None]
    if shape.name in ("jar", "tube"):  # lid and cap
        lid = np.clip(((v - 0.75) if shape.name == "jar" else (0.165 - v)) * 60 + 0.5, 0, 1)[..., None]
        colour = colour * (1 - lid) + (0.55 * first + 0.08) * lid
    return colour


def _wave(values: Array) -> Array:
    return np.clip(values * 2.2 + 0.5, 0, 1)


def _opening(shape: Shape, product: Product, u: Array, s: Array, scale: float, colour: Array,
             alpha: Array) -> tuple[Array, Array]:  # fmt: skip
    """The ellipse of the rim, dark inside where the product is open."""
    r = float(radius(shape, np.array(1.0)))
    if shape.flat:
        lid = np.clip(
            np.minimum((0.33 - np.abs(u - (s - 1) * 0.5)), np.minimum(s - 1, 1.09 - s)) * scale + 0.5, 0, 1
        )
        tone = rgb(*COLOURS[product.colour]) * 1.12 + 0.03
        return colour * (1 - lid[..., None]) + tone * lid[..., None], np.maximum(alpha, lid)
    inside = (1 - np.sqrt((u / r) ** 2 + ((s - 1) / (r * ELEVATION)) ** 2)) * r * ELEVATION * scale
    lid = np.clip(inside + 0.5, 0, 1)
    tone = rgb(*COLOURS[product.colour])
    open_top = shape.name in ("mug", "bowl", "vase", "goblet")
    tone = tone * 0.45 if open_top else np.clip(tone * 1.08 + 0.04, 0, 1)
    return colour * (1 - lid[..., None]) + tone * lid[..., None], np.maximum(alpha, lid)


def _handle(shape: Shape, product: Product, u: Array, s: Array, scale: float, light: Array, colour: Array,
            alpha: Array) -> tuple[Array, Array]:  # fmt: skip
    assert shape.handle is not None
    cu, cv, ru, rv = shape.handle
    du, dv = (u - cu) / ru, (s - cv) / rv
    distance = np.sqrt(du**2 + dv**2)
    thick = 0.055
    ring = np.clip((thick - np.abs(distance - 0.86) * min(ru, rv)) * scale + 0.5, 0, 1) * (1 - alpha)
    tone = (
        rgb(*COLOURS[product.colour])
        * (0.72 + 0.25 * np.clip(dv * 0.6 + light[0] * du * 0.4, -0.5, 1))[..., None]
    )
    colour = colour * (1 - ring[..., None]) + tone * ring[..., None]
    alpha = np.maximum(alpha, ring)
    if shape.spout:
        along = np.clip((-u - 0.36) / 0.40, 0, 1)
        line = 0.34 + 0.36 * along**1.4
        half = 0.11 - 0.06 * along
        inside = np.minimum(half - np.abs(s - line), np.minimum(-u - 0.34, 0.78 + u))
        spout = np.clip(inside * scale + 0.5, 0, 1) * (1 - alpha)
        tone = rgb(*COLOURS[product.colour]) * (0.82 + 0.9 * np.clip(s - line, -0.15, 0.15))[..., None]
        colour = colour * (1 - spout[..., None]) + tone * spout[..., None]
        alpha = np.maximum(alpha, spout)
    return colour, alpha
