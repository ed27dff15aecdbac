"""Copy in a brand's voice: the brief, and variants of a text that keep their channel's limit.

Not covered: languages that the base does not know.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from lorakit.data.texts import plain
from lorakit.errors import DataError
from lorakit.generation.brief import Brief
from lorakit.generation.channels import CHANNELS, Channel, channel, count, is_over, limit_of, shortened

if TYPE_CHECKING:
    from lorakit.families import Base
    from lorakit.lora.adapter import Adapter

__all__ = [
    "CHANNELS",
    "Brief",
    "Channel",
    "Copy",
    "channel",
    "count",
    "limit_of",
    "shortened",
    "write_batch",
    "write_copy",
]

TRIES = 3  # a variant that is over its limit, empty or a repetition is written anew this often
MOST_VARIANTS = 20
MOST_TOKENS = 400
TOP_P = 0.92
NEAR = 0.75  # share of letters in common, in order, above which words are meant to be the product's name
PLAIN_MARKS = str.maketrans(
    {"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "\u00a0": " "}
)
THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)


@dataclass(frozen=True)
class Copy:
    """One variant. `fits` is False for an empty text only; `note` says what was done to keep the limit."""

    text: str
    characters: int
    limit: int
    fits: bool
    note: str = ""


@dataclass(frozen=True)
class _Row:
    """One text to write: for which brief, in which mix, from which seed."""

    mix: "Mapping[Adapter, Any]"
    brief: Brief
    seed: int
    of: int  # the brief's place in the batch

    @property
    def channel(self) -> Channel:
        return channel(self.brief.channel)


class _Stopped(Exception):
    """The person does not want the rest."""


def write_copy(
    base: "Base",
    mix: "Mapping[Adapter, Any]",
    brief: Brief,
    variants: int = 3,
    seed: int = 0,
    on_text: Callable[[int, str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    temperature: float = 0.7,
) -> list[Copy]:
    """Write `variants` texts for `brief` with the adapters of `mix` (empty: the base alone).

    `on_text(variant, piece)` streams the first try of each. A text over the channel's limit is written anew,
    then shortened, and its note says so; one that repeats another, or on a starter base lacks the product's
    name, is written anew too. Once `should_stop()` says so, what there is comes back.
    Raises DataError for a number of variants outside 1..20.
    """
    return write_batch(base, [(mix, brief)], variants, seed, on_text, should_stop, temperature)[0]


def write_batch(
    base: "Base",
    briefs: "Sequence[tuple[Mapping[Adapter, Any], Brief]]",
    variants: int = 1,
    seed: int = 0,
    on_text: Callable[[int, str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    temperature: float = 0.7,
) -> list[list[Copy]]:
    """`write_copy` for many briefs at once, each in a mix of its own: all texts grow side by side.

    A brief's texts are those it has alone. `on_text(row, piece)` counts all texts, brief by brief.
    """
    if not 1 <= variants <= MOST_VARIANTS:
        raise DataError(f"variants is {variants}; choose 1 to {MOST_VARIANTS}")
    rows = [
        _Row(mix, brief, seed + number, place)
        for place, (mix, brief) in enumerate(briefs)
        for number in range(variants)
    ]
    told, texts = [""] * len(rows), [""] * len(rows)
    stop = should_stop or (lambda: False)

    def hear(row: int, piece: str) -> None:
        told[row] += piece
        if on_text is not None:
            on_text(row, piece)
        if stop():
            raise _Stopped

    def quietly(row: int, piece: str) -> None:
        if stop():
            raise _Stopped

    def faults(place: int, text: str, before: bool) -> int:
        row = rows[place]
        end = place if before else len(rows)
        others = [texts[i] for i in range(end) if rows[i].of == row.of and i != place]
        nameless = base.settings.demonstration and row.brief.full_name.lower() not in text.lower()
        return 8 * (not text) + 4 * is_over(text, row.channel) + 2 * (text in others) + nameless

    try:
        texts[:] = _generate(base, rows, temperature, hear)
        for attempt in range(1, TRIES):
            weak = [i for i, text in enumerate(texts) if faults(i, text, before=True)]
            if not weak:
                break
            again = [replace(rows[i], seed=rows[i].seed + 1000 * attempt) for i in weak]
            for i, text in zip(weak, _generate(base, again, temperature, quietly), strict=True):
                if faults(i, text, before=False) < faults(i, texts[i], before=True):
                    texts[i] = text
        made = [
            _copy(respelled(t, row.brief.full_name), row.channel) for t, row in zip(texts, rows, strict=True)
        ]
    except _Stopped:
        known = any(texts)
        made = [
            _copy(text, row.channel, "" if known else "stopped")
            for text, row in zip(texts if known else told, rows, strict=True)
        ]
    return [made[first : first + variants] for first in range(0, len(made), variants)]


def respelled(text: str, name: str) -> str:
    """`text` with the capitalised words that nearly spell `name` put right; unchanged when it has the name.

    A small base copies an unusual name with a letter or two wrong, and no brand wants that.
    """
    if name.lower() in text.lower():
        return text
    words = list(re.finditer(r"[\w&'’+.-]*[\w+]", text))
    best, where = NEAR, ""
    for length in {len(name.split()) + extra for extra in (-1, 0, 1)} - {0}:
        for first, last in zip(words, words[length - 1 :], strict=False):
            found = text[first.start() : last.end()]
            alike = SequenceMatcher(None, found.lower(), name.lower()).ratio()
            if found[0].isupper() and "\n" not in found and alike > best:
                best, where = alike, found
    return text.replace(where, name) if where else text


def room(base: "Base", brief: Brief) -> int:
    """Tokens that a text for `brief` may have."""
    return min(MOST_TOKENS, base.settings.max_tokens, max(24, channel(brief.channel).limit))


def _generate(
    base: "Base", rows: Sequence[_Row], temperature: float, on_text: Callable[[int, str], None]
) -> list[str]:
    from lorakit.families import family_of

    messages = [[{"role": "user", "content": _prompt(base, row.brief)}] for row in rows]
    seeds, rooms = [row.seed for row in rows], [room(base, row.brief) for row in rows]
    with _mixed(base, [row.mix for row in rows]):
        texts = family_of(base).generate(base, messages, seeds, rooms, temperature, TOP_P, on_text)
    return [_cleaned(text, row.channel) for text, row in zip(texts, rows, strict=True)]


def _prompt(base: "Base", brief: Brief) -> str:
    prompt = plain(base.tokenizer, brief.prompt())
    if base.settings.demonstration:
        return prompt
    return prompt + f"\nAt most {channel(brief.channel).limit} characters. Answer with the text alone."


def _mixed(base: "Base", mixes: "Sequence[Mapping[Adapter, Any]]") -> AbstractContextManager[Any]:
    """The base with a mix for each row of a batch inside the block."""
    from lorakit.lora.live import applied, applied_rows

    if not any(mixes):
        return nullcontext()
    if all(mix == mixes[0] for mix in mixes):
        return applied(base.model, dict(mixes[0]))
    return applied_rows(base.model, [dict(mix) for mix in mixes])


def _cleaned(text: str, row: Channel) -> str:
    """Without a model's thoughts and the quotes around a whole answer; an SMS keeps to its small alphabet."""
    text = THOUGHTS.sub("", text).strip()
    if row.count == "sms":
        text = text.translate(PLAIN_MARKS)
    if len(text) > 1 and text[0] in '"“' and text[-1] in '"”' and not any(c in '"“”' for c in text[1:-1]):
        text = text[1:-1].strip()
    return text


def _copy(text: str, row: Channel, note: str = "") -> Copy:
    if is_over(text, row):
        short = shortened(text, row)
        note = f"shortened from {count(text, row)} characters"
        return Copy(short, count(short, row), limit_of(short, row), bool(short), note)
    if not text:
        return Copy("", 0, row.limit, False, note or "the base wrote nothing; try another seed or brief")
    if row.shown and count(text, row) > row.shown:
        note = note or f"the first {row.shown} are shown"
    return Copy(text, count(text, row), limit_of(text, row), True, note)
