"""The sample product: photos of something the starter base has never seen, made by the same renderer."""

from pathlib import Path

import numpy as np
from PIL import Image

from lorakit import durable
from lorakit.starter.build.render import LIGHTS, Product, render

COUNT = 30
SCENES = {
    "wood": "on a wooden table", "marble": "on a marble counter", "studio": "in a studio",
    "garden": "in a green garden",
}  # fmt: skip
SIZES = ((256, 256), (224, 288), (192, 352), (288, 224), (352, 192))
PRODUCT = Product("hourglass", "purple", "spiral", "wood")


def make(folder: Path, trigger: str) -> None:
    """Write the photos and their captions: several scenes, lights, distances and ratios."""
    random = np.random.default_rng(42)
    with durable.replacing_folder(folder) as aside:
        for number in range(COUNT):
            scene = list(SCENES)[number % len(SCENES)]
            light = list(LIGHTS)[random.integers(len(LIGHTS))]
            distance = ("close", "close", "medium", "far")[random.integers(4)]
            width, height = SIZES[number % len(SIZES)]
            shown = Product(PRODUCT.shape, PRODUCT.colour, PRODUCT.pattern, scene, light, distance)
            image, _ = render(shown, width, height, 5000 + number)
            Image.fromarray(image).save(aside / f"{number:02d}.jpg", quality=92)
            (aside / f"{number:02d}.txt").write_text(f"{trigger} {SCENES[scene]}\n", encoding="utf-8")
