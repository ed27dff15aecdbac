"""The quality check of photos and pictures: what was found in them, and how each will be cropped."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup

from lorakit.data.findings import Finding
from lorakit.data.photos.quality import Judged, QualityReport
from lorakit.data.photos.sets import PhotoSet
from lorakit.training.advice import photo_advice, photo_area
from lorakit.ui.parts import gate, pictures, pieces
from lorakit.ui.parts.subjects import STYLE, Subject

MOST_NAMED = 4  # files in a line that speaks of several
LEAST_LOST = 0.005  # share of a photo from which on a crop is drawn


@lru_cache(maxsize=4)
def photos_in(folder: str, trigger: str) -> PhotoSet:
    """The photos of an upload, which nobody changes after it was checked. Raises DataError."""
    return PhotoSet.from_folder(folder, trigger)


def read(folder: str, name: str, captions: Mapping[str, str] | None) -> PhotoSet:
    """The photos with the captions that a person wrote. Raises DataError."""
    return photos_in(folder, (name or "").strip()).phrased(written=captions)


def check_left(folder: str, name: str, left_out: Sequence[str]) -> None:
    """Raises DataError when no photo is left."""
    photos_in(folder, name).without(left_out)


def verdict(photos: PhotoSet, left_out: Sequence[str], base: str, subject: Subject) -> Markup:
    """What the set is worth without what was left out, and which rank fits it."""
    kept, style = photos.without(left_out), subject is STYLE
    report = _judged(kept, base, style)
    rows = gate.rows_of_all(report.findings, [f for one in report.judged for f in one.findings])
    advice = photo_advice([photo.caption for photo in kept.photos], style).sentence
    inside = gate.summary(report.verdicts(), len(photos.photos) - len(kept.photos))
    inside += pieces.finding_lines(pieces.worst_first(grouped(rows))) + pieces.good(advice)
    return gate.verdict_card(report.photos, "picture" if style else "photo", report.score, inside)


def rank(photos: PhotoSet, left_out: Sequence[str], subject: Subject) -> int:
    """The rank that fits this set."""
    captions = [photo.caption for photo in photos.without(left_out).photos]
    return photo_advice(captions, subject is STYLE).rank


def cards(photos: PhotoSet, left_out: Sequence[str], base: str, subject: Subject) -> Markup:
    """The photos with their scores, problems first; each can be unticked."""
    report = _judged(photos, base, subject is STYLE)
    paths = {photo.name: photo.path for photo in photos.photos}
    rows = sorted(report.judged, key=lambda one: one.score)
    shown = [_card(one, paths[one.name], one.name in left_out) for one in rows[: gate.MOST_SHOWN]]
    return gate.cards(shown, len(rows), report.verdicts()["remove"], "photos")


def grouped(rows: Sequence[Finding]) -> list[Finding]:
    """The findings with those that say the same of several files in one line, in the order of the first."""
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for row in rows:
        same = (row.kind, row.severity, row.what, row.advice) if row.file else (str(row),)
        alike.setdefault(same, []).append(row)
    return [_one_for_all(some) for some in alike.values()]


def _one_for_all(alike: Sequence[Finding]) -> Finding:
    first, count = alike[0], len(alike)
    if count == 1:
        return first
    named = ", ".join(row.file for row in alike[:MOST_NAMED])
    more = f" and {count - MOST_NAMED} more" if count > MOST_NAMED else ""
    return replace(first, file="", what=f"{count} files: {first.what} ({named}{more})")


def _judged(photos: PhotoSet, base: str, style: bool) -> QualityReport:
    return photos.report(photo_area(base), style)


def _card(one: Judged, path: Path, out: bool) -> Markup:
    how = Markup('<span class="how">{}</span>').format(str(one.framing))
    row = gate.row(one.name, one.name, one.verdict, one.score, out)
    parts = [_framed(one, pictures.uri(path)), row, gate.why(one.findings), how]
    return gate.card(one.verdict, out, one.name, parts)


def _framed(one: Judged, picture: str) -> Markup:
    """The photo with what is cropped veiled, or within the padding that is put around it."""
    framing = one.framing
    (width, height), padding = framing.photo, framing.padding
    left, top, right, bottom = framing.box
    image, veil = Markup('<img alt="" src="{}">').format(picture), Markup()
    if any(padding):
        width, height = framing.size
        inset = _inset(padding, width, height)
        image = Markup('<img alt="" style="{}" src="{}">').format(inset, picture)
    elif framing.lost > LEAST_LOST:
        veil = Markup('<i style="{}"></i>').format(
            _inset((left, top, width - right, height - bottom), width, height)
        )
    side = "width:100%" if width >= height else "height:100%"
    frame = Markup('<span class="box"><span class="frame{}" style="aspect-ratio:{}/{};{}">{}{}</span></span>')
    return frame.format(" padded" if any(padding) else "", width, height, side, image, veil)


def _inset(sides: tuple[float, float, float, float], width: int, height: int) -> str:
    left, top, right, bottom = sides
    inset = [100 * top / height, 100 * right / width, 100 * bottom / height, 100 * left / width]
    return "position:absolute;inset:" + " ".join(f"{part:.2f}%" for part in inset)
