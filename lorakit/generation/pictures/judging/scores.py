"""The scores of one image, as they are kept with a campaign, and the order that they put images in."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import NoneType
from typing import Any

from lorakit.errors import DataError


@dataclass(frozen=True)
class Craft:
    """How well an image is made, each from 0 to 1, where 1 is best."""

    sharpness: float
    clipping: float  # share that has not lost its detail to white or black
    noise: float

    @property
    def worst(self) -> float:
        """A fault can't be made up for: a sharp image full of noise is a noisy one."""
        return min(self.sharpness, self.clipping, self.noise)


@dataclass(frozen=True)
class Likeness:
    """The place of the product among its look-alikes, by their similarity to the image."""

    rank: int  # 1: the image is most similar to the product itself
    look_alikes: int  # that it was ranked among
    margin: float  # similarity to the product less that to the nearest look-alike, -2..2
    nearest: str  # the look-alike that the image is most similar to


@dataclass(frozen=True)
class Scores:
    """What was measured of one image. A score that was not measured is None, and `missing` says why."""

    craft: Craft | None = None
    twin_of: int | None = None  # place of the earlier image, counted from 0, that this one repeats
    lettering: float | None = (
        None  # character errors per character of the product's lettering, 0..1; 0 is best
    )
    colour: float | None = None  # mean CIEDE2000 between the product's colours and the image's; 0 is best
    product: Likeness | None = None
    scene: float | None = None  # cosine between the image and its prompt, -1..1; 1 is best
    missing: Mapping[str, str] = field(default_factory=dict)  # name of a score -> a sentence

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self) | {"missing": dict(self.missing)}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Scores":
        """Back from `to_dict`. Raises DataError that names all fields that are wrong."""
        wrong = _wrong(row, cls, NUMBERS | {"missing": (dict,)}, "")
        for name, kind, types in (("craft", Craft, PARTS), ("product", Likeness, PLACES)):
            part = row.get(name) if not wrong else None
            if part is not None:
                wrong += _wrong(part, kind, types, f"{name}.")
        if wrong:
            raise DataError(f"scores: {'; '.join(wrong)}; judge the images again")
        craft, product = row.get("craft"), row.get("product")
        parts = {"craft": craft and Craft(**craft), "product": product and Likeness(**product)}
        return cls(**{**row, **parts})


NUMBER = (int, float)
NUMBERS: dict[str, tuple[type, ...]] = {
    "craft": (dict, NoneType),
    "twin_of": (int, NoneType),
    "lettering": (*NUMBER, NoneType),
    "colour": (*NUMBER, NoneType),
    "product": (dict, NoneType),
    "scene": (*NUMBER, NoneType),
}
PARTS: dict[str, tuple[type, ...]] = dict.fromkeys(("sharpness", "clipping", "noise"), NUMBER)
PLACES: dict[str, tuple[type, ...]] = {
    "rank": (int,),
    "look_alikes": (int,),
    "margin": NUMBER,
    "nearest": (str,),
}


def _wrong(
    row: Mapping[str, Any], kind: type, types: Mapping[str, tuple[type, ...]], before: str
) -> list[str]:
    """What keeps a row from being the fields of `kind`; a missing one is wrong where it has no default."""
    if not isinstance(row, Mapping):
        return [f"{before or 'they '}are not a mapping of names to values"]
    wrong = [f"{before}{name} is not a known field" for name in row if name not in types]
    needed = types if kind is not Scores else ()
    wrong += [f"{before}{name} is missing" for name in needed if name not in row]
    wrong += [
        f"{before}{name} can't be {row[name]!r:.40}"
        for name in types
        if name in row and (not isinstance(row[name], types[name]) or isinstance(row[name], bool))
    ]
    return wrong


# How much each score counts in the order of images, and whether more of it is better. Assumption: a wrong
# product or label rules an image out, a soft one can still be used; not fitted to anything.
COUNTS: dict[str, tuple[int, bool]] = {
    "product": (3, True),
    "lettering": (2, False),
    "scene": (2, True),
    "colour": (1, False),
    "craft": (1, True),
}


def best_first(scores: Sequence[Scores]) -> list[int]:
    """The places of images, from best to worst.

    Images that repeat an earlier one come after all others. Scores have different units, so images are ranked
    by each score alone (the product's by its margin, craft by its worst part), among those that have it: 0
    for the best, 1 for the worst, the mean for equal ones. The mean of these ranks, weighted by COUNTS (a
    Borda count), gives the order; where it is equal, the earlier image comes first. An image without any
    score stands in the middle, because nothing is known against it.
    """
    total, weights = [0.0] * len(scores), [0] * len(scores)
    for name, (count, more) in COUNTS.items():
        values = {n: value for n, one in enumerate(scores) if (value := _value(one, name)) is not None}
        for number, rank in _ranks(values, more).items():
            total[number] += count * rank
            weights[number] += count
    means = [ranks / weight if weight else 0.5 for ranks, weight in zip(total, weights, strict=True)]
    return sorted(range(len(scores)), key=lambda n: (scores[n].twin_of is not None, means[n], n))


def _value(scores: Scores, name: str) -> float | None:
    value = getattr(scores, name)
    if isinstance(value, Likeness):
        return value.margin
    return value.worst if isinstance(value, Craft) else value


def _ranks(values: Mapping[int, float], more: bool) -> dict[int, float]:
    """From 0 (best) to 1; equal values share the mean of their ranks, and one alone is in the middle."""
    if len(values) == 1:
        return dict.fromkeys(values, 0.5)
    every = sorted(values.values(), reverse=more)
    first = {value: place for place, value in reversed(list(enumerate(every)))}
    last = {value: place for place, value in enumerate(every)}
    return {n: (first[value] + last[value]) / 2 / (len(every) - 1) for n, value in values.items()}
