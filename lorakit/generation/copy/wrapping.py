"""The text itself, out of what a model wraps around it: introductions, marks, quotation marks, explanations.

What is taken away is listed in words; what cannot be told apart from the text is a fault, so that it is
written again. What a text owns stays: a quotation in it, hashtags, paragraphs, a note about the product.
"""

import html
import json
import re
from dataclasses import dataclass, field

from lorakit.generation.copy.channels import Channel
from lorakit.generation.copy.chatter import (
    AGREED,
    BEFORE_LABELS,
    CHATTER,
    OPTION,
    QUOTES,
    REPLY_LABELS,
    SPACELESS,
)
from lorakit.generation.copy.chatter_more import MORE_AGREED, MORE_CHATTER

ONE_LINE = 250  # characters; a channel of at most this many takes one line, but for messages and posts
LONGEST_LEAD = 220  # characters of a line that introduces a text


def _any(*names: str, spaceless: bool | None = None) -> str:
    """What any of these fields says in any language, or in those with or without spaces."""
    languages = CHATTER | MORE_CHATTER
    rows = [row for code, row in languages.items() if spaceless in (None, code in SPACELESS)]
    return "|".join(getattr(row, name) for row in rows for name in names)


def _words(*names: str) -> str:
    """The same, as whole words where a language has them."""
    return rf"(?:(?<![^\W_])(?:{_any(*names, spaceless=False)})(?![^\W_])|(?:{_any(*names, spaceless=True)}))"


_FLAGS = re.IGNORECASE
_YES, _HERE = _words("yes"), _words("here")
_FOR_YOU = (
    r"my (?:answer|response)\b|for you\b|you go\b|it is\b|\bone(?=[*_]*:)|you (?:asked|requested)|"
    r"(?:came|come) up with|how about this\b|my suggestion\b|"
    r"für (?:dich|sie)\b|pour (?:vous|toi)\b|para (?:ti|usted|você)\b|per te\b|voor (?:je|u)\b|dla ciebie"
)
_MARKS = r"[^\w\"“„«‹「『‘‚'¡¿@(]*"  # emoji, stars and the like before what a model says
YES_ALONE = re.compile(
    rf"\A{_MARKS}(?:{_YES}\s*[!.,:，。！]?\s*\n+|(?:{AGREED}|{MORE_AGREED})\s*[!！。]+)\s*", _FLAGS
)
LEAD = re.compile(
    rf"\A{_MARKS}(?P<yes>{_YES}(?:[^\n:：]{{0,90}}?[,!.;，！。–—-])?\s*)?"
    rf"{_HERE}(?P<rest>[^:：\n]{{0,{LONGEST_LEAD}}}?)"
    r"(?P<end>[:：][*_]*[ \t]*|(?:[.!。！][*_]*)?[ \t]*\n)\s*",
    _FLAGS,
)
FIRST_LINE = re.compile(r"\A[^\n]{1,160}(?:[:：][*_\s]*|→[ \t]*)\n\s*(?=\S)")
LABELLED = re.compile(rf"{_words('labels')}|{_FOR_YOU}", _FLAGS)
NAMED = re.compile(rf"{_words('labels', 'names')}|{_FOR_YOU}", _FLAGS)
SEVERAL = re.compile(
    r"\b(?:two|three|four|five|several|some|few|zwei|drei|fünf|einige|deux|trois|cinq|quelques|dos|tres|"
    r"cinco|"
    r"algunas|due|tre|cinque|alcune|dois|três|algumas|twee|drie|vijf|enkele|dwie|trzy|pięć|kilka|[2-9]|"
    r"10)\b|options|"
    r"versions|variants|variations|suggestions|ideas|vorschläge|varianten|いくつか|几个|幾個|[二三四五两]个",
    _FLAGS,
)
LABEL = re.compile(
    rf"\A{_MARKS}(?P<label>(?:{BEFORE_LABELS}[ -]){{0,4}}(?:{_any('labels')})|{REPLY_LABELS})"
    r"(?:\s*\([^()\n]{0,40}\))?"
    r"(?:[ \t]+(?:is|ist|est|es|è|é|(?:for|für|pour|para|per|voor|dla)[ ][^:：\n]{1,60}))?"
    r"[ \t]*[*_]*[ \t]*(?:[:：]|→|[-=]>)[*_]*\s*",
    _FLAGS,
)
LABEL_DASHED = re.compile(
    rf"\A{_MARKS}(?:{BEFORE_LABELS}[ -]){{1,4}}(?:{_any('labels')})[ \t]+[-–—][ \t]+", _FLAGS
)
OPTIONS = re.compile(
    rf"^[ \t]*[*_#>]*[ \t]*(?:(?P<word>{OPTION}[ \t]*#?[ \t]*(?:\d{{1,2}}|[A-E]|[一二三])[ \t]*[*_]*[ \t]*"
    r"(?:[:：.)–-]|$))"
    r"|(?P<number>\(?(?:\d{1,2}|(?P<letter>[A-E]))[.)、][ \t]|[①-⑨])|(?P<bullet>[-*•–][ \t]))[*_]*[ \t]*",
    _FLAGS | re.MULTILINE,
)
BYE = re.compile(rf"\A[\s*_(]*(?:{_any('bye')})", _FLAGS)
HEAD = re.compile(r"\A.{1,80}[:：][\s*_]*\Z", re.DOTALL)
MORE = re.compile(_any("more"), _FLAGS)
ABOUT = re.compile(rf"\A[\s*_(]*(?:{_any('about')})", _FLAGS)
SORRY = re.compile(rf"\A[\s*_\"“]*(?:{_any('sorry')})", _FLAGS)
SPEAKS_OF_TEXT = re.compile(_words("labels", "names", "unit"), _FLAGS)
_COUNT = (
    r"(?:~|≈|about|approx\.?|ca\.?|circa|exactly|genau|total:?|length:?)?\s*\d[\d.,]*\s*(?:/\s*\d+\s*)?"
    rf"(?:{_any('unit')})"
)
COUNTED = re.compile(
    rf"[ \t]*[(\[（【*_]+\s*{_COUNT}[^()\[\]\n（）]{{0,40}}[)\]）】*_]+[ \t]*(?=$|\n)", _FLAGS
)
COUNT_LINE = re.compile(rf"\n\s*[-–—*_(]*\s*{_COUNT}[.)*_]*\s*\Z|[ \t][-–—|][ \t]*{_COUNT}\.?\s*\Z", _FLAGS)
FENCE = re.compile(r"```[\w-]*[ \t]*\n?(.*?)(?:\n?[ \t]*```|\Z)", re.DOTALL)
RULE = re.compile(r"^[ \t]*(?:[-*_=~][ \t]*){3,}$", re.MULTILINE)
HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+(?=\S)(.*?)[ \t]*#*$", re.MULTILINE)
MARKED = re.compile(
    r"^([ \t]*)(\*\*\*|___|\*\*|__|\*|_|~~|==|`)(?=\S)((?:(?!\2).)+?)(?<=\S)\2([ \t]*)$", re.MULTILINE
)
TAGS = re.compile(r"\A<([a-z]\w*)>(.*)</\1>\Z|\A\\boxed\{(.*)\}\Z", re.DOTALL | _FLAGS)
LINE_TAG = re.compile(r"<br\s*/?>|</(?:p|div|li|ul|ol|h[1-6])\s*>", _FLAGS)
ITEM_TAG = re.compile(r"<li\b[^<>]*>", _FLAGS)
FORMAT_TAG = re.compile(
    r"</?(?:a|b|i|u|s|em|strong|small|mark|sup|sub|span|font|center|p|div|ul|ol|blockquote|code|"
    r"h[1-6])(?:\s[^<>]*)?/?>",
    _FLAGS,
)
TAG = re.compile(r"</?[a-z][a-z_]{2,30}(?:\s[^<>\n]*)?/?>", _FLAGS)
ENTITY = re.compile(r"&(?:quot|apos|amp|lt|gt|nbsp|#\d{2,5}|#x[\da-f]{2,4});", _FLAGS)
GAP = re.compile(
    r"\[(?:your|insert|add|company|brand|customer|recipient|first|last|product|name|link|url|website|date|"
    r"city|shop|"
    r"store|discount|promo|code|phone|ihre?|deine?|vorname|firma|datum|votre|prénom|nom|tu|su|nombre|"
    r"il tuo|nome)\b"
    r"[^\[\]\n]{0,40}\](?!\()|\{\{[^{}\n]{1,40}\}\}",
    _FLAGS,
)
ECHO = re.compile(r"\AWrite: .*\n(?:(?:Tone|For|Facts|Product): .*(?:\n|\Z))*", re.MULTILINE)


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


def unwrapped(text: str, row: Channel, facts: str = "") -> Unwrapped:
    """The text for `row` in a model's answer; `facts` is the brief, whose own words are never wrapping."""
    made = Unwrapped(text.strip())
    if SORRY.search(made.text):
        made.fault = "the model answered about the task instead of writing the text"
        return made
    for _ in range(4):
        before = made.text
        _unled(made, row)
        _unfenced(made)
        _unfollowed(made, row, facts)
        _one_option(made, row, facts)
        _unlabelled(made, row)
        _unmarked(made, row, facts)
        _uncounted(made, facts)
        _unquoted(made, row)
        if made.text == before:
            break
    if one_line(row) and "\n" in made.text:
        lines = [line for line in made.text.split("\n") if line.strip()]
        lines = [line for line in lines if not LABEL.fullmatch(f"{line}:")] or lines  # a name alone
        made.become(lines[0], f"all but the first of {len(lines)} lines", behind=True)
        _unquoted(made, row)
    made.fault = _fault(made.text, facts)
    return made


def one_line(row: Channel) -> bool:
    """Does this channel take a single line?"""
    return row.limit <= ONE_LINE and row.count == "characters"


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


def _unfenced(made: Unwrapped) -> None:
    if "```" in made.text and (fence := FENCE.search(made.text)) and fence[1].strip():
        made.become(fence[1], "a code block")
    if made.text[:1] in "{[" and (found := _from_json(made.text)):
        made.become(found, "a JSON frame")
    if tags := TAGS.match(made.text):
        made.become(tags[2] or tags[3] or "", "tags")
    lines = made.text.split("\n")
    if all(line.lstrip().startswith(">") for line in lines if line.strip()):
        made.become("\n".join(line.lstrip().removeprefix(">").lstrip() for line in lines), "quote marks")


def _from_json(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    while isinstance(found, dict | list) and found:
        found = next(iter(found.values())) if isinstance(found, dict) else found[0]
    return found if isinstance(found, str) else ""


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
    said = f"all but the first of {len(marks)} suggestions" if len(marks) > 1 else "a list mark"
    made.become(made.text[marks[0].end() : end], said, behind=len(marks) > 1)


def _own(mark: str, text: str, end: int, facts: str) -> bool:
    """Does what looks like a list mark belong to a name of the brief, as in "1. FC"?"""
    start = mark.strip()
    following = (text[end:].split() or [""])[0]
    return bool(start and start[0].isdigit()) and f"{start} {following}" in facts


def _unlabelled(made: Unwrapped, row: Channel) -> None:
    """Take away the name of the text before it. Of several parts the one asked for stays."""
    if row.id == "email":
        made.become(
            re.sub(r"^[*_#\s]*(subject)[ \t]*[*_]*:[*_]*[ \t]*", r"\1: ", made.text, count=1, flags=_FLAGS)
            if re.match(r"[*_#\s]+subject", made.text, _FLAGS)
            else made.text,
            "formatting marks",
        )
        return
    parts = re.split(r"\n+(?=[\s#*_]*(?:[\w-]+ ){0,4}[\w ]{3,30}[*_]*[:：])", made.text)
    labelled = [(label, part) for part in parts if (label := LABEL.match(part))]
    if len(labelled) > 1:
        wanted = row.field.lower().split()[-1]
        label, part = next(((lab, p) for lab, p in labelled if wanted in lab["label"].lower()), labelled[0])
        made.become(part[label.end() :], "other parts than the one asked for")
    elif label := LABEL.match(made.text) or LABEL_DASHED.match(made.text):
        made.become(made.text[label.end() :], "a label")


def _unmarked(made: Unwrapped, row: Channel, facts: str) -> None:
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
    made.become(RULE.sub("", text) if made.text != text else text, "formatting marks")


def _uncounted(made: Unwrapped, facts: str) -> None:
    for pattern in (COUNTED, COUNT_LINE):
        text = pattern.sub(lambda m: m.group() if _from_brief(m.group(), facts) else "", made.text)
        made.become(text, "a count of characters")


def _unquoted(made: Unwrapped, row: Channel) -> None:
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
            made.become(text[1:end], "what followed the quoted text", behind=True)
            return
    first = text[:1]
    if first in '"“„«「『' and not any(pair[1] in text[1:] for pair in QUOTES if pair[0] == first):
        made.become(text[1:], "an open quotation mark")


def _alone(inside: str, pair: str) -> bool:
    """No mark of this pair is inside, but for apostrophes in and behind words."""
    if pair[1] in "'’":
        inside = re.sub(r"(?<=\w)['’](?=\w)|(?<=s)['’](?=\s)", "", inside)
    return not any(mark in inside for mark in pair)


def _from_brief(snippet: str, facts: str) -> bool:
    return snippet.strip(" ()[]\n-–—|") in facts


def _fault(text: str, facts: str) -> str:
    """Why a text cannot be delivered as it is, if it still speaks of itself or holds what is no text."""
    if SORRY.search(text):
        return "the model answered about the task instead of writing the text"
    if "\ufffd" in text:
        return "it contains characters that cannot be read"
    if (tag := TAG.search(text)) and tag.group() not in facts:
        return f"it contains a tag, {tag.group()[:30]}"
    if (gap := GAP.search(text)) and gap.group() not in facts:
        return f"it has a gap to fill, {gap.group()}"
    counted = COUNTED.search(text)
    if (
        ((lead := _lead(text + "\n")) and LABELLED.search(lead.group()))
        or (counted and not _from_brief(counted.group(), facts))
        or "```" in text
        or _offers(re.split(r"\n+", text)[-1])
    ):
        return "it speaks about itself"
    return ""
