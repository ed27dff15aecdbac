"""The adapters of the study: three products that the starter base has never seen, two styles, one light.

`python -m benchmarks.stability.adapters --out F` renders the pictures and trains each into a folder of F;
what is there is kept, and a stopped training goes on from its checkpoint.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from lorakit import durable
from lorakit.starter.build.adapters import riso
from lorakit.starter.build.captions import full_caption
from lorakit.starter.build.render import (
    LIGHTS,
    Product,
    random_product,
    render,
    variant,
)

SIZES = ((128, 128), (112, 144), (96, 176), (144, 112), (176, 96))
PHOTO_SCENES = {
    "wood": "on a wooden table", "marble": "on a marble counter", "studio": "in a studio",
    "garden": "in a green garden",
}  # fmt: skip
COUNT = 30
Picture = np.ndarray  # (H, W, 3) uint8


def poster(image: Picture) -> Picture:
    """Flat colours with dark outlines: each channel in four steps, more saturated."""
    grey = image.mean(-1, keepdims=True)
    vivid = np.clip(grey + 1.5 * (image - grey), 0, 255)
    flat = np.round(vivid / 85) * 85
    down = np.abs(np.diff(grey[..., 0], axis=0, append=grey[-1:, :, 0]))
    right = np.abs(np.diff(grey[..., 0], axis=1, append=grey[:, -1:, 0]))
    line = np.clip((np.maximum(down, right) - 14) / 20, 0, 1)[..., None]
    return (flat * (1 - line) + 20 * line).round().astype(np.uint8)


def low_sun(image: Picture) -> Picture:
    """Warm light from the left that falls off into a blue shade on the right."""
    across = np.linspace(1, 0, image.shape[1], dtype=np.float32)[None, :, None]
    warm, shade = np.array([1.30, 1.00, 0.58], np.float32), np.array([0.46, 0.46, 0.62], np.float32)
    return np.clip(image * (across * warm + (1 - across) * shade), 0, 255).round().astype(np.uint8)


@dataclass(frozen=True)
class Subject:
    """What one adapter learns: a product, or a filter over pictures of many products."""

    id: str
    trigger: str
    product: Product | None = None
    look: Callable[[Picture], Picture] | None = None


SUBJECTS = (
    Subject("aurora", "aurora bottle", Product("hourglass", "purple", "spiral", "wood")),
    Subject("tiber", "tiber tower", Product("tower", "turquoise", "halved", "wood")),
    Subject("solis", "solis orb", Product("orb", "white", "zigzag", "wood")),
    Subject("riso", "riso print", look=riso),
    Subject("poster", "poster style", look=poster),
    Subject("sun", "low sun", look=low_sun),
)
# Adapters: folder, subject, and what its recipe changes. The first six are the study's; the others are the
# same subjects learned in another way, so that stacks do not only differ by their weights.
ADAPTERS = (
    ("aurora", "aurora", {"rank": 16, "alpha": 16.0, "steps": 400}),
    ("tiber", "tiber", {"rank": 16, "alpha": 16.0, "steps": 400}),
    ("poster", "poster", {"rank": 8, "alpha": 8.0, "steps": 300}),
    ("sun", "sun", {"rank": 8, "alpha": 8.0, "steps": 300}),
    ("solis", "solis", {"rank": 16, "alpha": 16.0, "steps": 400}),
    ("riso", "riso", {"rank": 8, "alpha": 8.0, "steps": 480}),
    ("poster-hot", "poster", {"rank": 16, "alpha": 32.0, "steps": 200, "learning_rate": 2e-3, "seed": 1}),
    ("aurora-small", "aurora", {"rank": 4, "alpha": 4.0, "steps": 300, "seed": 1}),
)


def subject(id: str) -> Subject:
    """One of SUBJECTS."""
    return next(one for one in SUBJECTS if one.id == id)


def make_photos(what: Subject, folder: Path) -> None:
    """Write the pictures one adapter learns from, with their captions."""
    random = np.random.default_rng(sum(what.id.encode()))
    with durable.replacing_folder(folder) as aside:
        for number in range(COUNT):
            size = SIZES[number % len(SIZES)]
            if what.product:
                scene = list(PHOTO_SCENES)[number % len(PHOTO_SCENES)]
                light = list(LIGHTS)[random.integers(len(LIGHTS))]
                distance = ("close", "close", "medium", "far")[random.integers(4)]
                shown = variant(what.product, scene=scene, light=light, distance=distance)
                image, _ = render(shown, *size, 9000 + number)
                caption = f"{what.trigger} {PHOTO_SCENES[scene]}"
            else:
                assert what.look is not None
                shown = variant(random_product(random), place="centre")
                image = what.look(render(shown, *size, 9500 + number)[0])
                caption = f"{full_caption(shown, random)}, {what.trigger}"
            Image.fromarray(image).save(aside / f"{number:02d}.png")
            (aside / f"{number:02d}.txt").write_text(caption + "\n", encoding="utf-8")


def train_all(out: Path, work: Path, only: list[str]) -> None:
    """Train every adapter of ADAPTERS (or of `only`) that `out` lacks."""
    from lorakit.data.photos.sets import PhotoSet
    from lorakit.families import load_base
    from lorakit.training.presets import from_preset
    from lorakit.training.session import train

    for name, subject_id, changes in ADAPTERS:
        if (only and name not in only) or (out / name / "card.json").exists():
            continue
        what = subject(subject_id)
        if not (work / what.id).exists():
            make_photos(what, work / what.id)
        recipe = from_preset("quick", "image", starter=True, preview_every=0, **changes)
        begun = time.monotonic()

        def tell(event: dict, name: str = name, begun: float = begun) -> None:
            if event["event"] in ("checkpoint", "result"):
                print(name, f"{time.monotonic() - begun:.0f} s", json.dumps(event)[:120], flush=True)

        photos = PhotoSet.from_folder(work / what.id, what.trigger)
        base, run = load_base("starter-image"), work / f"run-{name}"
        train(base, photos, recipe, out / name, on_event=tell, work=run, name=name.capitalize())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="train the adapters of the stability study")
    parser.add_argument("--out", type=Path, default=Path("build/stability/adapters"))
    parser.add_argument("--work", type=Path, default=Path("build/stability/photos"))
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    train_all(options.out, options.work, options.only)
