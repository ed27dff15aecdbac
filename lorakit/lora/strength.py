"""How strongly one adapter of a mix acts: a weight, per group of blocks, and in which part of the sampling.

No torch here: job specs, the page and the terminal check what a person wrote before anything is opened.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from numbers import Real
from typing import Any, cast

from lorakit.errors import AdapterError
from lorakit.families.table import block_groups

WEIGHTS = (-2.0, 2.0)  # beyond, no base draws anything

TEXT = re.compile(r"text_encoder(_\d)?\.")  # the group "text" of any base of pictures
LAYER = re.compile(r"(?:.*\.)?(?:layers|h)\.(\d+)\.")  # of a language model: its groups are ranges, "0-7"
RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")
FIELDS = ("weight", "blocks", "start", "end")


@dataclass(frozen=True)
class Strength:
    """A weight (-2 to 2) that may differ by group of blocks, and acts in a part of the sampling.

    `blocks` = {group: weight there, in the place of `weight`}; a group is "double" or "single" (FLUX),
    "down", "mid" or "up" (SD, SDXL), "text" (text encoders), or layers of a language model counted from 0:
    "0-7", "12". It is given as a mapping and kept as sorted pairs, so that a Strength is hashable. `start`,
    `end` (0 to 1): step i of n, counted from 0, runs with the adapter when start <= i / n < end; the prompt
    is read at 0. Raises AdapterError naming the field.
    """

    weight: float = 1.0
    blocks: Mapping[str, float] | tuple[tuple[str, float], ...] = ()
    start: float = 0.0
    end: float = 1.0

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "weight", checked_weight(self.weight))
        if not isinstance(self.blocks, Mapping | tuple):
            raise AdapterError(f"blocks is {_said(self.blocks)}; give a table of groups with their strengths")
        try:
            pairs = dict(self.blocks)
        except (TypeError, ValueError) as error:
            raise AdapterError("blocks is not a table of groups with their strengths") from error
        put(self, "blocks", tuple(sorted((_group(g), checked_weight(w, g)) for g, w in pairs.items())))
        _check_apart([group for group, _ in self.groups])
        for field in ("start", "end"):
            value = getattr(self, field)
            if not _is_number(value) or not 0 <= value <= 1:
                raise AdapterError(f"{field} is {_said(value)}; give a part of the sampling from 0 to 1")
            put(self, field, float(value))
        if not self.start < self.end:
            raise AdapterError(f"start is {self.start:g} and end {self.end:g}; it must start before it ends")

    @classmethod
    def of(cls, value: Any) -> "Strength":
        """A mix's value as a Strength: a number is one that holds everywhere and always."""
        return value if isinstance(value, cls) else cls(value)

    @classmethod
    def from_dict(cls, value: Any) -> "Strength":
        """From its JSON form: a number, or a table with some of weight, blocks, start and end."""
        if not isinstance(value, Mapping):
            return cls.of(value)
        unknown = sorted(str(name) for name in set(value) - set(FIELDS))
        if unknown:
            raise AdapterError(f"{_said(unknown[0])} is not known; a strength has {', '.join(FIELDS)}")
        return cls(**value)

    def to_dict(self) -> float | dict[str, Any]:
        """The JSON form: a number when that says it all."""
        more: dict[str, Any] = {"blocks": dict(self.groups)} if self.blocks else {}
        if not self.whole:
            more |= {"start": self.start, "end": self.end}
        return {"weight": self.weight, **more} if more else self.weight

    @property
    def groups(self) -> tuple[tuple[str, float], ...]:
        """`blocks` as it is kept."""
        return cast(tuple[tuple[str, float], ...], self.blocks)

    @property
    def plain(self) -> bool:
        """Is it one weight, everywhere and always?"""
        return not self.blocks and self.whole

    @property
    def whole(self) -> bool:
        """Does it act in the whole sampling?"""
        return (self.start, self.end) == (0.0, 1.0)

    @property
    def level(self) -> float:
        """The weight of largest size that it has anywhere."""
        return max((self.weight, *(weight for _, weight in self.groups)), key=abs)

    def at(self, module: str) -> float:
        """The weight at a module, by its name in the adapter."""
        return next((weight for group, weight in self.groups if is_in(module, group)), self.weight)

    def acts(self, fraction: float) -> bool:
        """Does it act once `fraction` (0..1) of the sampling is done?"""
        return self.start <= fraction < self.end or (self.end == 1.0 and fraction >= 1.0)

    def scaled(self, factor: float) -> "Strength":
        """The same with all weights times `factor`."""
        return replace(
            self,
            weight=self.weight * factor,
            blocks={group: weight * factor for group, weight in self.groups},
        )

    def check_groups(self, modules: Iterable[str]) -> None:
        """Raise AdapterError, naming the group, when none of the adapter's `modules` is in one of them."""
        if not self.blocks:
            return
        names = list(modules)
        for group, _ in self.groups:
            if not any(is_in(name, group) for name in names):
                raise AdapterError(f"no layer of it is in the block group {group!r}; it has {_has(names)}")

    def __str__(self) -> str:
        more = [f"{group} {weight:g}" for group, weight in self.groups]
        if not self.whole:
            more.append(f"from {self.start:.0%} to {self.end:.0%}")
        return f"{self.weight:g} ({', '.join(more)})" if more else f"{self.weight:g}"

    def __bool__(self) -> bool:
        return self.level != 0.0


def named_groups() -> dict[str, re.Pattern[str]]:
    """The groups of blocks by name, with what the names of their modules match: the text encoders, and those
    of the families' rows.
    """
    return {"text": TEXT, **block_groups()}


def is_in(module: str, group: str) -> bool:
    """Is the module of this name in the group of blocks?"""
    pattern = named_groups().get(group)
    if pattern is not None:
        return pattern.match(module) is not None
    layer = layer_of(module)
    low, high = span(group)
    return layer is not None and low <= layer <= high


def layer_of(module: str) -> int | None:
    """The number of the language model's layer that a module is in."""
    found = None if TEXT.match(module) else LAYER.match(module)
    return int(found[1]) if found else None


def span(group: str) -> tuple[int, int]:
    """First and last layer of a range such as "0-7"."""
    low, _, high = group.partition("-")
    return int(low), int(high or low)


def checked_weight(weight: Any, where: str = "") -> float:
    """`weight` as a float. Raises AdapterError unless it is a number from -2 to 2."""
    place = f" in {where}" if where else ""
    if not _is_number(weight):
        raise AdapterError(f"its strength{place} is {_said(weight)}; a strength is a number, usually 0 to 1")
    if not WEIGHTS[0] <= weight <= WEIGHTS[1]:
        low, high = WEIGHTS
        raise AdapterError(f"its strength{place} is {_said(weight)}; choose one from {low:g} to {high:g}")
    return float(weight)


def _is_number(value: Any) -> bool:
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    return isinstance(value, int) or math.isfinite(value)  # which cannot take an integer beyond a float


def _group(name: Any) -> str:
    known = isinstance(name, str) and (name in named_groups() or RANGE.fullmatch(name))
    if not known or (name not in named_groups() and span(name)[0] > span(name)[1]):
        raise AdapterError(
            f"block group {_said(name)} is not known; use {', '.join(named_groups())}, or layers such as "
            "'0-7'"
        )
    return str(name)


def _check_apart(stated: list[str]) -> None:
    ranges = sorted((span(group), group) for group in stated if group not in named_groups())
    for (first, one), (second, other) in pairwise(ranges):
        if second[0] <= first[1]:
            raise AdapterError(f"the layers {one} and {other} overlap; give each layer one strength")


def _has(names: list[str]) -> str:
    found = [group for group in named_groups() if any(is_in(name, group) for name in names)]
    layers = [layer for name in names if (layer := layer_of(name)) is not None]
    if layers:
        found.append(f"layers {min(layers)} to {max(layers)}")
    return ", ".join(found) or "no such groups"


def _said(value: Any) -> str:
    return repr(value)[:40]
