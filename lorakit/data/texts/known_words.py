"""How much of a text set a small base can spell: its vocabulary holds the words it was trained on whole, and
writes others in pieces, which it puts together wrongly.

Measured on the starter base: docs/gates.md. Not covered: bases with a vocabulary of many languages, for which
the number of pieces says nothing.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from lorakit.data.findings import Finding

WORD = re.compile(r"[^\W\d_]+")
MOST_UNKNOWN = 0.35  # share of words; assumption, between the two sets measured
FEWEST = 20  # words that a share is told from


class HasText(Protocol):
    """What is needed of a text."""

    @property
    def instruction(self) -> str: ...
    @property
    def answer(self) -> str: ...


def unknown(texts: Iterable[HasText], tokenizer_file: Path) -> tuple[float, int, list[str]]:
    """The share of words that the vocabulary of a tokenizer.json has not whole, how many words there are, and
    the most frequent of the unknown. Words that the brief gives do not count: those are copied.
    """
    words: Counter[str] = Counter()
    for text in texts:
        given = {word.lower() for word in WORD.findall(text.instruction)}
        words.update(word for word in WORD.findall(text.answer) if word.lower() not in given)
    vocabulary = _tokenizer(tokenizer_file)
    strange = Counter(
        {word: n for word, n in words.items() if not any(_whole(vocabulary, w) for w in {word, word.lower()})}
    )
    return (
        strange.total() / max(1, words.total()),
        words.total(),
        [word for word, _ in strange.most_common(5)],
    )


def findings(texts: Iterable[HasText], tokenizer_file: Path) -> list[Finding]:
    """What to say of a set whose words the base mostly does not know; nothing of any other."""
    share, count, examples = unknown(texts, tokenizer_file)
    if count < FEWEST or share <= MOST_UNKNOWN:
        return []
    named = ", ".join(examples)
    what = f"{share:.0%} of the words are unknown to the starter model, which will misspell them ({named})"
    advice = "choose a real base model for these texts; the starter only shows how training works"
    return [Finding("", "unknown-words", "warn", what, advice)]


def _whole(tokenizer: Any, word: str) -> bool:
    return len(tokenizer.encode(word, add_special_tokens=False).ids) == 1


@cache
def _tokenizer(file: Path) -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(file))
