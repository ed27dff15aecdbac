"""Copy in a brand's voice: the brief, and variants of a text that keep their channel's limit.

Not covered: languages that the base does not know.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lorakit.data.texts.sets import plain
from lorakit.errors import DataError
from lorakit.generation.copy.brief import Brief
from lorakit.generation.copy.channels import (
    CHANNELS,
    Channel,
    channel,
    count,
    is_over,
    limit_of,
    shortened,
)
from lorakit.generation.copy.drafts import Copy, Draft, delivered, read
from lorakit.generation.copy.naming import respelled

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
    "respelled",
    "shortened",
    "write_batch",
    "write_copy",
]

TRIES = 3  # a variant that is over its limit, empty or a repetition is written anew this often
MOST_VARIANTS = 20
MOST_TOKENS = 400
TOP_P = 0.92
WRAPPING = 96  # tokens beside a text for what a model says around it; the starter says nothing


@dataclass(frozen=True)
class _Row:
    """One text to write: for which brief, in which mix, from which seed."""

    mix: "Mapping[Adapter, Any]"
    brief: Brief
    seed: int
    of: int  # the brief's place in the batch
    short: int = 0  # characters to ask for, where a longer text did not come to its end

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
    told = [""] * len(rows)
    drafts: list[Draft] = []
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

    try:
        drafts = _generate(base, rows, temperature, hear)
        for attempt in range(1, TRIES):
            if not (weak := _weak(base, rows, drafts, attempt)):
                break
            again = [_again(rows[i], drafts[i], attempt) for i in weak]
            for i, draft in zip(weak, _generate(base, again, temperature, quietly), strict=True):
                was = _faults(base, rows, drafts, i, before=True)
                if _faults(base, rows, [*drafts[:i], draft, *drafts[i + 1 :]], i, before=False) < was:
                    drafts[i] = replace(draft, retried=_why(base, rows[i], drafts[i]))
    except _Stopped:
        drafts = drafts or [Draft(text, stopped=True) for text in told]
    known = _known(base)
    made = [delivered(draft, row.channel, row.brief, known) for draft, row in zip(drafts, rows, strict=True)]
    return [made[first : first + variants] for first in range(0, len(made), variants)]


def _faults(base: "Base", rows: Sequence[_Row], drafts: Sequence[Draft], place: int, before: bool) -> int:
    """How far a draft is from what is asked for; 0 when nothing is wrong. `before`: only earlier ones count
    as those that it may repeat.
    """
    row, draft = rows[place], drafts[place]
    end = place if before else len(rows)
    others = [drafts[i].text for i in range(end) if rows[i].of == row.of and i != place]
    return draft.faults(row.channel) + 2 * (draft.text in others) + _nameless(base, row, draft)


def _nameless(base: "Base", row: _Row, draft: Draft) -> bool:
    return base.settings.demonstration and row.brief.full_name.lower() not in draft.text.lower()


def _why(base: "Base", row: _Row, draft: Draft) -> str:
    """Why a draft is written anew, in words."""
    other = "left out the product's name" if _nameless(base, row, draft) else "repeated another variant"
    return draft.why(row.channel) or other


def _weak(base: "Base", rows: Sequence[_Row], drafts: Sequence[Draft], attempt: int) -> list[int]:
    """The rows to write anew. A thought without an answer is long: it is tried once more only."""
    return [
        i
        for i, draft in enumerate(drafts)
        if _faults(base, rows, drafts, i, before=True) and not (draft.thinking and attempt > 1)
    ]


def _again(row: _Row, draft: Draft, attempt: int) -> _Row:
    """The same text from another seed; a shorter one is asked for where it was too long for its room."""
    too_long = is_over(draft.text, row.channel)
    short = row.channel.limit * 0.8 if too_long else 0.0
    if not draft.ended:
        short = 0.6 * min(row.channel.limit, max(40, len(draft.text)))
    return replace(row, seed=row.seed + 1000 * attempt, short=round(short))


def _known(base: "Base") -> Callable[[str], bool]:
    """Words that the base writes as one token: such a word is no slip of another."""

    def known(word: str) -> bool:
        tokenize = getattr(base.tokenizer, "tokenize", None)
        return tokenize is not None and len(tokenize(f" {word}")) == 1

    return known


def room(base: "Base", brief: Brief) -> int:
    """Tokens that a text for `brief` may have."""
    return min(MOST_TOKENS, base.settings.max_tokens, max(24, channel(brief.channel).limit))


def _generate(
    base: "Base", rows: Sequence[_Row], temperature: float, on_text: Callable[[int, str], None]
) -> list[Draft]:
    messages = [[{"role": "user", "content": _prompt(base, row)}] for row in rows]
    around = 0 if base.settings.demonstration else WRAPPING
    seeds = [row.seed for row in rows]
    rooms = [min(room(base, row.brief) + around, base.settings.max_tokens) for row in rows]
    with _mixed(base, [row.mix for row in rows]):
        texts = base.kind.generate(base, messages, seeds, rooms, temperature, TOP_P, on_text)
    return [read(text, row.channel, row.brief) for text, row in zip(texts, rows, strict=True)]


def _prompt(base: "Base", row: _Row) -> str:
    prompt = plain(base.tokenizer, row.brief.prompt())
    if base.settings.demonstration:
        return prompt
    return prompt + f"\nAt most {row.short or row.channel.limit} characters. Answer with the text alone."


def _mixed(base: "Base", mixes: "Sequence[Mapping[Adapter, Any]]") -> AbstractContextManager[Any]:
    """The base with a mix for each row of a batch inside the block."""
    from lorakit.lora.live import applied, applied_rows

    if not any(mixes):
        return nullcontext()
    if all(mix == mixes[0] for mix in mixes):
        return applied(base.model, dict(mixes[0]))
    return applied_rows(base.model, [dict(mix) for mix in mixes])
