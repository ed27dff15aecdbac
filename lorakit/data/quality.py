"""The quality gate of a photo set: what it finds and what to do about it. It never decides and drops nothing.

Covers size, sharpness, exposure, near duplicates, one background everywhere, odd shapes and the number of
photos. Not covered: text overlays and watermarks, which need a reader of text.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np
from PIL import Image

from lorakit.data.buckets import Framing, frame, size_for

SEVERITIES = ("info", "warn", "error")
VERDICTS = ("keep", "retake", "remove")
FEW, IDEAL, MANY = 10, 30, 200  # photos; what FLUX trainings commonly recommend
SIDE = 256  # pixels of the longer side that a look is taken at, so that figures compare
SHARP_SHARE = 98  # percentile of the tiles: one sharp product before a soft background is a sharp photo
# Variance of the Laplacian of the sharpest tiles at SIDE. Measured: real product photos 3,000-11,000, small
# renders 600-3,000; the same blurred by a sigma of 1.5 pixels at SIDE (6 at 1024): 30-100.
BLURRED = 60.0
CLIPPED = 0.5  # share of the pixels that are not background
# Share of the bits set in either difference hash that differ. Measured: a photo and its recompressed, halved
# or lighter self below 0.15 (median 0.05), two photos of one product 0.39 and more.
SAME = 0.15
WIDEST = 2.5  # longer side over shorter side
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
    "small": Rule(30, "retake"),
    "odd-ratio": Rule(25, "retake"),
}


@dataclass(frozen=True)
class Finding:
    """One thing about one file. `severity` "error" means that the file could not be used at all."""

    file: str
    kind: str
    severity: str
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}; {self.advice}" if self.file else f"{self.what}; {self.advice}"


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


@dataclass(frozen=True, eq=False)
class Look:
    """The figures of one photo that the gate judges by, taken once from a small copy of it."""

    sharpness: float
    bright: float  # share of the pixels that are not background and are clipped to white
    dark: float  # the same for black
    spread: float  # standard deviation of the brightness, 0..127
    fingerprint: np.ndarray  # 256 bits as four uint64
    border: np.ndarray  # mean RGB of the twelve border tiles, (12, 3) in 0..255


class HasLook(Protocol):
    """What the gate needs of a photo."""

    @property
    def name(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def look(self) -> Look: ...


def take_look(image: Image.Image) -> Look:
    """Measure an RGB picture of any size."""
    small = image.copy()
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    pixels = np.asarray(small, dtype=np.float32)
    grey = pixels @ np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601 luma
    border = _border_tiles(pixels)
    inside = _not_background(grey, border)
    subject = grey[inside] if inside.mean() > 0.02 else grey.ravel()
    return Look(
        sharpness=_sharpness(grey),
        bright=float((subject >= 251).mean()),
        dark=float((subject <= 4).mean()),
        spread=float(grey.std()),
        fingerprint=_fingerprint(image),
        border=border,
    )


def assess(
    photos: Sequence[HasLook], skipped: Sequence[Finding] = (), area: int = SMALLEST, step: int = STEP
) -> QualityReport:
    """Judge a photo set for a base that was trained on pictures of `area` pixels, with sides in multiples of
    `step`.

    `skipped` are the findings of reading the files; they count, and come first.
    """
    framings = [frame(p.width, p.height, size_for(p.width, p.height, area, step)) for p in photos]
    own = [f for photo, framing in zip(photos, framings, strict=True) for f in _of_one(photo, framing, area)]
    same = _near_duplicates(photos)
    whole = _of_all(photos, alike=len(same))
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
    lost, worst = 0.0, 0
    for finding in findings:
        rule = RULES[finding.kind]
        lost += rule.points if finding.severity == "warn" else rule.points / 3
        if finding.severity == "warn":
            worst = max(worst, VERDICTS.index(rule.verdict))
    return Judged(name, max(0, round(100 - lost)), VERDICTS[worst], tuple(findings), framing)


def _sharpness(grey: np.ndarray) -> float:
    """Variance of the Laplacian (Pech-Pacheco 2000) of the sharpest tiles of 16x16 pixels."""
    if min(grey.shape) < 3:
        return 0.0
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]
    rows, columns = (max(1, size // 16) for size in laplacian.shape)
    tiles = [
        float(tile.var())
        for row in np.array_split(laplacian, rows)
        for tile in np.array_split(row, columns, axis=1)
    ]
    return float(np.percentile(tiles, SHARP_SHARE))


def _border_tiles(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    deep, wide = max(1, height // 12), max(1, width // 12)
    strips = (
        pixels[:deep],
        pixels[-deep:],
        pixels[:, :wide].swapaxes(0, 1),
        pixels[:, -wide:].swapaxes(0, 1),
    )
    tiles = []
    for strip in strips:
        edges = np.linspace(0, strip.shape[1], 4).astype(int)
        for start, end in pairwise(edges):
            tiles.append(strip[:, start : max(end, start + 1)].reshape(-1, 3).mean(0))
    return np.stack(tiles)


def _not_background(grey: np.ndarray, border: np.ndarray) -> np.ndarray:
    """Which pixels to judge the exposure by: a white or black studio background is no mistake."""
    tone = float(np.median(border))
    if tone >= 245:
        return grey < 250
    if tone <= 10:
        return grey > 5
    return np.ones_like(grey, dtype=bool)


def _fingerprint(image: Image.Image) -> np.ndarray:
    """A difference hash of 16x16 bits; differences below 2 of 255 are noise and count as none."""
    small = np.asarray(image.convert("L").resize((17, 16), Image.Resampling.BOX), dtype=np.int16)
    return np.packbits(np.diff(small, axis=1) > 2).view(np.uint64)


def _of_one(photo: HasLook, framing: Framing, area: int) -> list[Finding]:
    look, name, found = photo.look, photo.name, []
    pixels, side = photo.width * photo.height, round(area**0.5)
    size = f"{photo.width}x{photo.height} pixels"
    if pixels < 0.8 * area:
        severity = "warn" if pixels < 0.5 * area else "info"
        advice = f"use a photo of at least {side}x{side} pixels"
        found.append(
            Finding(name, "small", severity, f"is only {size}; this base works at {side}x{side}", advice)
        )
    longer, shorter = max(photo.width, photo.height), min(photo.width, photo.height)
    if longer > WIDEST * shorter:
        advice = f"cut it closer to the product; as it is, it is {framing}"
        found.append(Finding(name, "odd-ratio", "warn", f"is very long and narrow ({size})", advice))
    if look.spread < 3:
        found.append(Finding(name, "blank", "warn", "shows almost nothing but one tone", "remove it"))
        return found
    if look.bright > CLIPPED:
        what = f"is overexposed: {look.bright:.0%} of it has no detail left"
        found.append(Finding(name, "overexposed", "warn", what, "take it again with less light"))
    elif look.dark > CLIPPED:
        what = f"is underexposed: {look.dark:.0%} of it is black"
        found.append(Finding(name, "underexposed", "warn", what, "take it again with more light"))
    elif look.sharpness < BLURRED:
        advice = "take it again with a steady camera, or leave it out: blur is learned too"
        found.append(Finding(name, "blurred", "warn", "looks blurred", advice))
    return found


def _near_duplicates(photos: Sequence[HasLook]) -> list[Finding]:
    """One finding for each photo that looks the same as an earlier one."""
    if len(photos) < 2:
        return []
    marks = np.stack([photo.look.fingerprint for photo in photos])
    found = []
    for index in range(1, len(photos)):
        differing = np.bitwise_count(marks[:index] ^ marks[index]).sum(1)
        distance = differing / np.maximum(1, np.bitwise_count(marks[:index] | marks[index]).sum(1))
        nearest = int(distance.argmin())
        if distance[nearest] <= SAME and photos[index].look.spread >= 3:
            what = f"looks the same as {photos[nearest].name}"
            advice = "keep one of them: a picture that is there twice counts twice"
            found.append(Finding(photos[index].name, "duplicate", "warn", what, advice))
    return found


def _of_all(photos: Sequence[HasLook], alike: int) -> list[Finding]:
    found, count = [], len(photos)
    different = count - alike
    if different < FEW:
        number = f"{count} photo{'s' if count != 1 else ''}" + (
            f", {different} of them different" if alike else ""
        )
        advice = f"add more: about {IDEAL} from several sides, in several places and lights, work best"
        found.append(Finding("", "few", "warn", f"only {number}", advice))
    elif different < 20:
        advice = f"this works; about {IDEAL} work best"
        found.append(Finding("", "few", "info", f"{different} different photos", advice))
    elif count > MANY:
        advice = f"choose the best: beyond about {IDEAL}, variety counts and not number"
        found.append(Finding("", "many", "info", f"{count} photos", advice))
    if count >= 5 and _one_background(photos):
        advice = "add photos in other places: what is in every photo is learned as part of the product"
        found.append(
            Finding("", "one-background", "warn", "nearly all photos have the same background", advice)
        )
    return found


def _one_background(photos: Sequence[HasLook]) -> bool:
    """Do 9 of 10 photos agree on the tone of at least 10 of the 12 border tiles, within 24 of 255?"""
    borders = np.stack([photo.look.border for photo in photos])
    apart = np.abs(borders - np.median(borders, axis=0)).max(-1)
    return bool(((apart < 24).sum(1) >= 10).mean() >= 0.9)


def _score(judged: Sequence[Judged], whole: Sequence[Finding], different: int) -> int:
    """The photos' mean, less up to 40 for too few different ones and 15 for one background.

    Assumption: these weights order sets as a photographer would; they are not fitted to anything.
    """
    if not judged:
        return 0
    mean = sum(one.score for one in judged) / len(judged)
    lost = 40 * max(0.0, 1 - different / FEW)
    lost += 15 * any(finding.kind == "one-background" for finding in whole)
    return max(0, round(mean - lost))
