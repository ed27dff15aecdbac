"""The quality check on the page: a card for each photo or text. Nothing is left out but by a person."""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit.data.findings import Finding
from lorakit.ui.parts import pieces
from lorakit.ui.parts.pieces import QUIET
from lorakit.ui.parts.scripts import script

MOST_SHOWN = 120  # cards: those with problems first
MOST_SENT = 10_000  # names that a browser may send
WORDS = {"keep": "Keep", "retake": "Retake", "edit": "Edit", "remove": "Leave out"}
VERBS = {"keep": "keep", "retake": "retake", "edit": "edit", "remove": "leave out"}
GOOD, USABLE = 70, 40  # of 100 points: what a set's score is called


def grid(name: str, left_out: gr.State) -> gr.HTML:
    """The cards, none yet; `left_out` gets the names of those that were unticked. `name`: of the element."""
    cards = gr.HTML(js_on_load=script("gate"), elem_classes="gate", elem_id=name)
    sent = {"js": script("gate-left-out", GRID=name), "trigger_mode": "always_last"}
    cards.input(received, [cards], [left_out], **sent, **QUIET)
    return cards


def received(sent: Any) -> list[str]:
    """The names that the page sent; anything else that a browser may send is left out."""
    return [str(name)[:1000] for name in sent[:MOST_SENT]] if isinstance(sent, list) else []


def rank_button(fits: int, rank: float | None) -> Any:
    """The button that sets the rank that fits, shown when the form says another."""
    return gr.update(visible=rank is not None and int(rank) != fits, value=f"Use rank {fits}")


def verdict_card(number: int, what: str, score: int, inside: Markup) -> Markup:
    """What a set of `number` photos or texts (`what`, for one) is worth."""
    plural = f"{what}s"
    called = "ready to train" if score >= GOOD else "usable, with the issues below"
    if score < USABLE:
        called = f"better {plural} needed"
    title = f"{number} {what if number == 1 else plural}: {called}"
    return pieces.card(title, inside, f"quality {score} of 100")


def summary(verdicts: dict[str, int], out: int) -> Markup:
    """How many of each verdict, and how many a person left out."""
    counts = ", ".join(f"{count} to {VERBS[name]}" for name, count in verdicts.items() if count)
    counts += f"; {out} left out by you" if out else ""
    return pieces.hint(f"{counts}.")


def rows_of_all(findings: Sequence[Finding], of_one: Sequence[Finding]) -> list[Finding]:
    """The findings that stand on no card, the worst first."""
    own = {id(finding) for finding in of_one}
    return [finding for finding in findings if id(finding) not in own]


def cards(shown: Sequence[Markup], number: int, doubtful: int, layout: str) -> Markup:
    """The first of `number` cards, below what leaves out the `doubtful` ones in one click. `layout`: the
    class of what they stand in.
    """
    more = number - len(shown)
    rest = pieces.hint(f"…and {more} more with higher scores." if more > 0 else "")
    return Markup('{}<div class="{}">{}</div>{}').format(_head(doubtful), layout, Markup().join(shown), rest)


def _head(doubtful: int) -> Markup:
    buttons = Markup()
    if doubtful:
        buttons = _all(".photo.remove", "off", f"Leave out the {doubtful} in red")
        buttons += _all(".photo", "on", "Keep all")
    hint = "Untick anything you don’t want to train on."
    return Markup('<div class="gate-head"><span>{}</span>{}</div>').format(hint, buttons)


def _all(which: str, to: str, words: str) -> Markup:
    return Markup('<button class="small" data-all="{}" data-to="{}">{}</button>').format(which, to, words)


def card(verdict: str, out: bool, title: str, parts: Sequence[Markup]) -> Markup:
    """One card. `title`: what a mouse that rests on it is told."""
    style = f"{verdict} out" if out else verdict
    return Markup('<label class="photo {}" title="{}">{}</label>').format(style, title, Markup().join(parts))


def row(key: str, name: str, verdict: str, score: int, out: bool, shown: str = "") -> Markup:
    """A card's box to tick, with the verdict and the score. `key`: what the page sends for it."""
    before = Markup("<span>{}</span>").format(shown) if shown else ""
    box = Markup('<input type="checkbox" data-name="{}" aria-label="Train on {}"{}>')
    ticked = box.format(key, name, "" if out else " checked")
    line = Markup('<span class="row">{}{}<span class="tag">{}</span><b>{}</b></span>')
    return line.format(ticked, before, WORDS[verdict], score)


def why(findings: Sequence[Finding]) -> Markup:
    """What is wrong with one, and what to do."""
    lines = [Markup("<li>{}; {}</li>").format(finding.what, finding.advice) for finding in findings]
    return Markup("<ul>{}</ul>").format(Markup().join(lines)) if lines else Markup()
