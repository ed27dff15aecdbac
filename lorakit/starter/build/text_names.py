"""Names, facts and audiences that no list foresees, for the starter text base.

A name that is put together from a few hundred syllables is soon known by its parts; what a person types is
not. So half of the briefs draw theirs from here: letters in any order, words cut and glued, capitals and
digits in any place, accents, firms with an `&`, four words and more. All that is left to learn about these is
to copy.
"""

import string
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from lorakit.starter.build import text_words as words

Item = TypeVar("Item")

ACCENTED = {
    "a": "áàâäãåæā", "c": "çčć", "d": "đð", "e": "éèêëēę", "g": "ğ", "i": "íìîïī", "l": "ł", "n": "ñńň",
    "o": "óòôöõøœō",
    "s": "šśß", "u": "úùûüū", "y": "ýÿ", "z": "žźż",
}  # fmt: skip
KIN = ("Sons", "Daughters", "Co", "Brothers", "Sisters", "Söhne", "Partners", "Company", "Friends", "Family")
GRADES = (
    "Pro",
    "Max",
    "Mini",
    "XL",
    "XT",
    "Plus",
    "Lite",
    "S",
    "SE",
    "One",
    "Go",
    "Air",
    "II",
    "Junior",
    "HD",
)
TITLES = (
    "The",
    "Mr",
    "Dr",
    "Saint",
    "Café",
    "Casa",
    "Maison",
    "Villa",
    "Studio",
    "Old",
    "Little",
    "Big",
    "My",
)


def word(random: np.random.Generator) -> str:
    """One word of a name, of any making."""
    return pick((_letters, _blend, _blend, _plain, _plain, _camel, _code, _accented, _shouted), random)(
        random
    )


def name(noun: str, random: np.random.Generator) -> str:
    """A product's name, as people write them; `noun` is what the product is, and may be left out."""
    if random.random() < 0.5:
        noun = _any_noun(random)
    one, two, three = word(random), word(random), word(random)
    number, grade, title = int(random.integers(1, 10_000)), pick(GRADES, random), pick(TITLES, random)
    frames = (
        f"{one} {noun}", f"{one} {noun}", f"{one} {two}", f"{one} {two} {noun}", f"{one} & {two} {noun}",
        f"{one} & {pick(KIN, random)} {noun}", f"{one} and {pick(KIN, random)} {noun}", f"{one} & {two}",
        f"{one} and {two} {noun}", f"{one}'s {noun}", f"{one}’s {noun}", f"{one}® {noun}",
        f"{title} {one} {noun}", f"{title} {one}'s {noun}",
        f"{one} {two} {three} {noun}", f"{one}-{two} {noun}", f"{one} {number} {noun}",
        f"{one} {noun} {number}",
        f"{one} {grade} {noun}", f"{one} {noun} {grade}", f"{noun} {one}", f"{noun.title()} by {one}",
        f"{one} No. {number % 100}", f"{one}+ {noun}", f"{one} {_code(random)} {noun}",
        f"{one} of {two} {noun}",
        f"{one} {number % 10}.{number % 7} {noun}", f"{one} × {two} {noun}", f"{one} {two} & {three}", one,
    )  # fmt: skip
    return pick(frames, random)


def fact(random: np.random.Generator) -> str:
    """A fact of any wording, with or without sense."""
    if random.random() < 0.3:
        count = int(random.integers(2, 7))
        return " ".join(
            pick((_plain_small, _plain_small, _plain_small, word), random)(random) for _ in range(count)
        )
    one, two, three = (_plain_small(random) for _ in range(3))
    low, number, unit = int(random.integers(1, 60)), int(random.integers(2, 2000)), pick(words.UNITS, random)
    verb, link, hour = pick(words.VERBS, random), pick(words.LINKS, random), pick(words.NUMBERS, random)
    frames = (
        f"{verb} {link} the {one}", f"{verb} {link} {one} {two}", f"{verb} for {hour} {unit}",
        f"{verb} {hour} {one}",
        f"{verb} at {hour} {link} the {one}", f"{verb} at {number} degrees", f"{verb} {number} {unit}",
        f"{verb} by {word(random)}", f"from {word(random)}", f"{link} {word(random)} {one}",
        f"with {one} {two}",
        f"in sizes {low} to {low + number % 40}", f"{number} {unit} of {one}", f"{low}.{number % 10} {unit}",
        f"{one} {link} {two}", f"with a {one} {two} {link} {three}", f"{hour} {one} {link} {two}",
        f"no {one} {two}",
        f"{one}, {two} and {three}", f"{word(random)} {one}", f"{number} × {low} {unit}", f"only {low} €",
        f"not {verb} {link} {one}", f"for {one} and {two}", f"{one}-{two} {three}", f"{low} % {one}",
        f"the {one} {verb} {link} your {two}", f"{hour} {unit} {link} {one}", f"made {link} {word(random)}",
    )  # fmt: skip
    return pick(frames, random)


def audience(random: np.random.Generator) -> str:
    """People, named in a way that no list foresees."""
    one, two = _plain_small(random), _plain_small(random)
    frames = (
        f"{one} lovers", f"people who {pick(words.VERBS, random)} {one}", f"fans of {word(random)}",
        f"{one} {two}",
        f"people over {int(random.integers(20, 90))}", f"{one} and {two} people", f"{one} owners",
    )  # fmt: skip
    return pick(frames, random)


def pick(options: Sequence[Item], random: np.random.Generator) -> Item:
    return options[int(random.integers(len(options)))]


def _letters(random: np.random.Generator) -> str:
    """Letters in any order: nothing in them can be foreseen."""
    made = "".join(pick(string.ascii_lowercase, random) for _ in range(random.integers(2, 10)))
    return _cased(made, random)


def _blend(random: np.random.Generator) -> str:
    """Pieces of two or three words, glued."""
    pieces = []
    for _ in range(pick((2, 2, 3), random)):
        source = pick(words.EVERYDAY, random)
        start = int(random.integers(max(1, len(source) - 2)))
        pieces.append(source[start : start + int(random.integers(2, 6))])
    return _cased("".join(pieces), random)


def _plain(random: np.random.Generator) -> str:
    return _cased(pick(words.EVERYDAY, random), random)


def _plain_small(random: np.random.Generator) -> str:
    return pick(words.EVERYDAY, random) if random.random() < 0.85 else _blend(random).lower()


def _camel(random: np.random.Generator) -> str:
    """GreenLeaf, iHome, Go2bed."""
    first, second = _part(random), _part(random)
    frames = (first.title() + second.title(), first.title() + second.title(), f"i{second.title()}",
              f"{first}{random.integers(10)}{second}", f"e-{second}",
              f"{first.title()}4{second.title()}")  # fmt: skip
    return pick(frames, random)


def _code(random: np.random.Generator) -> str:
    """XK-200, T4, 5S: a model's code."""
    letters = "".join(pick(string.ascii_uppercase, random) for _ in range(random.integers(1, 4)))
    digits = str(int(random.integers(10 ** int(random.integers(1, 5)))))
    return pick(
        (f"{letters}-{digits}", f"{letters}{digits}", f"{digits}{letters}", f"{letters} {digits}"), random
    )


def _accented(random: np.random.Generator) -> str:
    made = [
        pick(ACCENTED[letter], random) if letter in ACCENTED and random.random() < 0.35 else letter
        for letter in _part(random)
    ]
    return _cased("".join(made), random)


def _shouted(random: np.random.Generator) -> str:
    return _part(random).upper()


def _part(random: np.random.Generator) -> str:
    makers: tuple[Callable[[np.random.Generator], str], ...] = (_letters, _blend, _plain, _plain)
    return pick(makers, random)(random).lower()


def _cased(made: str, random: np.random.Generator) -> str:
    style = random.random()
    return made.upper() if style < 0.06 else made.lower() if style < 0.25 else made[:1].upper() + made[1:]


def _any_noun(random: np.random.Generator) -> str:
    one, two = _plain_small(random), _plain_small(random)
    return pick((one, f"{one} {two}", f"{one} {two}", f"{one}-{two}", f"{one}{two}"), random)
