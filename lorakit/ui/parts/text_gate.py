"""The quality check of texts: what was found in them, and those that need a look."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache

from markupsafe import Markup

from lorakit import units
from lorakit.data.texts.quality import JudgedText
from lorakit.data.texts.sets import TextSet
from lorakit.families.sources import vocabulary_of
from lorakit.training.advice import text_advice
from lorakit.ui.parts import gate, pieces
from lorakit.ui.parts.subjects import Subject

QUOTED = 220  # characters of a text
KINDS = {  # of findings in texts, with a number before them
    "duplicate": "near-duplicate", "private": "with private data",
    "placeholder": "with an unfilled placeholder", "boilerplate": "with boilerplate",
    "language": "in another language", "short": "too short", "price": "with a price", "date": "with a date",
    "link": "with a link", "control": "with control codes",
}  # fmt: skip


@lru_cache(maxsize=4)
def texts_in(path: str) -> TextSet:
    """The texts of an upload, which nobody changes after it was checked. Raises DataError."""
    return TextSet.from_file(path)


def read(path: str, _name: str, _captions: Mapping[str, str] | None) -> TextSet:
    """The texts. Raises DataError."""
    return texts_in(path)


def check_left(path: str, _name: str, left_out: Sequence[str]) -> None:
    """Raises DataError when no text is left."""
    texts_in(path).without(places(left_out))


def places(names: Sequence[str]) -> list[int]:
    """The places in the set of the texts that the page names."""
    return [int(name) for name in names if name.isascii() and name.isdigit()]


def rank(texts: TextSet, left_out: Sequence[str], _subject: Subject) -> int:
    """The rank that fits this set."""
    return text_advice([sample.answer for sample in texts.without(places(left_out)).samples]).rank


def verdict(texts: TextSet, left_out: Sequence[str], base: str, _subject: Subject) -> Markup:
    """What the set is worth to this base model without what was left out, and which rank fits it."""
    kept = texts.without(places(left_out))
    report = kept.report(vocabulary_of(base))
    of_one = [finding for one in report.judged for finding in one.findings]
    advice = text_advice([sample.answer for sample in kept.samples]).sentence
    inside = gate.summary(report.verdicts(), len(texts.samples) - len(kept.samples))
    inside += _tags(Counter(finding.kind for finding in of_one))
    inside += pieces.finding_lines(pieces.worst_first(gate.rows_of_all(report.findings, of_one)))
    return gate.verdict_card(report.texts, "text", report.score, inside + pieces.good(advice))


def _tags(counted: Counter[str]) -> Markup:
    tags = [
        Markup("<span>{} {}</span>").format(count, KINDS.get(kind, kind)) for kind, count in counted.items()
    ]
    return Markup('<p class="tags">{}</p>').format(Markup().join(tags)) if tags else Markup()


def cards(texts: TextSet, left_out: Sequence[str], _base: str, _subject: Subject) -> Markup:
    """The texts that need a look, the worst first; each can be unticked."""
    report, out = texts.report(), set(places(left_out))
    rows = sorted((one for one in report.judged if one.findings), key=lambda one: one.score)
    if not rows:
        return Markup()
    first = rows[: gate.MOST_SHOWN]
    shown = [_card(one, texts.samples[one.index].answer, one.index in out) for one in first]
    return gate.cards(shown, len(rows), report.verdicts()["remove"], "texts")


def _card(one: JudgedText, answer: str, out: bool) -> Markup:
    name = one.name.capitalize()
    row = gate.row(str(one.index), one.name, one.verdict, one.score, out, name)
    text = Markup('<span class="text">{}</span>').format(shortened(answer))
    return gate.card(one.verdict, out, name, [row, text, gate.why(one.findings)])


def shortened(text: str) -> str:
    """Enough of a text to know it by."""
    return units.shortened(" ".join(text.split()), QUOTED)
