"""The adapter that keeps the starter base's scenes empty, for a real product to be put into:
`python -m lorakit.starter.build.stage`.
"""

import argparse
from pathlib import Path

from PIL import Image

from lorakit import durable
from lorakit.data.photos.sets import PhotoSet
from lorakit.families import load_base
from lorakit.starter.build.render import empty_scene
from lorakit.starter.build.scenes import SCENES
from lorakit.training.presets import from_preset
from lorakit.training.session import train

NAME, TRIGGER = "Empty stage", "empty stage"
EACH = 9  # images of a scene
SIZES = ((256, 256), (192, 352), (352, 192))
SEED = 8200
# Learned at the size that scenes are drawn at: there is no product whose shape a larger canvas would bend.
RECIPE = {
    "rank": 8, "alpha": 8.0, "learning_rate": 2e-3, "steps": 300, "resolution": 192, "preview_every": 150,
}  # fmt: skip


def make_photos(folder: Path) -> None:
    """Write empty scenes, each in several variations and shapes, with their captions."""
    with durable.replacing_folder(folder) as unfinished:
        for number in range(EACH * len(SCENES)):
            scene = SCENES[number % len(SCENES)]
            image, _ = empty_scene(scene.id, *SIZES[number // len(SCENES) % len(SIZES)], SEED + number)
            Image.fromarray(image).save(unfinished / f"{number:03d}.png")
            phrase = scene.phrases[number // len(SCENES) // len(SIZES) % len(scene.phrases)]
            (unfinished / f"{number:03d}.txt").write_text(f"{TRIGGER} {phrase}\n", encoding="utf-8")


def make(out: Path, work: Path) -> None:
    """Train it into the store `out`."""
    make_photos(work / "empty-stage")
    photos = PhotoSet.from_folder(work / "empty-stage", TRIGGER)
    recipe = from_preset("quick", "image", starter=True, **RECIPE)
    train(load_base("starter-image"), photos, recipe, out / "empty-stage", name=NAME, on_event=print)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="make the adapter that keeps the starter's scenes empty")
    parser.add_argument("--out", type=Path, default=Path("adapters"))
    parser.add_argument("--work", type=Path, default=Path("build/starter"), help="folder for the images")
    options = parser.parse_args()
    make(options.out, options.work)
