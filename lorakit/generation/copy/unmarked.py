"""A text without the marks around it: fences, JSON, headings, quotation marks, counts of characters."""

import html
import json
import re
from dataclasses import dataclass, field

from lorakit.generation.copy.channels import Channel, one_line
from lorakit.generation.copy.chatter import QUOTES
from lorakit.generation.copy.wrapping_patterns import (
    COUNT_LINE,
    COUNTED,
    ENTITY,
    FENCE,
    FORMAT_TAG,
    HEADING,
    ITEM_TAG,
    LINE_TAG,
    MARKED,
    RULE,
    TAGS,
)


@dataclass
class Unwrapped:
    """The text, what was taken away around it, and why it cannot be delivered, if it cannot."""

    text: str
    removed: list[str] = field(default_factory=list)
    fault: str = ""
    announced: bool = False  # there was an introduction ...
    several: bool = False  # ... to several texts
    cut_behind: bool = False  # something behind the text went, so the text itself had come to its end

    def become(self, text: str, removed: str, behind: bool = False) -> None:
        """Take over `text` if it is something else, and say what it has lost."""
        text = text.strip()
        if text and text != self.text:
            self.text = text
            self.cut_behind |= behind
            if removed and removed not in self.removed:
                self.removed.append(removed)


def unfenced(made: Unwrapped) -> None:
    if "```" in made.text and (fence := FENCE.search(made.text)) and fence[1].strip():
        made.become(fence[1], "a code block")
    if made.text[:1] in "{[" and (found := _from_json(made.text)):
        made.become(found, "a JSON frame")
    if tags := TAGS.match(made.text):
        made.become(tags[2] or tags[3] or "", "tags")
    lines = made.text.split("\n")
    if all(line.lstrip().startswith(">") for line in lines if line.strip()):
        made.become("\n".join(line.lstrip().removeprefix(">").lstrip() for line in lines), "quotation marks")


def _from_json(text: str) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return ""
    while isinstance(value, dict | list) and value:
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return value if isinstance(value, str) else ""


def unmarked(made: Unwrapped, row: Channel, facts: str) -> None:
    text = made.text
    if ENTITY.search(text) and not ENTITY.search(facts):
        text = html.unescape(text)
    if text.startswith('\\"'):
        text = text.replace('\\"', '"')
    if FORMAT_TAG.search(text) or LINE_TAG.search(text):
        text = FORMAT_TAG.sub("", ITEM_TAG.sub("- ", LINE_TAG.sub(" " if one_line(row) else "\n", text)))
    text = HEADING.sub(r"\1", text)
    for _ in range(3):
        text = MARKED.sub(r"\1\3\4", text)
    for mark in ("**", "__"):
        if text.count(mark) % 2 and (text.startswith(mark) or text.endswith(mark)):
            text = text.removeprefix(mark) if text.startswith(mark) else text.removesuffix(mark)
    made.become(RULE.sub("", text) if made.text != text else text, "formatting")


def uncounted(made: Unwrapped, facts: str) -> None:
    for pattern in (COUNTED, COUNT_LINE):
        text = pattern.sub(lambda m: m.group() if from_brief(m.group(), facts) else "", made.text)
        made.become(text, "a character count")


def unquoted(made: Unwrapped, row: Channel) -> None:
    """Take away quotation marks around the whole text, and what follows an announced quotation."""
    text = made.text
    for pair in QUOTES:
        opening, closing = pair[0], pair[1]
        bare = text.rstrip(".,")
        if len(bare) > 2 and bare[0] == opening and bare[-1] == closing and _alone(bare[1:-1], pair):
            ended = text[len(bare) :] if not re.search(r"[.!?…]$", bare[:-1]) else ""
            made.become(bare[1:-1].strip() + ended.replace(",", ""), "quotation marks")
            return
        if made.announced and one_line(row) and text[:1] == opening and (end := text.find(closing, 1)) > 1:
            made.become(text[1:end], "text after the quotation", behind=True)
            return
    first = text[:1]
    if first in '"“„«「『' and not any(pair[1] in text[1:] for pair in QUOTES if pair[0] == first):
        made.become(text[1:], "an open quotation mark")


def _alone(inside: str, pair: str) -> bool:
    """No mark of this pair is inside, but for apostrophes in and behind words."""
    if pair[1] in "'’":
        inside = re.sub(r"(?<=\w)['’](?=\w)|(?<=s)['’](?=\s)", "", inside)
    return not any(mark in inside for mark in pair)


def from_brief(snippet: str, facts: str) -> bool:
    return snippet.strip(" ()[]\n-–—|") in facts
