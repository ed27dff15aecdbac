"""How often the photo gate finds faults put into clean renders, and how often it finds some in clean ones.

python -m benchmarks.gate [photos] [first seed]: prints the table of docs/gates.md. Each fault strength is a
folder of spoiled renders of different products in different places, read as a person's photos are; a fault
counts as found when the photo has a finding of its kind.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.gate_faults import FAULTS, Array, Fault, background_blurred
from benchmarks.packshots import Packshot, burnt_packshots, packshots
from lorakit.data.photos.quality import QualityReport
from lorakit.data.photos.sets import PhotoSet
from lorakit.starter.build.render import (
    DISTANCES,
    LIGHTS,
    random_product,
    render,
    variant,
)

SIZES = ((512, 512), (448, 576), (384, 704), (576, 448), (704, 384))
AREA = 512 * 512
CLEAN = 92  # JPEG quality that all are saved with, but those of the fault "blocky"
SET, SETS = 12, 16  # photos of a set, and sets, for what only shows in a set
KINDS = tuple(dict.fromkeys(fault.kind for fault in FAULTS))

Picture = tuple[Image.Image, Array]


def pictures(count: int, first: int) -> list[Picture]:
    """Clean renders with the product's mask in 0..1, from the seed `first` on."""
    made = []
    for number in range(first, first + count):
        product = random_product(np.random.default_rng(number))
        image, mask = render(product, *SIZES[number % len(SIZES)], 1000 + number)
        made.append((Image.fromarray(image), mask / 255))
    return made


def report(folder: Path, images: list[Image.Image], quality: int = CLEAN) -> QualityReport:
    """What the gate says of pictures saved into a new folder."""
    folder.mkdir()
    for number, image in enumerate(images):
        image.save(folder / f"{number:04}.jpg", quality=quality)
    return PhotoSet.from_folder(folder, "product").report(AREA)


def share(found: QualityReport, kind: str, first: int = 0) -> float:
    """The share of the photos from `first` on that have a finding of this kind."""
    judged = found.judged[first:]
    return sum(any(f.kind == kind for f in one.findings) for one in judged) / len(judged)


def spoiled(folder: Path, fault: Fault, clean: list[Picture]) -> float:
    """The share of the photos with this fault in which it is found."""
    worse = [fault.spoil(im, mask, np.random.default_rng(n)) for n, (im, mask) in enumerate(clean)]
    if fault.kind == "duplicate":
        return share(report(folder, [im for im, _ in clean] + worse), fault.kind, len(clean))
    if fault.kind == "blocky" and not fault.strength.endswith("again"):
        return share(report(folder, worse, int(fault.strength.split()[-1])), fault.kind)
    return share(report(folder, worse), fault.kind)


def shots(folder: Path, made: list[Packshot]) -> QualityReport:
    """What the gate says of packshots, kept as they were saved."""
    folder.mkdir()
    for number, shot in enumerate(made):
        shot.image.save(folder / f"{number:04}-{shot.kind.replace(' ', '-')}.png")
    return PhotoSet.from_folder(folder, "product").report(AREA)


def before_white(folder: Path, count: int, first: int) -> None:
    """False alarms in packshots before white, and how many burnt ones are found."""
    found = shots(folder / "packshots", packshots(2 * count, first))
    for kind in ("overexposed", "lettering", "print"):
        named = sorted({j.name[5:-4] for j in found.judged if any(f.kind == kind for f in j.findings)})
        print(f"packshots: {kind} {share(found, kind):.1%} of {found.photos} ({', '.join(named) or 'none'})")
    for part in (0.5, 0.8):
        burnt = shots(folder / f"burnt-{part}", burnt_packshots(count, first, part))
        print(f"burnt packshots, {part:.0%} of the product white: found {share(burnt, 'overexposed'):.1%}")


def sets(folder: Path, scenes: Callable[[int], str], seed: int) -> float:
    """The share of sets of one product in which one background is found; `scenes` names each photo's."""
    alarms = 0
    for number in range(SETS):
        random = np.random.default_rng(seed + number)
        first = random_product(random)
        shown = []
        for place in range(number * SET, (number + 1) * SET):
            light, distance = random.choice(list(LIGHTS)), random.choice(list(DISTANCES))
            shown.append(variant(first, scene=scenes(place), light=str(light), distance=str(distance)))
        seeds = range(seed + 100 * number, seed + 100 * number + SET)
        images = [Image.fromarray(render(p, 256, 256, n)[0]) for n, p in zip(seeds, shown, strict=True)]
        found = report(folder / f"{number}", images)
        alarms += any(finding.kind == "one-background" for finding in found.findings)
    return alarms / SETS


def main(count: int, first: int) -> None:
    clean, soft = pictures(count, first), background_blurred(0.015)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = {
            "clean": report(folder / "clean", [im for im, _ in clean]),
            "saved with JPEG 75": report(folder / "75", [im for im, _ in clean], 75),
            "soft background": report(
                folder / "soft", [soft(im, m, np.random.default_rng(0)) for im, m in clean]
            ),
        }  # fmt: skip
        print(f"false alarms, of {count} photos each\n")
        for label, found in kept.items():
            print(f"{label}: " + ", ".join(f"{kind} {share(found, kind):.1%}" for kind in KINDS), flush=True)
            print(f"  verdicts: {found.verdicts()}")
        for number, fault in enumerate(FAULTS):
            found_share = spoiled(folder / f"fault-{number}", fault, clean)
            print(f"{fault.kind:14} {fault.strength:36} found {found_share:.1%}", flush=True)
        before_white(folder, count, first)
        places = ("wood", "marble", "studio", "garden", "beach", "snow", "bathroom", "stone")
        sorts = (
            ("one place", lambda i: places[i // SET % 8]),
            ("two places", lambda i: places[(i // SET + i % 2 * 3) % 8]),
            ("eight places", lambda i: places[i % 8]),
        )
        for label, scenes in sorts:
            (folder / label).mkdir()
            print(
                f"one background, {label}: found in {sets(folder / label, scenes, first):.0%} of {SETS} sets",
                flush=True,
            )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    main(*(numbers + [100, 0][len(numbers) :]))
