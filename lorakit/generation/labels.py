"""What the mixes of a campaign are called: by what differs among them, and nothing else. No torch here."""

from collections.abc import Mapping, Sequence
from typing import Any


def labels(mixes: Sequence[Mapping[str, Any]]) -> list[str]:
    """A name for each of `mixes` = {adapter name: weight}, in their order.

    An adapter that is the same in all of them is left out; one that a mix lacks is named in its stead.
    """
    names = list(dict.fromkeys(name for mix in mixes for name in mix))
    differing = [name for name in names if len({said(mix.get(name)) for mix in mixes}) > 1] or names
    return [_label(mix, differing) for mix in mixes]


def _label(mix: Mapping[str, Any], names: Sequence[str]) -> str:
    if not any(mix.values()):
        return "base alone"
    here = [f"{name} {said(mix[name])}" for name in names if name in mix]
    return " + ".join(here) or " and ".join(f"without {name}" for name in names)


def said(weight: float | None) -> str:
    """A weight in words; empty for none."""
    return "" if weight is None else f"{weight:g}"


def of_rows(mixes: Sequence[Sequence[Mapping[str, Any]]]) -> list[str]:
    """The labels of a plan's mixes, whose adapters are rows with "name" and "weight"."""
    return labels([{str(row["name"]): row["weight"] for row in rows} for rows in mixes])
