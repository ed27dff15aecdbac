"""The ways to show a product in a campaign, and what each draws.

free: the adapters draw it. exact: the scene is drawn empty, and the product's own pixels go into it. guided:
the base is shown pictures of it beside the words, where its family can be. A base that draws a product into
every scene has a stage: an adapter that keeps the scene empty, which its settings name.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image

import lorakit
from lorakit import durable, workspace
from lorakit.errors import DataError, RecipeError
from lorakit.families import Base
from lorakit.families.facts import REFERENCES
from lorakit.formats import load
from lorakit.generation.pictures.compositing import Look, compose
from lorakit.generation.pictures.formats import OutputFormat
from lorakit.generation.pictures.layouts import SHOWS, Placement, find_layout, place, placement_in
from lorakit.lora.adapter import Adapter, Mix

MOST_CUTOUTS = 8
EMPTY = "an empty product photography set"  # what a base without a stage is asked for
CUTOUTS = "product"  # the folder of a campaign, or of an adapter, with the product's cut-outs


@dataclass(frozen=True)
class Cutout:
    """A product without its background. `key` is a hash of its pixels; `name` is where it came from."""

    key: str
    name: str
    image: Image.Image

    @cached_property
    def size(self) -> tuple[int, int]:
        return self.image.size


def check_shows(show: Any, base: Base) -> list[str]:
    """The ways to show the product, each once. Raises RecipeError for one that there is not, or that the
    base cannot draw.
    """
    shows = list(dict.fromkeys([show] if isinstance(show, str) else show))
    unknown = [str(each)[:40] for each in shows if each not in SHOWS]
    if unknown or not shows:
        raise RecipeError(f"show: {', '.join(unknown) or 'nothing given'}; choose free, guided or exact")
    if "guided" in shows and REFERENCES not in base.kind.row.can:
        raise RecipeError(
            f"show: guided needs a base model that takes reference images, which {base.kind.row.label} "
            "doesn't; choose free or exact"
        )
    return shows


def read_cutouts(given: Sequence[Any]) -> list[Cutout]:
    """The product's cut-outs from files or images, trimmed to what can be seen, each once.

    Of a photo without transparency the product is cut out. Raises DataError with every problem, a line each.
    """
    if isinstance(given, str | Path | Image.Image):
        given = [given]
    if len(given) > MOST_CUTOUTS:
        raise DataError(f"product: {len(given)} cut-outs given; use at most {MOST_CUTOUTS}")
    read: dict[str, Cutout] = {}
    wrong = []
    for number, one in enumerate(given, 1):
        name = f"cut-out {number}" if isinstance(one, Image.Image) else Path(one).name
        try:
            image = cut_out(one)
        except DataError as error:
            text = str(error)
            wrong.append(f"product: {text if name in text else f'{name}: {text}'}")
            continue
        image = image.crop(image.getchannel("A").getbbox())
        key = hashlib.sha256(repr(image.size).encode() + image.tobytes()).hexdigest()[:16]
        read.setdefault(key, Cutout(key, name, image))
    if wrong:
        raise DataError("\n".join(wrong))
    return list(read.values())


@dataclass(frozen=True)
class Exact:
    """How a campaign puts the real product into its scenes."""

    cutouts: tuple[Cutout, ...]
    placed: Mapping[str, Placement]
    match_light: bool = True

    def standing(self, number: int, output: OutputFormat) -> dict[str, Any]:
        """What of this the image of seed `number` in one format depends on, as JSON-able data."""
        return self.record(self.cutouts[number % len(self.cutouts)].key, output)

    def record(self, key: str, output: OutputFormat) -> dict[str, Any]:
        """The same of the cut-out with this key."""
        placement = placement_in(self.placed, output)
        return {"cut": key, "placement": placement.to_dict(), "match_light": self.match_light}

    def compose(self, scene: Image.Image, key: str, output: OutputFormat) -> Image.Image:
        """The delivered `scene` with the cut-out of this key standing in it."""
        cutout = next(each for each in self.cutouts if each.key == key)
        placement = placement_in(self.placed, output)
        box = place(placement, output, cutout.size)
        look = Look(self.match_light, lies=find_layout(placement.layout).lies)
        return compose(scene, cutout.image, box, look)

    def keep(self, folder: Path) -> list[dict[str, str]]:
        """Write the cut-outs into the campaign's folder; the rows that its plan names them by."""
        rows = []
        for cutout in self.cutouts:
            path = folder / CUTOUTS / f"{cutout.key}.png"
            if not path.is_file():
                path.parent.mkdir(parents=True, exist_ok=True)
                with durable.replacing(path) as unfinished:
                    cutout.image.save(unfinished, "PNG")
            rows.append({"key": cutout.key, "name": cutout.name, "file": f"{CUTOUTS}/{path.name}"})
        return rows


@dataclass(frozen=True)
class Stage:
    """What keeps a scene empty: `words` stand in the prompt where the product's name would."""

    words: str
    area: int  # pixels of a scene
    adapter: Adapter | None = None

    def mix(self, asked: Mix) -> dict[Any, Any]:
        """The mix that draws the scene: the stage, and what of the mix is no product."""
        drawn = {adapter: weight for adapter, weight in asked.items() if adapter not in products(asked)}
        return drawn if self.adapter is None else {self.adapter: 1.0, **drawn}


def stage_of(base: Base) -> Stage:
    """The base's own stage; words alone for a base that has none. Raises AdapterError when its file is
    damaged.
    """
    settings = base.settings
    area = settings.stage_area or settings.area
    for folder in (workspace.adapters_folder(), Path(lorakit.__file__).parents[1] / "adapters"):
        if settings.stage and (folder / settings.stage).is_dir():
            adapter = load(folder / settings.stage)
            return Stage(adapter.trigger, area, adapter)
    return Stage(EMPTY, area)


def products(mix: Mix) -> list[Adapter]:
    """The adapters of a mix that draw the product: those that were trained on one; where no card says so,
    the first whose subject is not known.
    """
    subjects = {adapter: str(adapter.card.data.get("subject", "")) for adapter in mix}
    stated = [adapter for adapter, subject in subjects.items() if subject == "product"]
    return stated or [adapter for adapter, subject in subjects.items() if not subject][:1]


def cut_out(source: Any) -> Image.Image:
    """The product of a photo or of a transparent image, as RGBA. Raises DataError when there is none."""
    from lorakit.data.photos.cutouts import cut_out as cut  # opencv and pymatting

    return cut(source)
