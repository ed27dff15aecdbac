"""What a mix may be, before any adapter of it is opened: the rules that the page, jobs and terminal share.

In a terminal or a table a mix is written as words, one for each adapter:
`bottle=0.9 riso=0.6@40-100/double:0.2,single:0.8`. After the weight, `@` says in which part of the sampling
it acts, in percent, and `/` gives groups of blocks a weight of their own.
"""

from collections.abc import Callable, Iterable
from typing import Any

from lorakit.errors import AdapterError, RecipeError
from lorakit.lora.strength import Strength

MOST_ADAPTERS = 64  # in one mix
METHODS = ("concat", "svd", "ties", "dare", "project")  # of lorakit.lora.combine, which needs torch
WORD = "ADAPTER[=WEIGHT...]"
EXPLAINED = (
    "such as bottle=0.9 riso=0.6@40-100/double:0.2,single:0.8; weight: from -2 to 2 (default 1); @40-100: "
    "acts in that part of the sampling only, in percent; /double:0.2,single:0.8: another weight in these "
    "blocks (FLUX: double, single; SD and SDXL: down, mid, up; a text encoder: text; a language model: "
    "layers such as 0-7)"
)


def check_strength(name: str, stated: Any) -> Strength:
    """What a mix says of an adapter: a number, or the JSON form of a Strength. Raises RecipeError naming the
    adapter, unless it is one that can be meant.
    """
    if stated is None or (isinstance(stated, dict) and stated.get("weight", 1.0) is None):
        raise RecipeError(f"mix: {name}: its weight is missing; give a number, usually 0 to 1")
    try:
        return Strength.from_dict(stated)
    except AdapterError as error:
        raise RecipeError(f"mix: {name}: {error}") from None


def check_whole(name: str, strength: Strength, combined: bool = False) -> None:
    """Raise RecipeError naming the adapter when it acts in a part of the sampling, where there is none, or
    where it would be forgotten because it is `combined` into one.
    """
    if strength.whole:
        return
    if combined:
        raise RecipeError(
            f"{name}: acts in a part of the sampling only, which one adapter cannot; let it act on the whole "
            "picture, or mix it live"
        )
    raise RecipeError(f"{name}: only pictures have a part of the sampling; leave it out here")


def read_mix(words: Iterable[str], tell: Callable[[str], Any] = print) -> dict[str, Strength]:
    """The adapters of a mix written as words, with their strengths; `tell` hears of one that is named twice.

    Raises RecipeError naming the word and its piece that cannot be meant.
    """
    mix: dict[str, Strength] = {}
    for word in words:
        name, _, written = word.partition("=")
        if not name:
            raise RecipeError(f"{word}: names no adapter before the =; write it as riso=0.8")
        strength = read_strength(word, written)
        if name in mix:
            strength = added(name, mix[name], strength)
            tell(f"{name} is named twice: its weights add up to {strength}")
        mix[name] = strength
    return mix


def read_strength(word: str, written: str) -> Strength:
    """`written` = "0.6@40-100/double:0.2,single:0.8", each part but the first optional, as a Strength.

    Raises RecipeError that begins with `word`, which it is a part of.
    """
    name = word.partition("=")[0]
    head, slash, blocks = written.partition("/")
    weight, at, part = head.partition("@")
    stated: dict[str, Any] = {"weight": _number(word, weight, f"{name}=0.8", "the weight") if weight else 1.0}
    if at:
        low, dash, high = part.partition("-")
        if not dash:
            raise RecipeError(f"{word}: {at + part!r} is no part of the sampling; write {name}=0.8@40-100")
        ends = [_number(word, end, f"{name}=0.8@40-100", "the part of the sampling") for end in (low, high)]
        stated |= {"start": ends[0] / 100, "end": ends[1] / 100}
        if not 0 <= ends[0] < ends[1] <= 100:
            raise RecipeError(f"{word}: {at + part!r} must go up, from 0 to 100 percent of the sampling")
    if slash:
        stated["blocks"] = read_blocks(word, blocks, f"{name}=0.8/double:0.2,single:0.8")
    try:
        return Strength(**stated)
    except AdapterError as error:
        raise RecipeError(f"{word}: {error}") from None


def read_blocks(word: str, written: str, example: str) -> dict[str, float]:
    """`written` = "double:0.2,single:0.8" as a table. Raises RecipeError that begins with `word`."""
    found: dict[str, float] = {}
    for piece in filter(None, (piece.strip() for piece in written.split(","))):
        group, colon, weight = (part.strip() for part in piece.partition(":"))
        if not colon or not group:
            raise RecipeError(f"{word}: {piece!r} is no group of blocks with its weight; write {example}")
        if group in found:
            raise RecipeError(f"{word}: {group!r} has two weights; give it one")
        found[group] = _number(word, weight, example, f"the weight of {group!r}")
    if not found:
        raise RecipeError(f"{word}: no group of blocks is named after the /; write {example}")
    return found


def added(name: str, one: Strength, other: Strength) -> Strength:
    """An adapter that is in a mix twice: the sum of its weights. Raises RecipeError naming it when its parts
    of the sampling differ, or the sum is beyond what a weight may be.
    """
    if (one.start, one.end) != (other.start, other.end):
        raise RecipeError(f"{name} is named twice, in different parts of the sampling; name it once")
    groups = {group for strength in (one, other) for group, _ in strength.groups}
    blocks = {group: _in(one, group) + _in(other, group) for group in groups}
    try:
        return Strength(one.weight + other.weight, blocks, one.start, one.end)
    except AdapterError as error:
        raise RecipeError(f"{name} is named twice, and its weights add up: {error}") from None


def _in(strength: Strength, group: str) -> float:
    return dict(strength.groups).get(group, strength.weight)


def _number(word: str, text: str, example: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise RecipeError(f"{word}: {what} {text!r} is not a number; write {example}") from None
