"""The gates of both tabs: what was found in photos and texts. Nothing is left out but by a person."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr
from markupsafe import Markup, escape

from lorakit.data.findings import Finding
from lorakit.data.photos.quality import Judged, QualityReport
from lorakit.data.photos.sets import PhotoSet
from lorakit.data.texts.quality import JudgedText
from lorakit.data.texts.sets import TextSet
from lorakit.families.sources import vocabulary_of
from lorakit.training.advice import photo_advice, photo_area, text_advice
from lorakit.ui.parts import pictures, pieces
from lorakit.ui.parts.pieces import QUIET
from lorakit.ui.parts.scripts import script

MOST_SHOWN = 120  # photos as cards: those with problems first
MOST_SENT = 10_000  # names that a browser may send
QUOTED = 220  # characters of a text
WORDS = {"keep": "Keep", "retake": "Retake", "edit": "Edit", "remove": "Leave out"}
VERBS = {"keep": "keep", "retake": "retake", "edit": "edit", "remove": "leave out"}
KINDS = {  # of findings in texts, with a number before them
    "duplicate": "nearly the same", "private": "with private data", "placeholder": "with a gap to fill",
    "boilerplate": "with boilerplate", "language": "in another language", "short": "too short",
    "price": "with a price", "date": "with a date", "link": "with a link", "control": "with control signs",
}  # fmt: skip
MOST_NAMED = 4  # files in a line that speaks of several
GOOD, USABLE = 70, 40  # of 100 points: what a set's score is called


def grid(name: str, left_out: gr.State) -> gr.HTML:
    """The photos, none yet; `left_out` gets the names of those that were unticked. `name`: of the element."""
    cards = gr.HTML(js_on_load=script("gate"), elem_classes="gate", elem_id=name)
    sent = {"js": script("gate-left-out", GRID=name), "trigger_mode": "always_last"}
    cards.input(received, [cards], [left_out], **sent, **QUIET)
    return cards


def received(sent: Any) -> list[str]:
    """The names that the page sent; anything else that a browser may send is left out."""
    return [str(name)[:1000] for name in sent[:MOST_SENT]] if isinstance(sent, list) else []


@lru_cache(maxsize=4)
def photos_in(folder: str, trigger: str) -> PhotoSet:
    """The photos of an upload, which nobody changes after it was checked. Raises DataError."""
    return PhotoSet.from_folder(folder, trigger)


def judged(photos: PhotoSet, base: str) -> QualityReport:
    """The gate's report for a base."""
    return photos.report(photo_area(base))


def verdict(photos: PhotoSet, left_out: Sequence[str], base: str) -> str:
    """What the set is worth without what was left out, and which rank fits it."""
    kept = photos.without(left_out)
    report = judged(kept, base)
    # What belongs to a photo stands on its card, with its crop.
    own = {id(finding) for one in report.judged for finding in one.findings}
    rows = [finding for finding in report.findings if id(finding) not in own]
    advice = photo_advice([photo.caption for photo in kept.photos]).sentence
    inside = Markup(_summary(report.verdicts(), len(photos.photos) - len(kept.photos)))
    inside += pieces.finding_lines(pieces.worst_first(grouped(rows))) + pieces.good(advice)
    number = f"{report.photos} photo{'s' if report.photos != 1 else ''}"
    return pieces.card(f"{number}: {_called(report.score)}", inside, f"quality {report.score} of 100")


def _summary(verdicts: dict[str, int], out: int) -> str:
    said = ", ".join(f"{count} to {VERBS[name]}" for name, count in verdicts.items() if count)
    said += f"; {out} left out by you" if out else ""
    return f'<p class="hint">{escape(said)}.</p>'


def grouped(rows: Sequence[Finding]) -> list[Finding]:
    """The findings with those that say the same of several files in one line, in the order of the first."""
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for row in rows:
        alike.setdefault(
            (row.kind, row.severity, row.what, row.advice) if row.file else (str(row),), []
        ).append(row)
    return [_one_for_all(some) for some in alike.values()]


def _one_for_all(alike: Sequence[Finding]) -> Finding:
    first, count = alike[0], len(alike)
    if count == 1:
        return first
    named = ", ".join(row.file for row in alike[:MOST_NAMED])
    more = f" and {count - MOST_NAMED} more" if count > MOST_NAMED else ""
    return replace(first, file="", what=f"{count} files: {first.what} ({named}{more})")


def _called(score: int, what: str = "photos") -> str:
    if score >= GOOD:
        return "ready to train"
    return "usable, see below" if score >= USABLE else f"needs better {what}"


def cards(photos: PhotoSet, left_out: Sequence[str], base: str) -> str:
    """The photos with their scores, problems first; each can be unticked."""
    report = judged(photos, base)
    paths = {photo.name: photo.path for photo in photos.photos}
    rows = sorted(report.judged, key=lambda one: one.score)
    shown = "".join(_card(one, paths[one.name], one.name in left_out) for one in rows[:MOST_SHOWN])
    more = len(rows) - MOST_SHOWN
    rest = f'<p class="hint">and {more} more, better than these.</p>' if more > 0 else ""
    head = _head(report.verdicts()["remove"], "remove")
    return f'{head}<div class="photos">{shown}</div>{rest}'


def _head(doubtful: int, verdict: str) -> str:
    all_ = ""
    if doubtful:
        all_ = _all(f".photo.{verdict}", "off", f"Leave out the {doubtful} in red")
        all_ += _all(".photo", "on", "Keep all")
    return f'<div class="gate-head"><span>Untick what should not be learned.</span>{all_}</div>'


def _all(which: str, to: str, words: str) -> str:
    return f'<button class="small" data-all="{which}" data-to="{to}">{escape(words)}</button>'


def _card(one: Judged, path: Path, out: bool) -> str:
    return (
        f'<label class="photo {one.verdict}{" out" if out else ""}" title="{escape(one.name)}">'
        f"{_framed(one, pictures.uri(path))}{_row(one.name, one.name, one.verdict, one.score, out)}"
        f'{_why(one.findings)}<span class="how">{escape(str(one.framing))}</span></label>'
    )


def _row(key: str, name: str, verdict: str, score: int, out: bool, shown: str = "") -> str:
    ticked = "" if out else " checked"
    before = f"<span>{shown}</span>" if shown else ""
    return (
        f'<span class="row"><input type="checkbox" data-name="{escape(key)}" '
        f'aria-label="Learn {escape(name)}"{ticked}>{before}'
        f'<span class="tag">{WORDS[verdict]}</span><b>{score}</b></span>'
    )


def _why(findings: Sequence[Finding]) -> str:
    lines = "".join(f"<li>{escape(finding.what)}; {escape(finding.advice)}</li>" for finding in findings)
    return f"<ul>{lines}</ul>" if lines else ""


def _framed(one: Judged, picture: str) -> str:
    """The photo with what is cut veiled, or within the padding that is put around it."""
    framing = one.framing
    (width, height), padding = framing.photo, framing.padding
    left, top, right, bottom = framing.box
    image, veil = f'<img alt="" src="{picture}">', ""
    if any(padding):
        width, height = framing.size
        image = f'<img alt="" style="{_inset(padding, width, height)}" src="{picture}">'
    elif framing.lost > 0.005:
        veil = f'<i style="{_inset((left, top, width - right, height - bottom), width, height)}"></i>'
    side = "width:100%" if width >= height else "height:100%"
    padded = " padded" if any(padding) else ""
    style = f"aspect-ratio:{width}/{height};{side}"
    return f'<span class="box"><span class="frame{padded}" style="{style}">{image}{veil}</span></span>'


def _inset(sides: tuple[float, float, float, float], width: int, height: int) -> str:
    left, top, right, bottom = sides
    inset = [100 * top / height, 100 * right / width, 100 * bottom / height, 100 * left / width]
    return "position:absolute;inset:" + " ".join(f"{part:.2f}%" for part in inset)


def photo_rank(photos: PhotoSet, left_out: Sequence[str]) -> int:
    """The rank that fits this set."""
    return photo_advice([photo.caption for photo in photos.without(left_out).photos]).rank


def rank_button(fits: int, rank: float | None) -> Any:
    """The button that sets the rank that fits, shown when the form says another."""
    return gr.update(visible=rank is not None and int(rank) != fits, value=f"Set rank {fits}")


@lru_cache(maxsize=4)
def texts_in(path: str) -> TextSet:
    """The texts of an upload, which nobody changes after it was checked. Raises DataError."""
    return TextSet.from_file(path)


def places(names: Sequence[str]) -> list[int]:
    """The places in the set of the texts that the page names."""
    return [int(name) for name in names if name.isascii() and name.isdigit()]


def text_rank(texts: TextSet, left_out: Sequence[str]) -> int:
    """The rank that fits this set."""
    return text_advice([sample.answer for sample in texts.without(places(left_out)).samples]).rank


def texts_verdict(texts: TextSet, left_out: Sequence[str], base: str = "") -> str:
    """What the set is worth to this base without what was left out, and which rank fits it."""
    kept = texts.without(places(left_out))
    report = kept.report(vocabulary_of(base))
    own = {id(finding) for one in report.judged for finding in one.findings}
    counted = Counter(finding.kind for one in report.judged for finding in one.findings)
    advice = text_advice([sample.answer for sample in kept.samples]).sentence
    tags = "".join(f"<span>{count} {escape(KINDS.get(kind, kind))}</span>" for kind, count in counted.items())
    inside = Markup(_summary(report.verdicts(), len(texts.samples) - len(kept.samples)))
    inside += Markup(f'<p class="tags">{tags}</p>' if tags else "")
    inside += pieces.finding_lines(pieces.worst_first([row for row in report.findings if id(row) not in own]))
    inside += pieces.good(advice)
    number = f"{report.texts} text{'s' if report.texts != 1 else ''}"
    return pieces.card(
        f"{number}: {_called(report.score, 'texts')}", inside, f"quality {report.score} of 100"
    )


def text_cards(texts: TextSet, left_out: Sequence[str]) -> str:
    """The texts that need a look, the worst first; each can be unticked."""
    report, out = texts.report(), set(places(left_out))
    rows = sorted((one for one in report.judged if one.findings), key=lambda one: one.score)
    if not rows:
        return ""
    shown = "".join(
        _text_card(one, texts.samples[one.index].answer, one.index in out) for one in rows[:MOST_SHOWN]
    )
    more = len(rows) - MOST_SHOWN
    rest = f'<p class="hint">and {more} more, better than these.</p>' if more > 0 else ""
    verdicts = report.verdicts()
    return f'{_head(verdicts["remove"], "remove")}<div class="texts">{shown}</div>{rest}'


def _text_card(one: JudgedText, answer: str, out: bool) -> str:
    name = escape(one.name.capitalize())
    return (
        f'<label class="photo {one.verdict}{" out" if out else ""}">'
        f"{_row(str(one.index), one.name, one.verdict, one.score, out, name)}"
        f'<span class="text">{escape(shortened(answer))}</span>{_why(one.findings)}</label>'
    )


def shortened(text: str) -> str:
    """Enough of a text to know it by."""
    text = " ".join(text.split())
    return text if len(text) <= QUOTED else text[: QUOTED - 1].rstrip() + "…"
