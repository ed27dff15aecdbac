"""Copy in a brand's voice: the brief, and variants of a text that keep their channel's limit.

Not covered: languages that the base does not know.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from lorakit.data.texts import brief_text, plain
from lorakit.errors import DataError
from lorakit.generation.channels import CHANNELS, Channel, channel, count, is_over, limit_of, shortened

if TYPE_CHECKING:
    from lorakit.families import Base
    from lorakit.lora.adapter import Adapter

__all__ = ["CHANNELS", "Brief", "Channel", "Copy", "channel", "count", "limit_of", "shortened", "write_copy"]

TRIES = 3  # a variant that is over its limit, empty or a repetition is written anew this often
MOST_VARIANTS = 20
MOST_TOKENS = 400
TOP_P = 0.92
NEAR = 0.75  # share of letters in common, in order, above which words are meant to be the product's name
FIELD_LIMITS = {
    "product": 200, "facts": 1000, "audience": 200, "tone": 100, "language": 40, "channel": 60, "name": 200,
}  # fmt: skip
PLAIN_MARKS = str.maketrans(
    {"“": '"', "”": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "\u00a0": " "}
)
THOUGHTS = re.compile(r"<think>.*?</think>", re.DOTALL)


@dataclass(frozen=True)
class Brief:
    """What to write. Raises DataError, naming the field, when one is missing or too long."""

    product: str
    facts: str = ""
    audience: str = ""
    channel: str = "product-description"
    tone: str = ""
    language: str = ""
    name: str = ""  # the brand's or the maker's, when the product's own name does not say it

    def __post_init__(self) -> None:
        for field, limit in FIELD_LIMITS.items():
            value = getattr(self, field)
            if not isinstance(value, str):
                raise DataError(f"brief: {field} must be text")
            if len(value) > limit:
                raise DataError(
                    f"brief: {field} has {len(value):,} characters; at most {limit:,} are used, shorten it"
                )
            object.__setattr__(self, field, _one_line(value, "; " if field == "facts" else " "))
        if not self.product:
            raise DataError("brief: product is empty; say what the copy is for")
        channel(self.channel)

    def prompt(self) -> str:
        """The brief as a base reads it; the same words as in a training text's columns."""
        tone = ", ".join(part for part in (self.tone, f"in {self.language}" if self.language else "") if part)
        return brief_text(channel(self.channel).style, tone, self.audience, self.facts, self.full_name)

    @property
    def full_name(self) -> str:
        """The product with its brand, as the copy should call it."""
        named = self.name.lower() in self.product.lower()
        return self.product if named else f"{self.name} {self.product}"


@dataclass(frozen=True)
class Copy:
    """One variant. `fits` is False for an empty text only; `note` says what was done to keep the limit."""

    text: str
    characters: int
    limit: int
    fits: bool
    note: str = ""


class _Stopped(Exception):
    """The person does not want the rest."""


def write_copy(
    base: "Base",
    mix: "Mapping[Adapter, float]",
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
    if not 1 <= variants <= MOST_VARIANTS:
        raise DataError(f"variants is {variants}; choose 1 to {MOST_VARIANTS}")
    from lorakit.lora.live import applied

    row = channel(brief.channel)
    told = [""] * variants
    stop = should_stop or (lambda: False)

    def hear(variant: int, piece: str) -> None:
        told[variant] += piece
        if on_text is not None:
            on_text(variant, piece)
        if stop():
            raise _Stopped

    def quietly(variant: int, piece: str) -> None:
        if stop():
            raise _Stopped

    def faults(text: str, others: list[str]) -> int:
        nameless = base.settings.demonstration and brief.full_name.lower() not in text.lower()
        return 8 * (not text) + 4 * is_over(text, row) + 2 * (text in others) + nameless

    texts: list[str] = []
    with applied(base.model, dict(mix)) if mix else nullcontext():
        try:
            texts = _generate(base, brief, [seed + i for i in range(variants)], temperature, hear)
            for attempt in range(1, TRIES):
                weak = [i for i, text in enumerate(texts) if faults(text, texts[:i])]
                if not weak:
                    break
                seeds = [seed + i + 1000 * attempt for i in weak]
                for i, text in zip(weak, _generate(base, brief, seeds, temperature, quietly), strict=True):
                    if faults(text, texts) < faults(texts[i], texts[:i]):
                        texts[i] = text
        except _Stopped:
            return [_copy(text, row, "" if texts else "stopped") for text in (texts or told)]
    return [_copy(respelled(text, brief.full_name), row) for text in texts]


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


def _generate(
    base: "Base", brief: Brief, seeds: list[int], temperature: float, on_text: Callable[[int, str], None]
) -> list[str]:
    from lorakit.families import family_of

    row = channel(brief.channel)
    prompt = plain(base.tokenizer, brief.prompt())
    if not base.settings.demonstration:
        prompt += f"\nAt most {row.limit} characters. Answer with the text alone."
    room = min(MOST_TOKENS, base.settings.max_tokens, max(24, row.limit))
    messages = [[{"role": "user", "content": prompt}] for _ in seeds]
    texts = family_of(base).generate(base, messages, seeds, room, temperature, TOP_P, on_text)
    return [_cleaned(text, row) for text in texts]


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


def _one_line(value: str, joint: str) -> str:
    """`value` without control characters, its lines put together with `joint`."""
    lines = (
        "".join(c if unicodedata.category(c)[0] != "C" else " " for c in line) for line in value.splitlines()
    )
    return joint.join(cleaned for line in lines if (cleaned := " ".join(line.split())))
