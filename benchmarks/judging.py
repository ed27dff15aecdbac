"""How well the lettering score orders images by what is wrong on the label: `python -m benchmarks.judging`.

Draws made-up products with a label of three lines, changes 0 to 5 letters of it, puts each into a scene
(turned, shaded, noisy, saved as a JPEG) and compares the score with the number of letters that were changed.
Letters are drawn with Pillow's own font; curved and handwritten labels are not covered.
"""

import argparse
import io
import string
import time
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from lorakit.generation.pictures.judging import lettering, reading

BOTTLE = (360, 640)  # pixels of a cut-out
SCENE = 768  # pixels of the sides of an image
MOST_CHANGED = 5
STARTS, ENDS = (
    ("VEL", "NOR", "AUR", "TAM", "BRIN", "CAS", "SOL", "MER"),
    ("ORA", "DALE", "EVO", "INTA", "UMA"),
)
KINDS = ("Olive Oil", "Cold Brew", "Face Cream", "Pale Ale", "Oat Drink", "Hand Soap", "Rose Water")
SIZES = ("500 ml", "250 ml", "75 cl", "330 ml", "120 g", "1.5 L")


@dataclass(frozen=True)
class Row:
    """One image: how many letters of how many were changed, and the score."""

    changed: int
    letters: int
    error: float


def measure(count: int, seed: int) -> list[Row]:
    """Judge `count` images, with 0 to MOST_CHANGED changed letters in turn."""
    rows = []
    for number in range(count):
        random = np.random.default_rng([seed, number])
        label = made_up(random)
        colours = tuple(tuple(map(int, random.integers(low, low + 90, 3))) for low in (20, 160))
        changed = number % (MOST_CHANGED + 1)
        wanted = lettering.expected([reading.lines(bottle(label, colours))])
        image = scene(bottle(with_changed(label, changed, random), colours), random)
        read = [line.text for line in reading.lines(image)]
        letters = sum(len(lettering.plain(line)) for line in label)
        rows.append(Row(changed, letters, lettering.error(wanted, read) if wanted else float("nan")))
    return rows


def made_up(random: np.random.Generator) -> tuple[str, str, str]:
    """A brand, what is in it and how much."""
    return (
        str(random.choice(STARTS)) + str(random.choice(ENDS)),
        str(random.choice(KINDS)),
        str(random.choice(SIZES)),
    )


def with_changed(label: tuple[str, ...], count: int, random: np.random.Generator) -> tuple[str, ...]:
    """The label with `count` of its letters replaced by other letters of the same case."""
    places = [(row, at) for row, line in enumerate(label) for at, c in enumerate(line) if c.isalpha()]
    lines = [list(line) for line in label]
    for index in random.choice(len(places), count, replace=False):
        row, at = places[int(index)]
        old = lines[row][at]
        alphabet = string.ascii_uppercase if old.isupper() else string.ascii_lowercase
        lines[row][at] = str(random.choice([letter for letter in alphabet if letter != old]))
    return tuple("".join(line) for line in lines)


def bottle(label: tuple[str, ...], colours: tuple[tuple[int, ...], ...]) -> Image.Image:
    """A cut-out (RGBA) of a bottle in the first colour with a label in the second."""
    width, height = BOTTLE
    image = Image.new("RGBA", BOTTLE, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((20, 150, width - 20, height - 1), 40, fill=(*colours[0], 255))
    draw.rectangle((width // 2 - 45, 10, width // 2 + 45, 160), fill=(*colours[0], 255))
    draw.rectangle((40, 270, width - 40, 540), fill=(*colours[1], 255))
    for line, y, size in zip(label, (325, 415, 490), (54, 40, 34), strict=True):
        font = ImageFont.load_default(size)
        draw.text((width // 2, y), line, font=font, fill=(*colours[0], 255), anchor="mm")
    return image


def scene(cut_out: Image.Image, random: np.random.Generator) -> Image.Image:
    """An RGB image with the product in it, as a camera might see it."""
    tones = random.uniform(60, 230, (2, 2, 3)).astype(np.uint8)
    image = Image.fromarray(tones).resize((SCENE, SCENE), Image.Resampling.BICUBIC)
    share = random.uniform(0.6, 0.9) * SCENE / cut_out.height
    small = cut_out.resize((round(cut_out.width * share), round(cut_out.height * share)))
    small = small.rotate(random.uniform(-5, 5), Image.Resampling.BICUBIC, expand=True)
    free = (SCENE - small.width, SCENE - small.height)
    image.paste(small, tuple(int(random.uniform(0, max(1, side))) for side in free), small)
    image = image.filter(ImageFilter.GaussianBlur(random.uniform(0, 0.8)))
    light = np.linspace(random.uniform(0.6, 1), random.uniform(0.8, 1.1), SCENE)[None, :, None]
    pixels = np.asarray(image, np.float32) * light + random.normal(0, random.uniform(0, 6), (SCENE, SCENE, 3))
    file = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return Image.open(file).convert("RGB")


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Correlation of ranks, with the mean rank for equal values (Spearman 1904)."""
    return float(np.corrcoef(_ranks(one), _ranks(other))[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    every, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    assert len(every) == len(counts)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, nargs="?", default=100)
    parser.add_argument("seed", type=int, nargs="?", default=0)
    options = parser.parse_args()
    start = time.perf_counter()
    rows = measure(options.count, options.seed)
    took = time.perf_counter() - start
    report([row for row in rows if np.isfinite(row.error)])
    print(f"{len(rows)} labels; {took / len(rows):.2f} s for the cut-out and the image")


def report(rows: list[Row]) -> None:
    """The table of docs/judging.md, for the labels that could be read."""
    changed = np.array([row.changed for row in rows])
    errors = np.array([row.error for row in rows])
    share = changed / np.array([row.letters for row in rows])
    print("| letters changed | labels | changed | score |\n| --- | --- | --- | --- |")
    for count in range(MOST_CHANGED + 1):
        at = changed == count
        print(f"| {count} | {at.sum()} | {share[at].mean():.1%} | {errors[at].mean():.1%} |")
    print(f"Spearman with the letters changed {spearman(errors, changed):.3f}, with their share ", end="")
    print(
        f"{spearman(errors, share):.3f}; mean difference from the share {np.abs(errors - share).mean():.1%}"
    )


if __name__ == "__main__":
    main()
