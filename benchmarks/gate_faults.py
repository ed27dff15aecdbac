"""Faults that a person would see in a product photo, at several strengths, put into clean renders."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Array = np.ndarray
Spoil = Callable[[Image.Image, Array, np.random.Generator], Image.Image]  # picture, mask (H, W) 0..1, random


@dataclass(frozen=True)
class Fault:
    """One way to spoil a photo. `kind` is the finding that should name it."""

    kind: str
    strength: str
    spoil: Spoil


def blurred(share: float) -> Spoil:
    """The whole photo out of focus; `share` of the longer side is the blur's sigma."""
    return lambda image, mask, random: image.filter(ImageFilter.GaussianBlur(share * max(image.size)))


def product_blurred(share: float) -> Spoil:
    """The product out of focus before a sharp background."""

    def spoil(image: Image.Image, mask: Array, random: np.random.Generator) -> Image.Image:
        sigma = share * max(image.size)
        soft = image.filter(ImageFilter.GaussianBlur(sigma))
        near = Image.fromarray((mask * 255).astype(np.uint8)).filter(
            ImageFilter.MaxFilter(2 * round(sigma * 2) + 1)
        )
        return Image.composite(soft, image, near.filter(ImageFilter.GaussianBlur(sigma)))

    return spoil


def background_blurred(share: float) -> Spoil:
    """A sharp product before a soft background: no fault."""

    def spoil(image: Image.Image, mask: Array, random: np.random.Generator) -> Image.Image:
        soft = image.filter(ImageFilter.GaussianBlur(share * max(image.size)))
        return Image.composite(image, soft, Image.fromarray((mask * 255).astype(np.uint8)))

    return spoil


def moved(share: float) -> Spoil:
    """The camera moved in any direction while the shutter was open, by `share` of the longer side."""

    def spoil(image: Image.Image, mask: Array, random: np.random.Generator) -> Image.Image:
        length, angle = share * max(image.size), random.uniform(0, np.pi)
        steps = max(3, round(length))
        whole = np.zeros((image.height, image.width, 3), np.float64)
        for along in np.linspace(-0.5, 0.5, steps):
            shift = (length * along * np.cos(angle), length * along * np.sin(angle))
            whole += np.asarray(
                image.transform(image.size, Image.Transform.AFFINE, (1, 0, shift[0], 0, 1, shift[1]),
                                Image.Resampling.BILINEAR, fillcolor=image.getpixel((2, 2)))
            )  # fmt: skip
        cut = int(np.ceil(length)) + 1
        moved = Image.fromarray((whole / steps).round().astype(np.uint8))
        return moved.crop((cut, cut, image.width - cut, image.height - cut))

    return spoil


def enlarged(times: int) -> Spoil:
    """A small picture blown up."""

    def spoil(image: Image.Image, mask: Array, random: np.random.Generator) -> Image.Image:
        small = image.resize((image.width // times, image.height // times), Image.Resampling.LANCZOS)
        return small.resize(image.size, Image.Resampling.BICUBIC)

    return spoil


def exposed(stops: float) -> Spoil:
    """Darker (or lighter) by f-stops, in linear light, clipped as a sensor clips."""

    def spoil(image: Image.Image, mask: Array, random: np.random.Generator) -> Image.Image:
        linear = (np.asarray(image, np.float64) / 255) ** 2.2 * 2.0**stops
        return Image.fromarray((np.clip(linear, 0, 1) ** (1 / 2.2) * 255).round().astype(np.uint8))

    return spoil


def burnt(share: float) -> Spoil:
    """Lightened until `share` of the product is white in every channel."""

    def spoil(image: Image.Image, mask: Array, random: np.random.Generator) -> Image.Image:
        lowest = np.asarray(image).min(-1)[mask > 0.5]
        stops = np.log2((250 / max(1.0, np.quantile(lowest, 1 - share))) ** 2.2)
        return exposed(float(max(stops, 1.0)))(image, mask, random)

    return spoil


def blocky(quality: int) -> Spoil:
    """Saved as a strongly compressed JPEG."""

    def spoil(image: Image.Image, mask: Array, random: np.random.Generator) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(io.BytesIO(file.getvalue())).convert("RGB")

    return spoil


def smaller(share: float) -> Spoil:
    """`share` of the size that the base works at."""
    return lambda image, mask, random: image.resize(
        (round(image.width * share), round(image.height * share)), Image.Resampling.LANCZOS
    )


def long_cut(ratio: float) -> Spoil:
    """A strip with the product in it."""

    def spoil(image: Image.Image, mask: Array, random: np.random.Generator) -> Image.Image:
        rows, columns = np.nonzero(mask > 0.5)
        if random.random() < 0.5:
            high = round(image.width / ratio)
            top = int(np.clip(rows.mean() - high / 2, 0, image.height - high))
            return image.crop((0, top, image.width, top + high))
        wide = round(image.height / ratio)
        left = int(np.clip(columns.mean() - wide / 2, 0, image.width - wide))
        return image.crop((left, 0, left + wide, image.height))

    return spoil


WORDS = (
    "SUMMER SALE",
    "www.brand-shop.com",
    "Sample only",
    "2024-06-12 14:33",
    "NEW ARRIVAL",
    "Photo: Studio K",
)


def written(size: float, opacity: float, where: str) -> Spoil:
    """Words over the photo; `size` is the letters' height as a share of the picture's shorter side."""

    def spoil(image: Image.Image, mask: Array, random: np.random.Generator) -> Image.Image:
        words = WORDS[random.integers(len(WORDS))]
        font = ImageFont.load_default(size * min(image.size))
        layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
        draw = ImageDraw.Draw(layer)
        left, top, right, bottom = draw.textbbox((0, 0), words, font=font)
        wide, high = right - left, bottom - top
        margin = 0.03 * min(image.size)
        x = random.uniform(margin, max(margin + 1, image.width - wide - margin))
        y = {"top": margin, "bottom": image.height - high - 2 * margin, "across": (image.height - high) / 2}[
            where
        ]
        under = np.asarray(image.convert("L"))[int(y) : int(y + high) + 1, max(0, int(x)) : int(x + wide) + 1]
        tone = 255 if under.mean() < 128 else 0
        draw.text((x - left, y - top), words, font=font, fill=(tone, tone, tone, round(255 * opacity)))
        return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")

    return spoil


def tiled(size: float, opacity: float) -> Spoil:
    """A watermark repeated over the whole photo, slanted, as stock photos carry it."""

    def spoil(image: Image.Image, mask: Array, random: np.random.Generator) -> Image.Image:
        side = 2 * max(image.size)
        layer = Image.new("RGBA", (side, side), (0, 0, 0, 0))
        draw = ImageDraw.Draw(layer)
        font = ImageFont.load_default(size * min(image.size))
        tone = 255 if np.asarray(image.convert("L")).mean() < 140 else 0
        step = 3.2 * size * min(image.size)
        for number, y in enumerate(np.arange(0, side, step)):
            for x in np.arange(-(number % 2) * 2 * step, side, 4.2 * step):
                draw.text((x, y), "Sample stock", font=font, fill=(tone, tone, tone, round(255 * opacity)))
        layer = layer.rotate(30, Image.Resampling.BICUBIC)
        left, top = (side - image.width) // 2, (side - image.height) // 2
        layer = layer.crop((left, top, left + image.width, top + image.height))
        return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")

    return spoil


def again(turn: float, zoom: float, light: float, quality: int) -> Spoil:
    """Nearly the same photo once more: turned by degrees, cut closer, lighter, and recompressed."""

    def spoil(image: Image.Image, mask: Array, random: np.random.Generator) -> Image.Image:
        turned = image.rotate(turn, Image.Resampling.BICUBIC)
        cut_x, cut_y = ((zoom - 1) / 2 + np.sin(np.radians(abs(turn))) / 2) * np.array(image.size)
        cut = turned.crop(
            (round(cut_x), round(cut_y), round(image.width - cut_x), round(image.height - cut_y))
        )
        lit = cut.point(lambda v: min(255, round(v * light)))
        return blocky(quality)(lit.resize(image.size, Image.Resampling.LANCZOS), mask, random)

    return spoil


FAULTS = (
    Fault("small", "0.65 of the base's side", smaller(0.65)),
    Fault("small", "0.4 of the base's side", smaller(0.4)),
    Fault("blurred", "sigma 0.6 % of the side", blurred(0.006)),
    Fault("blurred", "sigma 1 %", blurred(0.010)),
    Fault("blurred", "sigma 2 %", blurred(0.020)),
    Fault("blurred", "product only, sigma 0.8 %", product_blurred(0.008)),
    Fault("blurred", "product only, sigma 1.5 %", product_blurred(0.015)),
    Fault("blurred", "camera moved by 2.5 %", moved(0.025)),
    Fault("blurred", "camera moved by 5 %", moved(0.05)),
    Fault("blurred", "enlarged 6 times", enlarged(6)),
    Fault("blurred", "enlarged 10 times", enlarged(10)),
    Fault("overexposed", "half of the product is white", burnt(0.5)),
    Fault("overexposed", "four fifths of it are white", burnt(0.8)),
    Fault("underexposed", "-3.5 stops", exposed(-3.5)),
    Fault("underexposed", "-5 stops", exposed(-5)),
    Fault("blocky", "JPEG quality 15", blocky(15)),
    Fault("blocky", "JPEG quality 10", blocky(10)),
    Fault("blocky", "JPEG quality 5", blocky(5)),
    Fault("blocky", "JPEG quality 10, then saved again", blocky(10)),
    Fault("lettering", "a line, 6 % high, at the top", written(0.06, 1.0, "top")),
    Fault("lettering", "a line, 5 % high, at the bottom", written(0.05, 1.0, "bottom")),
    Fault("lettering", "a line, 10 % high, across", written(0.10, 1.0, "across")),
    Fault("lettering", "a line, 8 % high, half transparent", written(0.08, 0.5, "bottom")),
    Fault("lettering", "tiled watermark, 40 %", tiled(0.06, 0.4)),
    Fault("odd-ratio", "3 : 1", long_cut(3)),
    Fault("odd-ratio", "5 : 1", long_cut(5)),
    Fault("duplicate", "saved again", again(0, 1, 1, 70)),
    Fault("duplicate", "lighter, saved again", again(0, 1, 1.12, 80)),
    Fault("duplicate", "cut 4 % closer", again(0, 1.04, 1, 90)),
    Fault("duplicate", "turned 1.5 degrees, cut 3 %", again(1.5, 1.03, 1.0, 90)),
)  # fmt: skip
