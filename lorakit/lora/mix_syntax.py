"""What a mix may be, before any adapter of it is opened: the rules that the page, jobs and terminal share.

In a terminal or a table a mix is written as words, one for each adapter:
`bottle=0.9 riso=0.6@40-100/double:0.2,single:0.8`. After the strength, `@` says during which steps of the
sampling it is active, in percent, and `/` gives groups of blocks a strength of their own.
"""

from collections.abc import Callable, Iterable
from typing import Any

from lorakit.errors import AdapterError, RecipeError, all_of
from lorakit.lora.strength import Strength

MOST_ADAPTERS = 64  # in one mix
WORD = "ADAPTER[=STRENGTH...]"
EXPLAINED = (
    "such as bottle=0.9 riso=0.6@40-100/double:0.2,single:0.8; strength: from -2 to 2 (default: 1); "
    "@40-100: active only from 40% to 100% of the steps; /double:0.2,single:0.8: a different strength in "
    "these blocks (FLUX: double, single; SD and SDXL: down, mid, up; a text encoder: text; a language "
    "model: layers such as 0-7)"
)


def check_strength(name: str, stated: Any) -> Strength:
    """What a mix says of an adapter: a number, or the JSON form of a Strength. Raises RecipeError naming the
    adapter, unless it is one that can be meant.
    """
    if stated is None or (isinstance(stated, dict) and stated.get("weight", 1.0) is None):
        raise RecipeError(f"mix: {name}: its strength is missing; give a number, usually 0 to 1")
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
            f"{name} is active for only part of the steps, which a combined adapter can't store; set it to "
            "all steps, or keep the mix"
        )
    raise RecipeError(f"{name}: only images are generated in steps; remove its range of steps (@)")


def read_mix(words: Iterable[str], tell: Callable[[str], Any] = print) -> dict[str, Strength]:
    """The adapters of a mix written as words, with their strengths; `tell` hears of one that is named twice.

    Raises RecipeError naming every word that cannot be meant, with the piece that is wrong.
    """
    mix: dict[str, Strength] = {}
    problems = []
    for word in words:
        name, _, written = word.partition("=")
        try:
            strength = read_strength(word, written)
            if name in mix:
                strength = added(name, mix[name], strength)
                tell(f"{name} is named twice: its strengths add up to {strength}")
        except RecipeError as error:
            problems.append(str(error))
        else:
            mix[name] = strength
    if problems:
        raise RecipeError(all_of("mix", problems))
    return mix


def read_strength(word: str, written: str) -> Strength:
    """`written` = "0.6@40-100/double:0.2,single:0.8", each part but the first optional, as a Strength.

    Raises RecipeError that begins with `word`, which it is a part of.
    """
    name = word.partition("=")[0]
    if not name:
        raise RecipeError(f"{word}: no adapter is named before the =; write it as riso=0.8")
    head, slash, blocks = written.partition("/")
    weight, at, part = head.partition("@")
    stated: dict[str, Any] = {}
    if weight:
        stated["weight"] = _number(word, weight, f"{name}=0.8", "the strength")
    if at:
        low, dash, high = part.partition("-")
        if not dash:
            raise RecipeError(f"{word}: {at + part!r} is not a valid range of steps; write {name}=0.8@40-100")
        ends = [_number(word, end, f"{name}=0.8@40-100", "the range of steps") for end in (low, high)]
        stated |= {"start": ends[0] / 100, "end": ends[1] / 100}
        if not 0 <= ends[0] < ends[1] <= 100:
            raise RecipeError(f"{word}: {at + part!r} must go up, from 0 to 100% of the steps")
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
            raise RecipeError(
                f"{word}: {piece!r} is not a group of blocks with its strength; write {example}"
            )
        if group in found:
            raise RecipeError(f"{word}: {group!r} has two strengths; give it one")
        found[group] = _number(word, weight, example, f"the strength of {group!r}")
    if not found:
        raise RecipeError(f"{word}: no group of blocks after the /; write {example}")
    return found


def added(name: str, one: Strength, other: Strength) -> Strength:
    """An adapter that is in a mix twice: the sum of its strengths. Raises RecipeError naming it when they are
    active during different steps, or the sum is beyond what a strength may be.
    """
    if (one.start, one.end) != (other.start, other.end):
        raise RecipeError(f"{name} is named twice, active during different steps; name it once")
    groups = {group for strength in (one, other) for group, _ in strength.groups}
    blocks = {group: _in(one, group) + _in(other, group) for group in groups}
    try:
        return Strength(one.weight + other.weight, blocks, one.start, one.end)
    except AdapterError as error:
        raise RecipeError(f"{name} is named twice, and its strengths add up: {error}") from None


def _in(strength: Strength, group: str) -> float:
    return dict(strength.groups).get(group, strength.weight)


def _number(word: str, text: str, example: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise RecipeError(f"{word}: {what} {text!r} is not a number; write {example}") from None
