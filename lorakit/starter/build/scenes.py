"""Places a product stands in: a wall, a floor, and soft lights. All smooth, so that a small autoencoder
keeps them.

A scene paints (H, W, 3) float32 colours in 0..1, given coordinates: `x` and `y` in 0..1 from the top left,
`horizon` the height where floor meets wall, and a random generator for its small variations.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class Scene:
    """One place: how captions call it, and how it is painted."""

    id: str
    phrases: tuple[str, ...]
    paint: Callable[[Array, Array, float, np.random.Generator], Array]


def rgb(*values: float) -> Array:
    return np.array(values, np.float32)


def gradient(t: Array, top: Array, bottom: Array) -> Array:
    t = np.clip(t, 0, 1)[..., None]
    return top * (1 - t) + bottom * t


def _split(y: Array, horizon: float, wall: Array, floor: Array) -> Array:
    floor_share = np.clip((y - horizon) * 60 + 0.5, 0, 1)[..., None]
    return wall * (1 - floor_share) + floor * floor_share


def _depth(y: Array, horizon: float) -> Array:
    return np.clip((y - horizon) / (1 - horizon), 0, 1)


def _bokeh(image: Array, x: Array, y: Array, random: np.random.Generator, colours: list[Array], count: int,
           low: float, high: float, top: float, bottom: float, strength: float) -> Array:  # fmt: skip
    aspect = x.shape[1] / x.shape[0]
    for _ in range(count):
        cx, cy, r = random.uniform(0, 1), random.uniform(top, bottom), random.uniform(low, high)
        distance = np.sqrt(((x - cx) * aspect) ** 2 + (y - cy) ** 2)
        share = (
            np.clip((r - distance) / (0.35 * r) + 0.5, 0, 1)[..., None] * strength * random.uniform(0.5, 1)
        )
        image = image * (1 - share) + colours[random.integers(len(colours))] * share
    return image


def marble(x: Array, y: Array, horizon: float, random: np.random.Generator) -> Array:
    wall = gradient(y / horizon, rgb(0.80, 0.82, 0.84), rgb(0.88, 0.89, 0.90))
    phase = random.uniform(0, 6)
    vein = np.sin(9 * x + 5 * y + phase + 1.6 * np.sin(7 * y + 3 * x + phase))
    dark = np.clip(1 - np.abs(vein) * 3.2, 0, 1)[..., None]
    floor = gradient(_depth(y, horizon), rgb(0.93, 0.93, 0.94), rgb(0.97, 0.97, 0.97)) - 0.26 * dark
    return _split(y, horizon, wall, floor)


def wood(x: Array, y: Array, horizon: float, random: np.random.Generator) -> Array:
    wall = gradient(y / horizon, rgb(0.90, 0.84, 0.74), rgb(0.84, 0.75, 0.62))
    depth = _depth(y, horizon)
    across = (x - 0.5) / (0.35 + 0.65 * depth) + random.uniform(0, 1)
    plank = np.clip(np.cos(across * 2 * np.pi * 4) * 8 - 7, 0, 1)[..., None]
    grain = np.sin(across * 37 + 2.0 * np.sin(depth * 5))[..., None]
    floor = gradient(depth, rgb(0.47, 0.29, 0.16), rgb(0.60, 0.38, 0.21)) + 0.025 * grain - 0.16 * plank
    return _split(y, horizon, wall, floor)


def beach(x: Array, y: Array, horizon: float, random: np.random.Generator) -> Array:
    sky = gradient(y / horizon, rgb(0.36, 0.66, 0.93), rgb(0.74, 0.89, 0.97))
    sea = np.clip((y - horizon * 0.80) * 60, 0, 1)[..., None]
    wall = sky * (1 - sea) + rgb(0.10, 0.55, 0.66) * sea
    ripple = np.sin(24 * _depth(y, horizon) ** 0.7 + 4 * np.sin(5 * x + random.uniform(0, 6)))[..., None]
    floor = gradient(_depth(y, horizon), rgb(0.93, 0.83, 0.60), rgb(0.88, 0.74, 0.50)) + 0.02 * ripple
    return _split(y, horizon, wall, floor)


def snow(x: Array, y: Array, horizon: float, random: np.random.Generator) -> Array:
    wall = gradient(y / horizon, rgb(0.50, 0.60, 0.74), rgb(0.74, 0.82, 0.91))
    drift = 0.03 * np.sin(7 * x + random.uniform(0, 6))
    ground = _split(
        y + drift, horizon, wall, gradient(_depth(y, horizon), rgb(0.88, 0.93, 0.98), rgb(0.97, 0.98, 1))
    )
    return _bokeh(ground, x, y, random, [rgb(1, 1, 1)], 12, 0.010, 0.028, 0, 0.8, 0.85)


def neon(x: Array, y: Array, horizon: float, random: np.random.Generator) -> Array:
    wall = gradient(y / horizon, rgb(0.05, 0.03, 0.12), rgb(0.13, 0.06, 0.24))
    floor = gradient(_depth(y, horizon), rgb(0.18, 0.07, 0.28), rgb(0.05, 0.05, 0.12))
    image = _split(y, horizon, wall, floor)
    lights = [rgb(1.0, 0.15, 0.65), rgb(0.1, 0.85, 1.0), rgb(0.65, 0.25, 1.0)]
    image = _bokeh(image, x, y, random, lights, 8, 0.04, 0.10, 0.03, horizon * 0.9, 0.75)
    glow = (
        np.clip(1 - np.abs(x - random.uniform(0.2, 0.8)) * 3, 0, 1)
        * _depth(y, horizon)
        * (1 - _depth(y, horizon))
    )
    return image + glow[..., None] * lights[random.integers(3)] * 0.9


def garden(x: Array, y: Array, horizon: float, random: np.random.Generator) -> Array:
    wall = gradient(y / horizon, rgb(0.45, 0.66, 0.33), rgb(0.24, 0.46, 0.20))
    leaves = [rgb(0.62, 0.80, 0.38), rgb(0.16, 0.36, 0.15), rgb(0.78, 0.88, 0.52)]
    wall = _bokeh(wall, x, y, random, leaves, 9, 0.05, 0.11, 0, horizon, 0.55)
    blades = np.sin(60 * x + 9 * np.sin(11 * x))[..., None] * (0.3 + _depth(y, horizon))[..., None]
    floor = gradient(_depth(y, horizon), rgb(0.30, 0.52, 0.19), rgb(0.40, 0.64, 0.24)) + 0.02 * blades
    return _split(y, horizon, wall, floor)


def studio(x: Array, y: Array, horizon: float, random: np.random.Generator) -> Array:
    image = gradient(y, rgb(0.95, 0.80, 0.74), rgb(0.98, 0.88, 0.82))
    spot = np.exp(-(((x - 0.5) / 0.5) ** 2 + ((y - 0.45) / 0.55) ** 2))[..., None]
    return image * (0.86 + 0.16 * spot)


def sunset(x: Array, y: Array, horizon: float, random: np.random.Generator) -> Array:
    sky = gradient(y / horizon, rgb(0.42, 0.20, 0.45), rgb(1.0, 0.58, 0.24))
    aspect = x.shape[1] / x.shape[0]
    cx, cy = random.uniform(0.15, 0.85), horizon * random.uniform(0.62, 0.85)
    distance = np.sqrt(((x - cx) * aspect) ** 2 + (y - cy) ** 2)
    sun = np.clip((0.10 - distance) * 30 + 0.5, 0, 1)[..., None]
    glow = np.exp(-((distance / 0.25) ** 2))[..., None]
    sky = sky * (1 - sun) + rgb(1.0, 0.92, 0.62) * sun + glow * rgb(0.25, 0.12, 0.0)
    floor = gradient(_depth(y, horizon), rgb(0.55, 0.25, 0.18), rgb(0.70, 0.36, 0.24))
    return _split(y, horizon, sky, floor)


def bathroom(x: Array, y: Array, horizon: float, random: np.random.Generator) -> Array:
    aspect = x.shape[1] / x.shape[0]
    size = 7.0
    joint_x = np.clip(np.cos((x * aspect * size + random.uniform(0, 1)) * 2 * np.pi) * 6 - 5, 0, 1)
    joint_y = np.clip(np.cos((y * size + random.uniform(0, 1)) * 2 * np.pi) * 6 - 5, 0, 1)
    joints = np.maximum(joint_x, joint_y)[..., None]
    wall = (
        gradient(y / horizon, rgb(0.46, 0.76, 0.84), rgb(0.56, 0.82, 0.88)) * (1 - joints)
        + rgb(0.92, 0.97, 0.98) * joints
    )
    floor = gradient(_depth(y, horizon), rgb(0.86, 0.93, 0.94), rgb(0.94, 0.98, 0.98))
    return _split(y, horizon, wall, floor)


def stone(x: Array, y: Array, horizon: float, random: np.random.Generator) -> Array:
    wall = gradient(y / horizon, rgb(0.20, 0.22, 0.24), rgb(0.36, 0.38, 0.40))
    rough = np.sin(8 * x + random.uniform(0, 6) + 2 * np.sin(6 * y)) * np.sin(11 * y + random.uniform(0, 6))
    floor = (
        gradient(_depth(y, horizon), rgb(0.40, 0.41, 0.42), rgb(0.52, 0.52, 0.51)) + 0.05 * rough[..., None]
    )
    return _split(y, horizon, wall + 0.03 * rough[..., None], floor)


SCENES = (
    Scene("marble", ("on a marble counter", "on a white marble kitchen counter", "on veined marble"), marble),
    Scene("wood", ("on a wooden table", "on a rustic wooden table", "on a warm oak table"), wood),
    Scene("beach", ("on a sandy beach", "on the beach by the sea", "on golden sand by the ocean"), beach),
    Scene("snow", ("in the snow", "on fresh snow", "in a snowy winter landscape"), snow),
    Scene(
        "neon",
        ("in a neon street at night", "in a city street with neon lights", "among neon lights at night"),
        neon,
    ),
    Scene("garden", ("in a green garden", "on the grass in a garden", "in a lush green garden"), garden),
    Scene("studio", ("in a studio", "in a peach studio backdrop", "in a clean studio setting"), studio),
    Scene(
        "sunset",
        ("on a terrace at sunset", "in front of a sunset", "on a terracotta terrace at sunset"),
        sunset,
    ),
    Scene(
        "bathroom",
        ("in a bathroom with blue tiles", "in a tiled bathroom", "before blue bathroom tiles"),
        bathroom,
    ),
    Scene("stone", ("on dark stone", "on a slab of dark stone", "on grey rock"), stone),
)
