"""What of a text set is not learned because a row of tokens has no room for it."""

from collections.abc import Sequence
from typing import Any

from lorakit.data.findings import Finding
from lorakit.data.texts.samples import TextSample
from lorakit.data.texts.sets import conversation_tokens
from lorakit.errors import DataError


def findings(tokenizer: Any, samples: Sequence[TextSample], max_length: int) -> list[Finding]:
    """How many texts are left out or cut, and which length would do. Raises DataError when none is left."""
    rows = [conversation_tokens(tokenizer, sample, max_length) for sample in samples]
    out = [row for row in rows if not any(row.mask)]
    cut = [row for row in rows if any(row.mask) and row.lost]
    short = [row for row in rows if any(row.mask) and row.forgotten]
    longest = max((len(row.ids) + row.lost for row in rows), default=0)
    advice = f"raise max_length to {longest:,} to include all of them, or shorten them"
    if out and len(out) == len(rows):
        raise DataError(f"none of the texts fit: their briefs alone fill {max_length:,} tokens; {advice}")
    notes = []
    if out:
        what = f"{_of(out, rows)} left out: the brief alone fills max_length ({max_length:,} tokens)"
        notes.append(Finding("", "max-length", "warn", what, advice))
    if cut:
        what = f"{_of(cut, rows)} truncated to {max_length:,} tokens (max_length), so the end is not learned"
        notes.append(Finding("", "max-length", "warn", what, advice))
    if short:
        what = f"{_of(short, rows)} trained with fewer earlier turns, to fit {max_length:,} tokens"
        notes.append(Finding("", "max-length", "info", what, "raise max_length if those turns matter"))
    return notes


def _of(some: Sequence[Any], all_: Sequence[Any]) -> str:
    return f"{len(some):,} of {len(all_):,} texts {'is' if len(some) == 1 else 'are'}"
