"""Where a text that is too long is cut: after a sentence, or where a phrase ends, in whole characters.

Not covered: ends of phrases that neither punctuation nor a small word marks, as of adjectives before a noun.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import regex

from lorakit.generation.copy.phrases import ABBREVIATIONS, DANGLING_ENDS, LANGUAGES, WHOLE_ENDS

ENOUGH = 0.5  # of what would fit: a sentence that keeps less is passed over for a later end of a phrase
LITTLE = 0.4  # a cut that keeps less says so
LEAST = 0.2  # below, the end of a phrase is no better than any word
SENTENCE_END = re.compile(r"[.!?…]+[\"'”’»)\]]*(?=\s|$)|[。！？]+[」』”）]*")
PUNCTUATION = re.compile(r"[,;:!?…、，；：。！？)\]”»」』）】–—|•]$")
SPACELESS = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_KINDS = (
    ("kana", r"[\u3041-\u309f]"),
    ("katakana", r"[\u30a0-\u30ff]"),
    ("han", r"[\u3400-\u9fff\uf900-\ufaff々]"),
    ("letters", r"[A-Za-z0-9À-ɏ]"),
)
_PAIRS = {"(": ")", "[": "]", "{": "}", "（": "）", "「": "」", "『": "』", "【": "】", "《": "》"}
_QUOTES = {"“": "”", "„": "“”", "«": "»", "»": "«", "‹": "›", "›": "‹", '"': '"'}
_TRAILING = " \t\n,;:、，；：·|/&+•-–—\u2010\u2011\u200d\u200b"


@dataclass(frozen=True)
class Cut:
    """What is left of a text. `whole`: it ends where a phrase does; `little`: far less than had room."""

    text: str
    whole: bool = True
    little: bool = False


def cut(text: str, fits: Callable[[str], bool]) -> Cut:
    """The longest start of `text` that `fits` and ends well."""
    head = _head(text, fits)
    if head == text:
        return Cut(text)
    script = _Script(text)
    sentence = _last(script.sentence_ends(), len(head), lambda at: _open_place(text[:at]) < 0)
    if sentence >= ENOUGH * len(head):
        return Cut(text[:sentence])
    place = max(sentence, _last(script.phrase_ends(), len(head), script.may_end))
    if place >= LEAST * len(head):
        best = _trimmed(text[:place])
        return Cut(best, little=len(best) < LITTLE * len(head))
    best = _trimmed(text[: _last(script.word_ends(), len(head), script.may_end)])
    return Cut(best or head.rstrip(_TRAILING) or head, whole=False)


def dangles(text: str) -> bool:
    """Does `text` end with a word, a sign or an open quote that belongs to what would follow?"""
    bare = text.rstrip()
    return bool(bare) and not _Script(bare).may_end(len(bare))


def _last(places: Iterable[int], most: int, good: Callable[[int], bool]) -> int:
    """The last of the places up to `most` that is good; 0 when none is."""
    known = sorted({at for at in places if 0 < at <= most}, reverse=True)
    return next((at for at in known if good(at)), 0)


def _head(text: str, fits: Callable[[str], bool]) -> str:
    """As much of `text` as fits, in whole graphemes: no half of a flag, a family or an accented letter."""
    places = [0, *(match.end() for match in regex.finditer(r"\X", text))]
    low, high = 0, len(places) - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[: places[middle]]) else (low, middle - 1)
    while low and not fits(text[: places[low]]):  # a count need not grow with every character
        low -= 1
    return text[: places[low]]


class _Script:
    """Where words, phrases and sentences of one text end, by its language and script."""

    def __init__(self, text: str) -> None:
        self.text = text
        letters = [c for c in text if c.isalpha()]
        self.spaceless = sum(bool(re.match(f"[{SPACELESS}]", c)) for c in letters) > 0.3 * len(letters)
        self.openers, self.dangling = _small_words(text)

    def sentence_ends(self) -> Iterator[int]:
        for match in SENTENCE_END.finditer(self.text):
            word = re.search(r"[^\W_]*\Z", self.text[max(0, match.start() - 20) : match.start()])
            last = word[0].lower() if word else ""
            if match[0][0] != "." or not (last in ABBREVIATIONS or (len(last) == 1 and last.isalpha())):
                yield match.end()

    def word_ends(self) -> Iterator[int]:
        if self.spaceless:
            return self._spaceless_ends()
        return (match.end() for match in re.finditer(r"\S+", self.text))

    def phrase_ends(self) -> Iterator[int]:
        if self.spaceless:
            yield from self._spaceless_ends()
            return
        for last, following in pairwise(re.finditer(r"\S+", self.text)):
            if (
                PUNCTUATION.search(last[0])
                or re.match(r"[(\[„“«「#@–—|•/]|-(?!\w)", following[0])
                or "\n" in self.text[last.end() : following.start()]
                or _bare(following[0]) in self.openers
            ):
                yield last.end()

    def _spaceless_ends(self) -> Iterator[int]:
        """At punctuation and spaces, and where the script changes behind kana."""
        text = self.text
        for at in range(1, len(text)):
            before, after = text[at - 1], text[at]
            kinds = _kind(before), _kind(after)
            if (
                PUNCTUATION.search(before)
                or (before + after).strip() != before + after
                or after in "、。，！？・（「"
            ):
                yield from (at, len(_without_dangling(text[:at])))
            elif "" not in kinds and kinds[0] != kinds[1] and kinds != ("han", "kana"):
                yield len(_without_dangling(text[:at]))

    def may_end(self, at: int) -> bool:
        """May the text end at this place?"""
        start = self.text[:at].rstrip()
        bare = _trimmed(start)
        if not bare or re.search(r"\w[-\u2010\u2011]$", start) or _open_place(start) >= 0:
            return False
        if self.spaceless:
            return bare == _without_dangling(bare)
        last = bare.split()[-1]
        following = re.match(r"\s+(\S+)", self.text[at:])
        number = re.fullmatch(r"[\d.,]*\d|[€$£¥#]", last) and not PUNCTUATION.search(start)
        if number and following and _bare(following[1]) not in self.openers:
            return False  # its unit would be lost
        return _bare(last) not in self.dangling


def _trimmed(text: str) -> str:
    return text.rstrip(_TRAILING + "([{„「『")


def _without_dangling(text: str) -> str:
    text = _trimmed(text)
    while not text.endswith(WHOLE_ENDS):
        end = next((end for end in DANGLING_ENDS if text.endswith(end)), "")
        if not end:
            break
        text = _trimmed(text[: -len(end)])
    return text


def _open_place(text: str) -> int:
    """Where a bracket or quotation mark opens that is not closed again, or -1."""
    stack: list[tuple[str, int]] = []
    for at, sign in enumerate(text):
        closers = _PAIRS.get(stack[-1][0], "") or _QUOTES.get(stack[-1][0], "") if stack else ""
        if closers and sign in closers:
            stack.pop()
        elif sign in _PAIRS or (sign in _QUOTES and not _is_inch(text, at)):
            stack.append((sign, at))
    return stack[0][1] if stack else -1


def _is_inch(text: str, at: int) -> bool:
    """A straight mark behind a digit is inches; “ and » without an opener only close."""
    return text[at] == '"' and at > 0 and text[at - 1].isdigit() and text.count('"', 0, at) % 2 == 0


def _small_words(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """What begins a phrase and what never ends one, in the language that most small words of `text` are of.

    Where several languages may be meant, a phrase begins where all agree, and ends where none objects.
    """
    found = [_bare(word) for word in text.split()]
    hits = {
        code: sum(word in row.openers or word in row.bound for word in found)
        for code, row in LANGUAGES.items()
    }
    most = max(hits.values())
    rows = [row for code, row in LANGUAGES.items() if hits[code] == most]
    openers = frozenset.intersection(*(row.openers for row in rows))
    return openers, frozenset().union(*(row.openers | row.bound for row in rows))


def _bare(word: str) -> str:
    return word.strip('.,;:!?…"“”„«»()[]*_').replace("’", "'").lower() or word


def _kind(sign: str) -> str:
    return next((name for name, pattern in _KINDS if re.match(pattern, sign)), "")
