"""The product's name in a text: a sure slip of its spelling is mended, what may be another name stays.

A slip is one letter too few, too many or exchanged with its neighbour within a word, or a wrong space, hyphen
or accent. Digits are never touched, nor a word that a base or the brief knows. Not covered: a name whose
letters were replaced by others, as that is how other products are called.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from difflib import SequenceMatcher

from lorakit.generation.copy.known_names import KNOWN

NEAR = 0.75  # share of letters in common, in order, above which words may be meant as the name
LIKE = 0.85  # the same for words of another number than the name's
SHORTEST = 5  # letters; of shorter words one letter makes another word
WORD = re.compile(r"[\w&'’+.-]*[\w+]")


def respelled(text: str, name: str, known: Callable[[str], bool] = lambda word: False) -> str:
    """`text` with slips in the spelling of `name` mended; unchanged when it has the name.

    `known(word)` says that a word is one of its own. Capitalised words only: others are meant as words.
    """
    if not name or name.lower() in text.lower():
        return text
    slips = [found for found in _near(text, name) if _is_slip(found, name, known)]
    best = max(slips, key=lambda found: _alike(found, name), default="")
    return re.sub(rf"(?<!\w){re.escape(best)}(?!\w)", lambda match: name, text) if best else text


def strangers(text: str, name: str, brief: str) -> list[str]:
    """Names in `text` that are nearly `name`, and neither it nor in the brief: another product, perhaps."""
    lowered, found = brief.lower(), list[str]()
    for other in sorted(set(_near(text, name)), key=lambda other: (-_alike(other, name), other)):
        if other.lower() not in lowered and not _same(other, name) and _is_like(other, name):
            found += [other] if not any(other in better or better in other for better in found) else []
    return found


def _near(text: str, name: str) -> Iterator[str]:
    words = list(WORD.finditer(text))
    for length in sorted({len(name.split()) + extra for extra in (-1, 0, 1)} - {0}):
        for first, last in zip(words, words[length - 1 :], strict=False):
            found = text[first.start() : last.end()]
            if (
                any(c.isupper() for c in found.split()[0])
                and not re.search(r"[\n:;!?]", found)
                and _alike(found, name) > NEAR
            ):
                yield found


def _alike(found: str, name: str) -> float:
    return SequenceMatcher(None, found.lower(), name.lower(), autojunk=False).ratio()


def _is_like(found: str, name: str) -> bool:
    """Is every word that differs like the one in its place, or a number or letter where the name has one?

    "Galaxy S23" is like "Galaxy S24"; the start of a name before another sentence is not.
    """
    was, right = found.split(), name.split()
    if len(was) != len(right):
        return _alike(found, name) > LIKE
    return all(
        _alike(a, b) > 0.4
        or (len(a) == len(b) == 1)
        or (any(map(str.isdigit, a)) and any(map(str.isdigit, b)))
        for a, b in zip(was, right, strict=True)
    )


def _same(found: str, name: str) -> bool:
    """The name itself, with more words around it or with an ending: "Nordals Teekanne"."""
    bare, whole = found.lower(), name.lower()
    pairs = list(zip(bare.split(), whole.split(), strict=False))
    ended = all(
        was == right or re.fullmatch(rf"{re.escape(right)}['’]?(?:s|es|n|en)", was) for was, right in pairs
    )
    return whole in bare or bare in whole or (ended and len(bare.split()) == len(whole.split()))


def _is_slip(found: str, name: str, known: Callable[[str], bool]) -> bool:
    if re.findall(r"\d+", found) != re.findall(r"\d+", name):
        return False
    if _folded(found) == _folded(name):
        return True
    pairs = list(zip(found.split(), name.split(), strict=False))
    if len(found.split()) != len(name.split()):
        return False
    wrong = [(was, right) for was, right in pairs if _folded(was) != _folded(right)]
    # Of several words the others must be right, and of a name of one word more of it.
    shortest = SHORTEST if len(pairs) > 1 else SHORTEST + 2
    return len(wrong) == 1 and all(
        len(right) >= shortest
        and was.lower() not in KNOWN
        and not known(was)
        and _one_slip(was.lower(), right.lower())
        for was, right in wrong
    )


def _one_slip(was: str, right: str) -> bool:
    """One letter missing, doubled, added or exchanged with its neighbour, within the word."""
    if not was or was[0] != right[0] or was[-1] != right[-1] or any(c.isdigit() for c in was + right):
        return False
    if len(was) == len(right):
        at = [i for i, (a, b) in enumerate(zip(was, right, strict=True)) if a != b]
        return (
            len(at) == 2 and at[1] == at[0] + 1 and was[at[0]] == right[at[1]] and was[at[1]] == right[at[0]]
        )
    short, long = sorted((was, right), key=len)
    return len(long) - len(short) == 1 and any(long[:i] + long[i + 1 :] == short for i in range(len(long)))


def _folded(text: str) -> str:
    """Letters and digits alone, without case and accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if c.isalnum())
