"""The text itself, out of what a model wraps around it: introductions, marks, quotation marks, explanations.

What is taken away is listed in words; what cannot be told apart from the text is a fault, so that it is
written again. What a text owns stays: a quotation in it, hashtags, paragraphs, a note about the product.
"""

import re

from lorakit.generation.copy.channels import Channel, one_line
from lorakit.generation.copy.unmarked import Unwrapped, from_brief, uncounted, unfenced, unmarked, unquoted
from lorakit.generation.copy.wrapping_patterns import (
    ABOUT,
    BYE,
    COUNTED,
    ECHO,
    FIRST_LINE,
    FLAGS,
    GAP,
    HEAD,
    LABEL,
    LABEL_DASHED,
    LABELLED,
    LEAD,
    MORE,
    NAMED,
    OPTIONS,
    RULE,
    SEVERAL,
    SORRY,
    SPEAKS_OF_TEXT,
    TAG,
    YES_ALONE,
)


def unwrapped(text: str, row: Channel, facts: str = "") -> Unwrapped:
    """The text for `row` in a model's answer; `facts` is the brief, whose own words are never wrapping."""
    made = Unwrapped(text.strip())
    if SORRY.search(made.text):
        made.fault = "the model commented on the task instead of writing the text"
        return made
    for _ in range(4):
        before = made.text
        _unled(made, row)
        unfenced(made)
        _unfollowed(made, row, facts)
        _one_option(made, row, facts)
        _unlabelled(made, row)
        unmarked(made, row, facts)
        uncounted(made, facts)
        unquoted(made, row)
        if made.text == before:
            break
    if one_line(row) and "\n" in made.text:
        lines = [line for line in made.text.split("\n") if line.strip()]
        lines = [line for line in lines if not LABEL.fullmatch(f"{line}:")] or lines  # a name alone
        made.become(lines[0], f"all but the first of {len(lines)} lines", behind=True)
        unquoted(made, row)
    made.fault = _fault(made.text, facts)
    return made


def _unled(made: Unwrapped, row: Channel) -> None:
    """Take away what announces the text. Where one line is asked for, a first one that ends with a colon
    announces the next in whatever language.
    """
    start = made.text
    made.become(ECHO.sub("", made.text), "the repeated brief")
    if lead := _lead(made.text):
        made.become(made.text[lead.end() :], "an introduction")
        made.several |= made.text != start and bool(SEVERAL.search(lead.group()))
    elif agreed := YES_ALONE.match(made.text):
        made.become(made.text[agreed.end() :], "an introduction")
    elif one_line(row) and (first := FIRST_LINE.match(made.text)):
        made.become(made.text[first.end() :], "an introduction")
    made.announced |= made.text != start


def _lead(text: str) -> re.Match[str] | None:
    """The introduction, if the text has one: it names the text, and a weak name is not enough alone."""
    lead = LEAD.match(text)
    if lead is None:
        return None
    if lead["end"][0] in ":：":
        return lead if NAMED.search(lead.group()) else None
    return lead if (NAMED if lead["yes"] else LABELLED).search(lead.group()) else None


def _unfollowed(made: Unwrapped, row: Channel, facts: str) -> None:
    """Take away what offers more or explains the text, behind it: whole paragraphs, then sentences."""
    paragraphs = re.split(r"\n\s*\n", RULE.sub("\n\n", made.text))
    # A heading over an explanation takes all that follows it along.
    heads = [i for i, part in enumerate(paragraphs) if i and ABOUT.match(part) and HEAD.search(part)]
    paragraphs = paragraphs[: heads[0]] if heads else paragraphs
    while len(paragraphs) > 1 and _is_chatter(paragraphs[-1], row, facts):
        paragraphs.pop()
    made.become(
        "\n\n".join(part.strip("\n") for part in paragraphs if part.strip()), "a closing remark", behind=True
    )
    lines = made.text.split("\n")
    while len(lines) > 1 and _is_chatter(lines[-1], row, facts):
        lines.pop()
    made.become("\n".join(lines), "a closing remark", behind=True)
    sentences = re.split(r"(?<=[.!?。！？])(?=\s+\S|[^\s\"'”’»」』)\d])", made.text)
    while len(sentences) > 1 and _offers(sentences[-1]):
        sentences.pop()
    made.become("".join(sentences), "a closing remark", behind=True)


def _is_chatter(part: str, row: Channel, facts: str) -> bool:
    """Does this paragraph speak about the text? A note about the product is a part of it."""
    if _offers(part):
        return True
    if not ABOUT.match(part) or part.strip() in facts:
        return False
    return one_line(row) or bool(SPEAKS_OF_TEXT.search(part))


def _offers(part: str) -> bool:
    return bool((bye := BYE.match(part)) and MORE.search(part, bye.start()))


def _one_option(made: Unwrapped, row: Channel, facts: str) -> None:
    """The first of several suggestions; in a channel of paragraphs a list belongs to the text."""
    marks = [m for m in OPTIONS.finditer(made.text) if not _own(m.group(), made.text, m.end(), facts)]
    if not marks or marks[0].start() > 0:
        return
    worded = [mark for mark in marks if mark["word"]]
    if worded:
        marks = worded
    elif not one_line(row) and not (made.several and marks[0]["number"]):
        return
    if len(marks) == 1 and marks[0]["letter"]:
        return  # an initial
    end = marks[1].start() if len(marks) > 1 else len(made.text)
    removed = f"all but the first of {len(marks)} suggestions" if len(marks) > 1 else "a bullet"
    made.become(made.text[marks[0].end() : end], removed, behind=len(marks) > 1)


def _own(mark: str, text: str, end: int, facts: str) -> bool:
    """Does what looks like a list mark belong to a name of the brief, as in "1. FC"?"""
    start = mark.strip()
    following = (text[end:].split() or [""])[0]
    return bool(start and start[0].isdigit()) and f"{start} {following}" in facts


def _unlabelled(made: Unwrapped, row: Channel) -> None:
    """Take away the name of the text before it. Of several parts the one asked for stays."""
    if row.id == "email":
        made.become(
            re.sub(r"^[*_#\s]*(subject)[ \t]*[*_]*:[*_]*[ \t]*", r"\1: ", made.text, count=1, flags=FLAGS)
            if re.match(r"[*_#\s]+subject", made.text, FLAGS)
            else made.text,
            "formatting",
        )
        return
    parts = re.split(r"\n+(?=[\s#*_]*(?:[\w-]+ ){0,4}[\w ]{3,30}[*_]*[:：])", made.text)
    labelled = [(label, part) for part in parts if (label := LABEL.match(part))]
    if len(labelled) > 1:
        wanted = row.field.lower().split()[-1]
        label, part = next(((lab, p) for lab, p in labelled if wanted in lab["label"].lower()), labelled[0])
        made.become(part[label.end() :], "parts that were not asked for")
    elif label := LABEL.match(made.text) or LABEL_DASHED.match(made.text):
        made.become(made.text[label.end() :], "a label")


def _fault(text: str, facts: str) -> str:
    """Why a text cannot be delivered as it is, if it still speaks of itself or holds what is no text."""
    if SORRY.search(text):
        return "the model commented on the task instead of writing the text"
    if "\ufffd" in text:
        return "it contains unreadable characters"
    if (tag := TAG.search(text)) and tag.group() not in facts:
        return f"it contains a tag, {tag.group()[:30]}"
    if (gap := GAP.search(text)) and gap.group() not in facts:
        return f"it has an unfilled gap, {gap.group()}"
    counted = COUNTED.search(text)
    if (
        ((lead := _lead(text + "\n")) and LABELLED.search(lead.group()))
        or (counted and not from_brief(counted.group(), facts))
        or "```" in text
        or _offers(re.split(r"\n+", text)[-1])
    ):
        return "it talks about itself"
    return ""
