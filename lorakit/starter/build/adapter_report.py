"""What an adapter learns on the starter image base: the sample product, trained and rendered with and
without it.

`python -m lorakit.starter.build.adapter_report` trains with the preset that the app's first run uses, writes
the sheet and the report's section. How like the product a picture is, is told by colour and stripes alone:
the share of the picture's pixels in the product's purple and in its yellow, which the base's own answer to
the same words seldom has.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from lorakit.data.photos.sets import PhotoSet
from lorakit.families import Base, load_base
from lorakit.lora.adapter import Adapter
from lorakit.lora.live import applied
from lorakit.starter import SAMPLE_PHOTOS, SAMPLE_TRIGGER
from lorakit.starter.build.report import sheet, verdict, write_section
from lorakit.training.presets import from_preset
from lorakit.training.session import train

SCENES = ("on a wooden table", "on a marble counter", "in the snow", "in a neon street at night")
SIZES = ((128, 128), (96, 176), (176, 96))
SEED = 11
GOAL = 11  # of the 12 pictures
# Share of the pixels: in renders of the product each colour has 0.028 of a wide picture that shows it from
# afar, and more in every other.
PRESENT = 0.02


def shares(image: np.ndarray) -> tuple[float, float]:
    """Shares of the pixels of (H, W, 3) uint8 in the sample product's purple and yellow."""
    red, green, blue = (image[..., i].astype(int) for i in range(3))
    purple = (blue > green + 50) & (red > green + 20) & (blue > 90)
    yellow = (red > 150) & (green > 100) & (red > blue + 80) & (green > blue + 60)
    return float(purple.mean()), float(yellow.mean())


def has_both(image: np.ndarray) -> bool:
    """Are both of the product's colours there?"""
    return min(shares(image)) >= PRESENT


def render(base: Base, mix: dict[Adapter, float]) -> list[list[np.ndarray]]:
    """One row per scene, one picture per size, with `mix` (empty: the base alone)."""
    family = base.kind
    with torch.no_grad():
        negative = family.encode_prompts(base, [""])
        words = [family.encode_prompts(base, [f"{SAMPLE_TRIGGER} {scene}"]) for scene in SCENES]
    settings = base.settings

    def one(conditioning: dict[str, torch.Tensor], size: tuple[int, int]) -> np.ndarray:
        found = family.sample(base, conditioning, negative, *size, [SEED], settings.steps, settings.guidance)
        return np.array(found[0])

    if not mix:
        return [[one(conditioning, size) for size in SIZES] for conditioning in words]
    with applied(base.model, mix):
        return [[one(conditioning, size) for size in SIZES] for conditioning in words]


def write(out: Path, preset: str) -> None:
    """Train, render and report."""
    base = load_base("starter-image")
    photos = PhotoSet.from_folder(SAMPLE_PHOTOS, SAMPLE_TRIGGER)
    recipe = from_preset(preset, "image", starter=True)
    begun = time.process_time()
    result = train(base, photos, recipe, out, name="Aurora bottle", resume=False)
    assert result.adapter is not None
    worked = time.process_time() - begun
    without, learned = render(base, {}), render(base, {result.adapter: 1.0})
    sheet([[*before, *after] for before, after in zip(without, learned, strict=True)], "adapter")
    count = len(SCENES) * len(SIZES)
    before, after = (sum(has_both(p) for row in rows for p in row) for rows in (without, learned))
    summary = result.summary
    threads = "one CPU thread" if torch.get_num_threads() == 1 else f"{torch.get_num_threads()} CPU threads"
    write_section(
        "adapter",
        f"""## An adapter on it: the sample product

30 renders of a product that the base model has never seen (an hourglass with a purple and yellow spiral),
preset "{preset}": {summary["steps"]} steps of {recipe.batch_size} in {summary["seconds"]:.0f} s on
{threads} ({worked:.0f} s of CPU time, including previews),
{summary["trained_parameters"]:,} parameters ({summary["share"]:.1%} of the base model's size),
{summary["size_bytes"] / 1e6:.1f} MB, final loss {summary["final_loss"]:.3f}. The snow and the neon street are
in none of its photos.

Both product colours appear in {verdict(after, GOAL, unit=f" of {count}")} images with the
adapter, and in {before} without it (same prompts, same seeds). Each row is one scene at 1:1, 9:16 and 16:9,
without the adapter, then with it.

![Without and with the adapter](report/adapter.png)""",
    )
    print(f"{before} -> {after} of {count}", summary)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="measure an adapter on the starter image base")
    parser.add_argument("--out", type=Path, default=Path("build/aurora-bottle"))
    parser.add_argument("--preset", default="quick")
    options = parser.parse_args()
    write(options.out, options.preset)
