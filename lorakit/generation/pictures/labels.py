"""What the mixes of a campaign are called: by what differs among them, and nothing else. No torch here."""

from collections.abc import Mapping, Sequence
from typing import Any

from lorakit.errors import AdapterError
from lorakit.lora.strength import FIELDS, Strength


def labels(mixes: Sequence[Mapping[str, Any]]) -> list[str]:
    """A name for each of `mixes` = {adapter name: number, Strength or its JSON form}, in their order.

    An adapter that is the same in all of them is left out; one that a mix lacks is named in its stead.
    """
    mixes = [{name: _strength(stated) for name, stated in mix.items()} for mix in mixes]
    names = list(dict.fromkeys(name for mix in mixes for name in mix))
    differing = [name for name in names if len({strength_words(mix.get(name)) for mix in mixes}) > 1] or names
    return [_label(mix, differing) for mix in mixes]


def _label(mix: Mapping[str, Any], names: Sequence[str]) -> str:
    if not any(mix.values()):
        return "base model only"
    here = [f"{name} {strength_words(mix[name])}" for name in names if name in mix]
    return " + ".join(here) or " and ".join(f"without {name}" for name in names)


def _strength(stated: Any) -> Any:
    """As a Strength; what cannot be one stays as it is, for whoever runs the mix to refuse."""
    try:
        return Strength.from_dict(stated)
    except AdapterError:
        return stated


def strength_words(strength: Any) -> str:
    """A strength in words; empty for none."""
    return "" if strength is None else str(_strength(strength))


def strength_in(row: Mapping[str, Any]) -> float | Strength:
    """The strength that a record's row of an adapter states beside its name."""
    stated = {field: row[field] for field in FIELDS if field in row}
    return Strength(**stated) if len(stated) > 1 else row["weight"]


def of_rows(mixes: Sequence[Sequence[Mapping[str, Any]]]) -> list[str]:
    """The labels of a plan's mixes, whose adapters are rows with a name and a strength."""
    return labels([{str(row["name"]): strength_in(row) for row in rows} for rows in mixes])
