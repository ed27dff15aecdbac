"""The adapters that ship with the studio, to mix and to write with from the first minute:
`python -m lorakit.starter.build.adapters`.

Riso print is a style: renders of many products in three inks, so that it goes with any product's adapter.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from lorakit import durable
from lorakit.data.photos.sets import PhotoSet
from lorakit.data.texts.sets import TextSet
from lorakit.families import load_base
from lorakit.starter import SAMPLE_VOICE
from lorakit.starter.build.captions import full_caption
from lorakit.starter.build.render import random_product, render, variant
from lorakit.training.presets import from_preset
from lorakit.training.session import train

STYLE_NAME, STYLE_TRIGGER = "Riso print", "riso print"
VOICE_NAME = "Ready-made voice"
COUNT = 36
SIZES = ((256, 256), (192, 352), (352, 192))
SEED = 4100
# Gentler than the preset for a product, which a style that is mixed in must not drown.
STYLE = {"rank": 8, "alpha": 8.0, "learning_rate": 1e-3, "steps": 480}
# Ink by lightness, from dark to light: navy, coral, cream (r, g, b in 0..255).
INKS = ((28, 38, 84), (236, 92, 84), (252, 242, 220))


def riso(image: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) uint8 in three inks, by its lightness (Rec. 601 weights)."""
    light = image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    stops = np.array([30.0, 120.0, 215.0])
    channels = [np.interp(light, stops, np.array(INKS)[:, channel]) for channel in range(3)]
    return np.stack(channels, -1).round().astype(np.uint8)


def make_style_photos(folder: Path) -> None:
    """Write the style's pictures and their captions."""
    random = np.random.default_rng(SEED)
    with durable.replacing_folder(folder) as aside:
        for number in range(COUNT):
            product = variant(random_product(random), place="centre")
            image, _ = render(product, *SIZES[number % len(SIZES)], SEED + number)
            Image.fromarray(riso(image)).save(aside / f"{number:02d}.png")
            caption = f"{full_caption(product, random)}, {STYLE_TRIGGER}\n"
            (aside / f"{number:02d}.txt").write_text(caption, encoding="utf-8")


def make(out: Path, work: Path) -> None:
    """Train both into the store `out`, the voice with the preset of the app's first run."""
    make_style_photos(work / "riso-print")
    photos = PhotoSet.from_folder(work / "riso-print", STYLE_TRIGGER)
    style = from_preset("quick", "image", starter=True, **STYLE)
    train(load_base("starter-image"), photos, style, out / "riso-print", name=STYLE_NAME)
    voice = from_preset("quick", "text", starter=True)
    train(
        load_base("starter-text"),
        TextSet.from_file(SAMPLE_VOICE),
        voice,
        out / "ready-made-voice",
        name=VOICE_NAME,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="make the adapters that ship with the studio")
    parser.add_argument("--out", type=Path, default=Path("adapters"))
    parser.add_argument("--work", type=Path, default=Path("build/starter"), help="folder for the pictures")
    options = parser.parse_args()
    make(options.out, options.work)
