"""Packshots that are hard to judge: white, glossy, transparent and sparkling products before white.

Drawn with numpy and OpenCV, and saved as shops do. All their details are there, so a gate that calls one
overexposed or sees lettering laid over it raises a false alarm. Those of `burnt_packshots` have lost half of
the product to white, and a gate should say so.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from lorakit.starter.build.render import COLOURS, random_product, render

Array = np.ndarray
Drawn = tuple[Array, Array]  # colour (H, W, 3) and coverage (H, W), both 0..1
SIDE = 640  # pixels that products are drawn at


@dataclass(frozen=True)
class Packshot:
    """One drawn product, the picture as it was saved, and where the product is in it (0..1)."""

    kind: str
    image: Image.Image
    mask: Array


def _grid() -> tuple[Array, Array]:
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j].astype(np.float32)
    return x, y


def _polygon(points: Array) -> Array:
    """Coverage of a smooth closed shape through points in -1..1."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    along = np.linspace(0, len(points), 400, endpoint=False)
    closed = np.vstack([points, points[:1]])
    smooth = np.stack([np.interp(along, range(len(closed)), closed[:, axis]) for axis in (0, 1)], 1)
    kernel = np.ones(31) / 31
    smooth = np.stack([np.convolve(np.r_[s[-15:], s, s[:15]], kernel, "valid") for s in smooth.T], 1)
    cv2.fillPoly(mask, [((smooth + 1) * SIDE / 2 * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32) / 255


def _waves(random: np.random.Generator, sigma: float) -> Array:
    """Smooth noise of unit variance."""
    noise = cv2.GaussianBlur(random.normal(size=(SIDE, SIDE)).astype(np.float32), (0, 0), sigma)
    return noise / noise.std()


def _grey(tone: Array, tint: tuple[float, float, float] = (1, 1, 1)) -> Array:
    return tone[..., None] * np.array(tint, np.float32)


def _warm(random: np.random.Generator) -> tuple[float, float, float]:
    """The tint of a white product under lamps: from warm to cool."""
    shift = random.uniform(-0.02, 0.045)
    return (1.0, 1.0 - abs(shift) / 3, 1.0 - shift) if shift > 0 else (1.0 + shift, 1.0 + shift / 3, 1.0)


def _round(x: Array, left: float, right: float, light: float) -> Array:
    """Lambert's shading of an upright cylinder, 0..1."""
    across = np.clip((x - (left + right) / 2) / ((right - left) / 2), -1, 1)
    return np.clip(across * light + np.sqrt(1 - across**2) * np.sqrt(1 - light**2), 0, 1)


def white_mug(random: np.random.Generator) -> Drawn:
    x, y = _grid()
    wide, high = random.uniform(0.45, 0.7), random.uniform(0.55, 0.85)
    body = np.clip((wide - np.abs(x)) * 200, 0, 1) * np.clip((high - np.abs(y)) * 200, 0, 1)
    ring = np.hypot((x - wide) / 0.32, y / (0.6 * high))
    handle = np.clip((0.16 - np.abs(ring - 0.85)) * 60, 0, 1) * (x > wide - 0.02)
    shade = _round(x, -wide, wide, random.uniform(-0.6, 0.6))
    tone = random.uniform(0.80, 0.90) + random.uniform(0.10, 0.28) * shade
    inside = np.clip((1 - np.hypot(x / (0.93 * wide), (y + high) / 0.12)) * 20, 0, 1)
    tone = tone * (1 - inside * random.uniform(0.04, 0.15))
    return _grey(tone, _warm(random)), np.maximum(np.maximum(body, handle), inside)


def white_shoe(random: np.random.Generator) -> Drawn:
    x, y = _grid()
    points = np.array(
        [(-0.9, 0.35), (-0.88, -0.1), (-0.55, -0.45), (-0.2, -0.5), (0.05, -0.15), (0.5, 0.05), (0.85, 0.2),
         (0.93, 0.38), (0.4, 0.45), (-0.5, 0.45)]
    ) + random.normal(0, 0.02, (10, 2))  # fmt: skip
    alpha = _polygon(points)
    tone = random.uniform(0.93, 1.0) + 0.07 * np.tanh(-y * 2 + x * random.uniform(-1, 1))
    tone -= 0.02 * np.abs(_waves(random, 14))
    for _ in range(random.integers(4, 9)):
        at, slope = random.uniform(-0.6, 0.6), random.uniform(-1, 1)
        tone -= 0.10 * np.exp(-((((x - at) * slope + y + 0.1) * 90) ** 2))
    sole = np.clip((y - 0.33) * 60, 0, 1)
    tone = tone * (1 - sole) + random.uniform(0.82, 0.97) * sole
    return _grey(tone, _warm(random)), alpha


def white_cloth(random: np.random.Generator) -> Drawn:
    points = np.array(
        [(-0.35, -0.8), (0.0, -0.7), (0.35, -0.8), (0.9, -0.45), (0.75, -0.15), (0.5, -0.25), (0.52, 0.85),
         (-0.52, 0.85), (-0.5, -0.25), (-0.75, -0.15), (-0.9, -0.45)]
    )  # fmt: skip
    tone = random.uniform(0.93, 0.98) + random.uniform(0.01, 0.03) * _waves(random, random.uniform(8, 30))
    return _grey(tone, _warm(random)), _polygon(points)


def pillow(random: np.random.Generator) -> Drawn:
    """Fills the frame, so that hardly any background is left."""
    x, y = _grid()
    alpha = np.clip((1 - (np.abs(x / 0.97) ** 5 + np.abs(y / 0.97) ** 5)) * 40, 0, 1)
    tone = 0.99 - 0.10 * (x**2 + y**2) / 2 + 0.02 * _waves(random, 20)
    return _grey(tone, _warm(random)), alpha


def plate(random: np.random.Generator) -> Drawn:
    x, y = _grid()
    flat = random.uniform(0.5, 1.0)
    far = np.hypot(x, y / flat)
    alpha = np.clip((0.9 - far) * 100, 0, 1)
    light = random.uniform(0, 2 * np.pi)
    rim = np.exp(-(((far - 0.6) * 14) ** 2)) * (x * np.cos(light) + y * np.sin(light))
    tone = random.uniform(0.95, 1.0) + 0.10 * rim - 0.05 * np.exp(-(((far - 0.88) * 30) ** 2))
    return _grey(tone, _warm(random)), alpha


def box(random: np.random.Generator) -> Drawn:
    """A white carton or a screen's frame, with coloured print."""
    x, y = _grid()
    wide, high = random.uniform(0.4, 0.9), random.uniform(0.5, 0.9)
    alpha = np.clip((wide - np.abs(x)) * 300, 0, 1) * np.clip((high - np.abs(y)) * 300, 0, 1)
    side = random.uniform(-0.4, 0.4) * wide
    tone = np.where(x < side, random.uniform(0.86, 0.95), random.uniform(0.97, 1.0)).astype(np.float32)
    colour = _grey(tone, _warm(random))
    image = Image.fromarray((np.clip(colour, 0, 1) * 255).astype(np.uint8))
    _print_on(image, wide, high, random)
    return np.asarray(image, np.float32) / 255, alpha


WORDS = ("AURORA", "NORDAL 900", "Crème de Jour", "PURE VITAMIN C", "250 ml", "BRIGHT WHITE", "Organic oats")


def _print_on(image: Image.Image, wide: float, high: float, random: np.random.Generator) -> None:
    draw = ImageDraw.Draw(image)
    ink = tuple(int(c) for c in random.integers(0, 160, 3))
    for row in range(random.integers(1, 4)):
        font = ImageFont.load_default(random.uniform(0.05, 0.12) * SIDE)
        words = WORDS[random.integers(len(WORDS))]
        middle = SIDE / 2, SIDE / 2 * (1 + high * (-0.6 + 0.5 * row))
        draw.text(middle, words, font=font, fill=ink, anchor="mm")
    if random.random() < 0.5:
        top = SIDE / 2 * (1 + 0.4 * high)
        draw.rectangle((SIDE / 2 * (1 - 0.6 * wide), top, SIDE / 2 * (1 + 0.6 * wide), top + 40), fill=ink)


def tube(random: np.random.Generator) -> Drawn:
    """A white cosmetics bottle with its label printed on."""
    x, y = _grid()
    wide = random.uniform(0.28, 0.42)
    alpha = np.clip((wide - np.abs(x)) * 200, 0, 1) * np.clip((0.92 - np.abs(y + 0.02)) * 200, 0, 1)
    tone = random.uniform(0.86, 0.93) + 0.16 * _round(x, -wide, wide, random.uniform(-0.7, 0.7))
    cap = (y < random.uniform(-0.65, -0.5)).astype(np.float32)
    tint = np.array(COLOURS[list(COLOURS)[random.integers(12)]], np.float32)
    colour = _grey(tone, _warm(random))
    colour = colour * (1 - cap[..., None]) + tint * (0.5 + 0.6 * tone[..., None]) * cap[..., None]
    image = Image.fromarray((np.clip(colour, 0, 1) * 255).astype(np.uint8))
    _print_on(image, wide, 0.6, random)
    return np.asarray(image, np.float32) / 255, alpha


def glass(random: np.random.Generator) -> Drawn:
    """Clear glass: dark at its outline, otherwise what is behind it."""
    x, y = _grid()
    wide = random.uniform(0.3, 0.5) * (1 + random.uniform(-0.4, 0.3) * y)
    alpha = np.clip((wide - np.abs(x)) * 200, 0, 1) * np.clip((0.88 - np.abs(y)) * 200, 0, 1)
    across = np.clip(np.abs(x) / wide, 0, 1)
    tone = 1.0 - random.uniform(0.25, 0.6) * across ** random.uniform(8, 20) - 0.02 * across**2
    tone -= 0.3 * np.exp(-(((np.abs(y) - 0.86) * 60) ** 2)) * (across < 1)
    if random.random() < 0.5:
        drink = np.clip((y - random.uniform(-0.4, 0.4)) * 60, 0, 1)[..., None]
        tint = np.array(
            [(1.0, 0.93, 0.75), (0.95, 0.75, 0.6), (0.97, 0.98, 1.0)][random.integers(3)], np.float32
        )
        return _grey(tone) * (1 - drink) + _grey(tone) * tint * drink, alpha
    return _grey(tone), alpha


def glossy(random: np.random.Generator) -> Drawn:
    """A glazed vase with window lights in it; often red."""
    x, y = _grid()
    profile = 0.45 + 0.25 * np.sin((y + random.uniform(-0.5, 0.5)) * 2.4) * random.uniform(0.5, 1)
    alpha = np.clip((profile - np.abs(x)) * 200, 0, 1) * np.clip((0.9 - np.abs(y)) * 200, 0, 1)
    names = ("red", "red", "blue", "black", "turquoise", "orange", "pink", "yellow")
    tint = np.array(COLOURS[names[random.integers(len(names))]], np.float32)
    shade = _round(x / profile, -1, 1, random.uniform(-0.6, 0.6))
    colour = tint * (0.5 + random.uniform(0.5, 0.9) * shade)[..., None]
    for _ in range(random.integers(1, 4)):
        at = random.uniform(-0.6, 0.6)
        streak = np.exp(-(((x / profile - at) / random.uniform(0.04, 0.14)) ** 2))
        streak *= np.clip((random.uniform(0.3, 0.8) - np.abs(y + 0.1)) * 8, 0, 1)
        colour = colour + 1.3 * streak[..., None]
    return colour, alpha


def chrome(random: np.random.Generator) -> Drawn:
    """Polished metal: bands from black to white."""
    x, y = _grid()
    wide = random.uniform(0.3, 0.6)
    alpha = np.clip((wide - np.abs(x)) * 200, 0, 1) * np.clip((0.85 - np.abs(y)) * 200, 0, 1)
    across = x / wide
    bands = np.sin(across * random.uniform(3, 7) + random.uniform(0, 6) + 0.4 * np.sin(3 * y))
    tone = np.clip(0.62 + random.uniform(0.35, 0.6) * bands, 0.05, 1.05)
    return _grey(tone, _warm(random)), alpha


def jewel(random: np.random.Generator) -> Drawn:
    """A ring or a chain: little metal, many sparks."""
    x, y = _grid()
    far = np.hypot(x, (y - 0.1) / random.uniform(0.5, 1.0))
    thick = random.uniform(0.015, 0.07)
    alpha = np.clip((thick - np.abs(far - 0.7)) * 150, 0, 1)
    gold = np.array(
        [(1.0, 0.82, 0.45), (0.93, 0.93, 0.95), (0.98, 0.78, 0.70)][random.integers(3)], np.float32
    )
    tone = 0.65 + 0.5 * np.sin(np.arctan2(y, x) * random.integers(3, 9) + random.uniform(0, 6))
    colour = gold * tone[..., None]
    for _ in range(random.integers(1, 14)):
        angle, size = random.uniform(0, 2 * np.pi), random.uniform(0.02, 0.09)
        cx, cy = 0.7 * np.cos(angle), 0.1 + 0.5 * np.sin(angle)
        stone = np.clip((size - np.hypot(x - cx, y - cy)) * 150, 0, 1)
        facets = 0.85 + 0.35 * np.sin(np.arctan2(y - cy, x - cx) * 8 + far * 60)
        colour = colour * (1 - stone[..., None]) + _grey(facets) * stone[..., None]
        alpha = np.maximum(alpha, stone)
    return colour, alpha


def lamp(random: np.random.Generator) -> Drawn:
    """A shade that is lit from within, on a foot."""
    x, y = _grid()
    wide = 0.4 + 0.25 * (y + 0.5)
    shade = np.clip((wide - np.abs(x)) * 100, 0, 1) * np.clip((0.45 - np.abs(y + 0.4)) * 100, 0, 1)
    foot = np.clip((0.05 - np.abs(x)) * 100, 0, 1) * np.clip((0.45 - np.abs(y - 0.45)) * 100, 0, 1)
    glow = np.exp(-((x / 0.4) ** 2) - ((y + 0.35) / 0.4) ** 2)[..., None]
    colour = np.array((0.93, 0.86, 0.72), np.float32) + np.array((0.12, 0.13, 0.2), np.float32) * glow
    return colour * shade[..., None] + 0.25 * (1 - shade[..., None]), np.maximum(shade, foot)


def page(random: np.random.Generator) -> Drawn:
    """Paper: a notebook, a card or a chart with fine lines."""
    x, y = _grid()
    alpha = np.clip((0.7 - np.abs(x)) * 300, 0, 1) * np.clip((0.9 - np.abs(y)) * 300, 0, 1)
    tone = np.full_like(x, random.uniform(0.97, 1.0))
    tone -= random.uniform(0.05, 0.3) * (np.cos(y * random.uniform(40, 110)) > 0.97)
    tone -= 0.2 * np.exp(-(((0.7 - np.abs(x)) * 80) ** 2)) * random.uniform(0.1, 1)
    return _grey(tone), alpha


def starter(random: np.random.Generator) -> Drawn:
    """A product of the starter's renderer, cut out."""
    product = replace(random_product(random), place="centre")
    image, mask = render(product, SIDE, SIDE, int(random.integers(1 << 31)))
    return image.astype(np.float32) / 255, mask.astype(np.float32) / 255


def starter_white(random: np.random.Generator) -> Drawn:
    """The same in white, lit as brightly as its shading allows."""
    product = replace(random_product(random), colour="white", place="centre", scene="studio")
    image, mask = render(product, SIDE, SIDE, int(random.integers(1 << 31)))
    return image.astype(np.float32) / 255 * random.uniform(1.0, 1.12), mask.astype(np.float32) / 255


KINDS: tuple[Callable[[np.random.Generator], Drawn], ...] = (
    white_mug, white_shoe, white_cloth, pillow, plate, box, tube, glass, glossy, chrome, jewel, lamp, page,
    starter, starter_white,
)  # fmt: skip
COLOURFUL = (glossy, starter)


def packshots(count: int, seed: int) -> list[Packshot]:
    """Packshots without a fault, of each kind in turn."""
    made = []
    for number in range(seed, seed + count):
        random = np.random.default_rng(number)
        draw = KINDS[number % len(KINDS)]
        made.append(_saved(draw.__name__, *_placed(*draw(random), random), random))
    return made


def burnt_packshots(count: int, seed: int, share: float) -> list[Packshot]:
    """Colourful products before white, lightened until `share` of each is white in every channel."""
    made = []
    for number in range(seed, seed + count):
        random = np.random.default_rng(number)
        draw = COLOURFUL[number % len(COLOURFUL)]
        colour, alpha = draw(random)
        lowest = np.clip(colour, 0.003, 1).min(-1)[alpha > 0.5]
        lit = (0.985 / np.quantile(lowest, 1 - share)) if len(lowest) else 1.0
        made.append(_saved(f"burnt {draw.__name__}", *_placed(colour * max(lit, 1), alpha, random), random))
    return made


def _placed(colour: Array, alpha: Array, random: np.random.Generator) -> Drawn:
    """Before white, with a margin of any width or none, and with or without a shadow."""
    rows, columns = np.flatnonzero((alpha > 0.02).any(1)), np.flatnonzero((alpha > 0.02).any(0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    colour, alpha = np.clip(colour, 0, 1)[box], alpha[box]
    high, wide = alpha.shape
    side = max(high, wide)
    # A third touches the border or is cut by it, a third nearly does.
    margin = (random.uniform(-0.06, 0.0), random.uniform(0.004, 0.03), random.uniform(0.03, 0.2))[
        random.integers(3)
    ]
    pad = round(margin * side)
    square = random.random() < 0.6
    down, across = (side - high) // 2 * square + max(0, pad), (side - wide) // 2 * square + max(0, pad)
    size = (high + 2 * down, wide + 2 * across)
    white = (1.0, 1.0, 1.0, random.uniform(0.965, 1.0))[random.integers(4)]
    behind = np.full((*size, 3), white, np.float32)
    shown = np.zeros(size, np.float32)
    shown[down : down + high, across : across + wide] = alpha
    shadow = random.integers(3)
    if shadow:
        soft = cv2.GaussianBlur(np.roll(shown, side // 40, 0), (0, 0), side / (60 if shadow == 1 else 20))
        behind *= (1 - random.uniform(0.05, 0.35) * soft)[..., None]
    canvas = np.ones((*size, 3), np.float32)
    canvas[down : down + high, across : across + wide] = colour
    image = behind * (1 - shown[..., None]) + canvas * shown[..., None]
    if pad < 0:
        cut = np.s_[-pad : size[0] + pad, -pad : size[1] + pad]
        image, shown = image[cut], shown[cut]
    return image, shown


def _saved(kind: str, pixels: Array, mask: Array, random: np.random.Generator) -> Packshot:
    """Saved as shops do: as a JPEG of any quality, enlarged by a sharpening upscaler, or as it is."""
    image = Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
    way = random.integers(3)
    if way == 0:
        half = image.resize((max(1, image.width // 2), max(1, image.height // 2)), Image.Resampling.LANCZOS)
        image = half.resize(image.size, Image.Resampling.BICUBIC).filter(ImageFilter.UnsharpMask(3, 120, 2))
    if way < 2:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=int(random.integers(60, 96)))
        image = Image.open(io.BytesIO(file.getvalue())).convert("RGB")
    return Packshot(kind, image, mask)
