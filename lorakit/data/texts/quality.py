"""The quality gate of a text set: what it finds and what to do about it. It drops nothing.

Covers near duplicates, what a voice would learn by heart (contacts, cards, prices, dates, links),
boilerplate, unfilled placeholders and markup, texts in another language, too short ones, and the number of
texts. Not covered: whether a text is good, or true.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lorakit.data.findings import SEVERITIES, Finding
from lorakit.data.photos.quality import Rule, weigh
from lorakit.data.tables import languages
from lorakit.data.texts import patterns
from lorakit.data.texts.near_texts import nearest_earlier

VERDICTS = ("keep", "edit", "remove")
FEW, IDEAL = 20, 60  # texts
SHORTEST = 3  # words
MISSPELT = 50  # points that a set has at most whose words the base cannot spell
SHARED_WORDS, SHARED_LEAST, SHARED_SHARE = 6, 5, 0.2  # of a sentence that is in many texts

# Assumption: the points order texts as an editor would; they are not fitted to anything.
RULES = {
    "duplicate": Rule(60, "remove"),
    "private": Rule(60, "edit"),
    "placeholder": Rule(40, "edit"),
    "boilerplate": Rule(35, "edit"),
    "language": Rule(40, "edit"),
    "short": Rule(40, "edit"),
    "price": Rule(25, "edit"),
    "date": Rule(25, "edit"),
    "link": Rule(25, "edit"),
    "control": Rule(15, "edit"),
}


class HasText(Protocol):
    """What the gate needs of a text."""

    @property
    def instruction(self) -> str: ...
    @property
    def answer(self) -> str: ...


@dataclass(frozen=True)
class JudgedText:
    """One text as the gate sees it: `score` 0..100, and a verdict that a person may overrule.

    "keep": nothing wrong, or too little to matter. "edit": something in it would be learned that should not
    be. "remove": the set is better without it. `findings` say why and what to do. `index` is its place in
    TextSet.samples; `name` ("text 3") is what findings call it by, counted from 1.
    """

    index: int
    name: str
    score: int
    verdict: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class TextReport:
    """What the gate says of a set of `texts` texts: all findings (those of reading the file first), the set's
    score from 0 to 100, and each text's own in `judged`, in the set's order.

    Findings of the whole set have no file. `language` is the one that most texts are in ("en"), or "".
    """

    findings: list[Finding]
    score: int
    texts: int
    judged: list[JudgedText] = field(default_factory=list)
    language: str = ""

    def of(self, index: int) -> tuple[Finding, ...]:
        """The findings of the text at this place of TextSet.samples."""
        return self.judged[index].findings

    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity."""
        return {severity: sum(f.severity == severity for f in self.findings) for severity in SEVERITIES}

    def verdicts(self) -> dict[str, int]:
        """How many texts there are of each verdict."""
        return {verdict: sum(j.verdict == verdict for j in self.judged) for verdict in VERDICTS}


def assess(texts: Sequence[HasText], skipped: Sequence[Finding] = ()) -> TextReport:
    """Judge a text set. `skipped` are the findings of reading the file; they come first."""
    language, foreign = languages.of_texts([text.answer for text in texts])
    twins = nearest_earlier([text.answer for text in texts])
    judged = []
    for index, text in enumerate(texts):
        name = f"text {index + 1}"
        findings_of_text = list(_of_one(name, text))
        if (twin := twins[index]) is not None:
            what = f"near-duplicate of text {twin + 1} ({_start(text.answer)})"
            findings_of_text.insert(0, Finding(name, "duplicate", "warn", what,
                                    "keep only one: duplicates get memorised"))  # fmt: skip
        if index in foreign:
            this, others = languages.NAMES[foreign[index]], languages.NAMES[language]
            what = f"probably {this}, among {others} texts ({_start(text.answer)})"
            findings_of_text.append(Finding(name, "language", "warn", what, "train one voice per language"))
        judged.append(
            JudgedText(index, name, *weigh(findings_of_text, RULES, VERDICTS), tuple(findings_of_text))
        )
    findings_of_set = list(_of_all(texts, different=sum(twin is None for twin in twins)))
    findings = [*skipped, *findings_of_set, *(finding for one in judged for finding in one.findings)]
    mean = sum(one.score for one in judged) / max(1, len(judged))
    few = 40 * max(0.0, 1 - sum(twin is None for twin in twins) / FEW)
    score = max(0, round(mean - few))
    if any(finding.kind == "unknown-words" for finding in skipped):
        score = min(score, MISSPELT)
    return TextReport(findings, score, len(texts), judged, language)


def _of_one(name: str, text: HasText) -> Iterator[Finding]:
    answer = text.answer
    for row, place in patterns.found(answer, text.instruction):
        severity = "info" if row.kind == "control" else "warn"
        yield Finding(name, row.kind, severity, f"{row.what}: {_start(place)}", row.advice)
    words = len(re.findall(r"\w+", answer))
    if words < SHORTEST and not re.search(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{4}", answer):
        what = f"only {words} word{'s' if words != 1 else ''}: {_start(answer)}"
        yield Finding(name, "short", "warn", what, "leave it out, or use complete texts")


def _of_all(texts: Sequence[HasText], different: int) -> Iterator[Finding]:
    if different < FEW:
        what = f"only {different} different text{'s' if different != 1 else ''}"
        advice = f"add more: about {IDEAL} of different kinds work best"
        yield Finding("", "few", "warn", what, advice)
    sentences: Counter[str] = Counter()
    for text in texts:
        pieces = {piece.strip() for piece in re.split(r"(?<=[.!?])\s+|\n+", text.answer)}
        sentences.update(piece for piece in pieces if len(piece.split()) >= SHARED_WORDS)
    for sentence, count in sentences.most_common(3):
        if count >= max(SHARED_LEAST, SHARED_SHARE * len(texts)):
            what = f"{_start(sentence)} appears in {count} of {len(texts)} texts"
            advice = "keep it only if the voice should always say it"
            yield Finding("", "shared-sentence", "info", what, advice)


def _start(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else line[:57] + "...")
