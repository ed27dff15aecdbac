"""The quality gate of a photo set: what it finds and what to do about it. It never decides and drops nothing.

Covers size, sharpness at the product, exposure, JPEG blocks, lettering laid over the photo, near duplicates,
one background and one angle everywhere, several products of different colours, odd shapes and the number of
photos. Not covered: whether it is the right product, and logos without letters. docs/gates.md says how often
each fault is found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lorakit.data.findings import SEVERITIES, Finding
from lorakit.data.photos import sameness, whole_set
from lorakit.data.photos.buckets import Framing, frame, size_for
from lorakit.data.photos.look import HasLook
from lorakit.data.photos.single_photo import findings_of

VERDICTS = ("keep", "retake", "remove")
SMALLEST = 128 * 128  # pixels of the smallest base that ships
STEP = 16  # pixels that sides are multiples of, for most bases


@dataclass(frozen=True)
class Rule:
    """What a warning of one kind costs its photo, of 100 points, and what to do with the photo.

    A mere remark ("info") of the kind costs a third and keeps the photo.
    """

    points: int
    verdict: str


# Assumption: the points order photos as a photographer would; they are not fitted to anything.
RULES = {
    "blank": Rule(100, "remove"),
    "duplicate": Rule(60, "remove"),
    "blurred": Rule(50, "retake"),
    "overexposed": Rule(45, "retake"),
    "underexposed": Rule(45, "retake"),
    "blocky": Rule(40, "retake"),
    "lettering": Rule(40, "retake"),
    "print": Rule(0, "keep"),
    "small": Rule(30, "retake"),
    "odd-ratio": Rule(25, "retake"),
}


@dataclass(frozen=True)
class Judged:
    """One photo as the gate sees it: `score` 0..100, and a verdict that a person may overrule.

    "keep": nothing wrong, or too little to matter. "retake": it can be learned from, a better one would be
    worth more. "remove": the set is better without it (nothing on it, or the same as another). `findings` say
    why and what to do; `framing` is the exact crop or padding that it would be learned with, its `str()` a
    sentence.
    """

    name: str  # as Photo.name
    score: int
    verdict: str
    findings: tuple[Finding, ...]
    framing: Framing


@dataclass(frozen=True)
class QualityReport:
    """What the gate says of a set of `photos` photos: all findings, the set's score from 0 to 100, and each
    photo's own in `judged`, in the set's order.

    A file that could not be read is no photo: it has a finding of severity "error" and is not in `judged`.
    Findings of the whole set have no file.
    """

    findings: list[Finding]
    score: int
    photos: int
    judged: list[Judged] = field(default_factory=list)

    def of(self, file: str) -> list[Finding]:
        """The findings that name this file."""
        return [finding for finding in self.findings if finding.file == file]

    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity."""
        return {severity: sum(f.severity == severity for f in self.findings) for severity in SEVERITIES}

    def verdicts(self) -> dict[str, int]:
        """How many photos there are of each verdict."""
        return {verdict: sum(j.verdict == verdict for j in self.judged) for verdict in VERDICTS}


def assess(
    photos: Sequence[HasLook], skipped: Sequence[Finding] = (), area: int = SMALLEST, style: bool = False
) -> QualityReport:
    """Judge a photo set for a base that was trained on pictures of `area` pixels: photos of one product, or
    pictures in one `style`.

    `skipped` are the findings of reading the files; they count, and come first.
    """
    framings = [frame(p.width, p.height, size_for(p.width, p.height, area, STEP)) for p in photos]
    pairs = zip(photos, framings, strict=True)
    own = [finding for photo, framing in pairs for finding in findings_of(photo, framing, area)]
    same = _near_duplicates(photos)
    whole = whole_set.findings(photos, len(same), style)
    by_name: dict[str, list[Finding]] = {}
    for finding in (*same, *own):
        by_name.setdefault(finding.file, []).append(finding)
    judged = [
        _judge(photo.name, by_name.get(photo.name, []), framing)
        for photo, framing in zip(photos, framings, strict=True)
    ]
    score = _score(judged, whole, different=len(photos) - len(same))
    return QualityReport([*skipped, *whole, *same, *own], score, len(photos), judged)


def _judge(name: str, findings: Sequence[Finding], framing: Framing) -> Judged:
    return Judged(name, *weigh(findings, RULES, VERDICTS), tuple(findings), framing)


def weigh(findings: Sequence[Finding], rules: Mapping[str, Rule], verdicts: Sequence[str]) -> tuple[int, str]:
    """The score (0 to 100) and the verdict of what has these findings; `verdicts` from light to heavy."""
    lost, worst = 0.0, 0
    for finding in findings:
        rule = rules[finding.kind]
        lost += rule.points if finding.severity == "warn" else rule.points / 3
        if finding.severity == "warn":
            worst = max(worst, verdicts.index(rule.verdict))
    return max(0, round(100 - lost)), verdicts[worst]


def _near_duplicates(photos: Sequence[HasLook]) -> list[Finding]:
    """One finding for each photo that looks the same as an earlier one."""
    found = []
    for twin in sameness.near_duplicates([photo.look for photo in photos]):
        photo, other = photos[twin.index], photos[twin.other]
        what = f"near-duplicate of {other.name}"
        advice = "keep only one: duplicates count twice"
        found.append(Finding(photo.name, "duplicate", "warn", what, advice))
    return found


def _score(judged: Sequence[Judged], whole: Sequence[Finding], different: int) -> int:
    """The photos' mean, less up to 40 for too few different ones, 15 for one background and 30 for several
    products.

    Assumption: these weights order sets as a photographer would; they are not fitted to anything.
    """
    if not judged:
        return 0
    mean = sum(one.score for one in judged) / len(judged)
    lost = 40 * max(0.0, 1 - different / whole_set.FEW)
    lost += 15 * any(finding.kind == "one-background" for finding in whole)
    lost += 30 * any(finding.kind == "several-products" for finding in whole)
    return max(0, round(mean - lost))
