"""A model's answer as a draft, and a draft as the copy that is delivered; what was done to it is said."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from lorakit.families.answers import taken_apart
from lorakit.generation.copy.brief import Brief
from lorakit.generation.copy.channels import (
    Channel,
    count,
    cut_for,
    is_over,
    limit_of,
)
from lorakit.generation.copy.cutting import SENTENCE_END, cut
from lorakit.generation.copy.naming import respelled, strangers
from lorakit.generation.copy.wrapping import unwrapped

PLAIN_MARKS = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "\u00a0": " "}
)
EMPTY = "the model wrote nothing; try another seed or brief"
THOUGHT = "the model reasoned but wrote no text; try another seed, or a base model that answers directly"


@dataclass(frozen=True)
class Copy:
    """One variant. `fits`: it can be used as it is; `note` says what was done to it, or what is wrong."""

    text: str
    characters: int
    limit: int
    fits: bool
    note: str = ""


@dataclass(frozen=True)
class Draft:
    """An answer as it was read: the text, what was taken away around it, and what is wrong with it."""

    text: str
    removed: tuple[str, ...] = ()
    fault: str = ""
    thinking: bool = False  # it holds a thought and no text
    ended: bool = True  # room did not run out in it
    stopped: bool = False  # the person did not wait for the end
    retried: str = ""  # what was wrong with the draft in whose place it stands

    def faults(self, row: Channel) -> int:
        """How much is wrong: no text, no copy, no end, too long; 0 when nothing is."""
        return (
            64 * (not self.text) + 32 * bool(self.fault) + 8 * (not self.ended) + 4 * is_over(self.text, row)
        )

    def why(self, row: Channel) -> str:
        """The worst that is wrong with it, in words."""
        if self.thinking:
            return "was reasoning without a text"
        if not self.text:
            return "was empty"
        if self.fault:
            return "contained more than the text"
        if not self.ended:
            return "broke off"
        return "was too long" if is_over(self.text, row) else ""


def read(answer: str, row: Channel, brief: Brief) -> Draft:
    """What a model answered, without its thoughts, the next turn and what it wrapped around the text."""
    parts = taken_apart(str(answer))
    ended = getattr(answer, "ended", True) or parts.ended
    if not parts.answer.strip():
        return Draft("", thinking=getattr(answer, "thinking", False) or parts.thinking, ended=True)
    text = parts.answer.rstrip("\ufffd")
    if row.count == "sms":
        text = text.translate(PLAIN_MARKS)
    made = unwrapped(text, row, "\n".join((brief.full_name, brief.facts, brief.audience)))
    return Draft(made.text, tuple(made.removed), made.fault, ended=ended or made.cut_behind)


def delivered(draft: Draft, row: Channel, brief: Brief, known: Callable[[str], bool]) -> Copy:
    """The copy that comes of a draft. It fits when nothing is wrong with it."""
    if draft.stopped:
        return _copy(taken_apart(draft.text).answer, row, False, ["stopped"])
    if not draft.text:
        return _copy("", row, False, [THOUGHT if draft.thinking else EMPTY])
    notes = [f"rewritten, because the first attempt {draft.retried}"] if draft.retried else []
    notes += [f"removed: {', '.join(draft.removed)}"] if draft.removed else []
    text = respelled(draft.text, brief.full_name, known)
    notes += ["the spelling of the name was corrected"] if text != draft.text else []
    if "\ufffd" in text:
        text = re.sub(r" ?\ufffd+", "", text)
        notes.append("unreadable characters were removed")
    text, whole, note = _cut(draft, text, row)
    notes += note
    brief_text = " ".join((brief.full_name, brief.facts, brief.audience))
    notes += [f"“{name}” is not in the brief" for name in strangers(text, brief.full_name, brief_text)]
    if draft.fault:
        notes.append(f"needs checking: {draft.fault}")
    if row.shown and count(text, row) > row.shown:
        notes.append(f"the first {row.shown} characters show at once")
    return _copy(text, row, bool(text) and whole and not draft.fault, notes)


def _cut(draft: Draft, text: str, row: Channel) -> tuple[str, bool, list[str]]:
    """The text within its limit and up to where it is whole; is it, and what is to be said."""
    if is_over(text, row):
        made, note = cut_for(text, row), f"shortened from {count(text, row):,} characters"
    elif not draft.ended and not SENTENCE_END.search(text, max(0, len(text) - 3)):
        # It broke off, perhaps within a word, so that its last place is never the end of a phrase.
        made, note = (
            cut(text + "x", lambda part: len(part) <= len(text)),
            "cut off, because the model ran out of tokens",
        )
    else:
        return text, True, []
    if not made.whole:
        return made.text, False, [f"{note}, mid-phrase"]
    return made.text, True, [f"{note}, which leaves little text" if made.little else note]


def _copy(text: str, row: Channel, fits: bool, notes: list[str]) -> Copy:
    return Copy(text, count(text, row), limit_of(text, row), fits, "; ".join(notes))
