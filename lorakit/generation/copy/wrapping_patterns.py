"""What models put around a text, as patterns built from the words of their languages (`chatter`)."""

import re

from lorakit.generation.copy.chatter import (
    AGREED,
    BEFORE_LABELS,
    MORE_AGREED,
    OPTION,
    REPLY_LABELS,
    SPACELESS,
)
from lorakit.generation.copy.chatter_europe import EUROPEAN
from lorakit.generation.copy.chatter_main import MOST_USUAL
from lorakit.generation.copy.chatter_world import OTHERS

LONGEST_LEAD = 220  # characters of a line that introduces a text


def _any(*names: str, spaceless: bool | None = None) -> str:
    """What any of these fields says in any language, or in those with or without spaces."""
    languages = MOST_USUAL | EUROPEAN | OTHERS
    rows = [row for code, row in languages.items() if spaceless in (None, code in SPACELESS)]
    return "|".join(getattr(row, name) for row in rows for name in names)


def _words(*names: str) -> str:
    """The same, as whole words where a language has them."""
    return rf"(?:(?<![^\W_])(?:{_any(*names, spaceless=False)})(?![^\W_])|(?:{_any(*names, spaceless=True)}))"


FLAGS = re.IGNORECASE
_YES, _HERE = _words("yes"), _words("here")
_FOR_YOU = (
    r"my (?:answer|response)\b|for you\b|you go\b|it is\b|\bone(?=[*_]*:)|you (?:asked|requested)|"
    r"(?:came|come) up with|how about this\b|my suggestion\b|"
    r"für (?:dich|sie)\b|pour (?:vous|toi)\b|para (?:ti|usted|você)\b|per te\b|voor (?:je|u)\b|dla ciebie"
)
_MARKS = r"[^\w\"“„«‹「『‘‚'¡¿@(]*"  # emoji, stars and the like before what a model says
YES_ALONE = re.compile(
    rf"\A{_MARKS}(?:{_YES}\s*[!.,:，。！]?\s*\n+|(?:{AGREED}|{MORE_AGREED})\s*[!！。]+)\s*", FLAGS
)
LEAD = re.compile(
    rf"\A{_MARKS}(?P<yes>{_YES}(?:[^\n:：]{{0,90}}?[,!.;，！。–—-])?\s*)?"
    rf"{_HERE}(?P<rest>[^:：\n]{{0,{LONGEST_LEAD}}}?)"
    r"(?P<end>[:：][*_]*[ \t]*|(?:[.!。！][*_]*)?[ \t]*\n)\s*",
    FLAGS,
)
FIRST_LINE = re.compile(r"\A[^\n]{1,160}(?:[:：][*_\s]*|→[ \t]*)\n\s*(?=\S)")
LABELLED = re.compile(rf"{_words('labels')}|{_FOR_YOU}", FLAGS)
NAMED = re.compile(rf"{_words('labels', 'names')}|{_FOR_YOU}", FLAGS)
SEVERAL = re.compile(
    r"\b(?:two|three|four|five|several|some|few|zwei|drei|fünf|einige|deux|trois|cinq|quelques|dos|tres|"
    r"cinco|"
    r"algunas|due|tre|cinque|alcune|dois|três|algumas|twee|drie|vijf|enkele|dwie|trzy|pięć|kilka|[2-9]|"
    r"10)\b|options|"
    r"versions|variants|variations|suggestions|ideas|vorschläge|varianten|いくつか|几个|幾個|[二三四五两]个",
    FLAGS,
)
LABEL = re.compile(
    rf"\A{_MARKS}(?P<label>(?:{BEFORE_LABELS}[ -]){{0,4}}(?:{_any('labels')})|{REPLY_LABELS})"
    r"(?:\s*\([^()\n]{0,40}\))?"
    r"(?:[ \t]+(?:is|ist|est|es|è|é|(?:for|für|pour|para|per|voor|dla)[ ][^:：\n]{1,60}))?"
    r"[ \t]*[*_]*[ \t]*(?:[:：]|→|[-=]>)[*_]*\s*",
    FLAGS,
)
LABEL_DASHED = re.compile(
    rf"\A{_MARKS}(?:{BEFORE_LABELS}[ -]){{1,4}}(?:{_any('labels')})[ \t]+[-–—][ \t]+", FLAGS
)
OPTIONS = re.compile(
    rf"^[ \t]*[*_#>]*[ \t]*(?:(?P<word>{OPTION}[ \t]*#?[ \t]*(?:\d{{1,2}}|[A-E]|[一二三])[ \t]*[*_]*[ \t]*"
    r"(?:[:：.)–-]|$))"
    r"|(?P<number>\(?(?:\d{1,2}|(?P<letter>[A-E]))[.)、][ \t]|[①-⑨])|(?P<bullet>[-*•–][ \t]))[*_]*[ \t]*",
    FLAGS | re.MULTILINE,
)
BYE = re.compile(rf"\A[\s*_(]*(?:{_any('bye')})", FLAGS)
HEAD = re.compile(r"\A.{1,80}[:：][\s*_]*\Z", re.DOTALL)
MORE = re.compile(_any("more"), FLAGS)
ABOUT = re.compile(rf"\A[\s*_(]*(?:{_any('about')})", FLAGS)
SORRY = re.compile(rf"\A[\s*_\"“]*(?:{_any('sorry')})", FLAGS)
SPEAKS_OF_TEXT = re.compile(_words("labels", "names", "unit"), FLAGS)
_COUNT = (
    r"(?:~|≈|about|approx\.?|ca\.?|circa|exactly|genau|total:?|length:?)?\s*\d[\d.,]*\s*(?:/\s*\d+\s*)?"
    rf"(?:{_any('unit')})"
)
COUNTED = re.compile(
    rf"[ \t]*[(\[（【*_]+\s*{_COUNT}[^()\[\]\n（）]{{0,40}}[)\]）】*_]+[ \t]*(?=$|\n)", FLAGS
)
COUNT_LINE = re.compile(rf"\n\s*[-–—*_(]*\s*{_COUNT}[.)*_]*\s*\Z|[ \t][-–—|][ \t]*{_COUNT}\.?\s*\Z", FLAGS)
FENCE = re.compile(r"```[\w-]*[ \t]*\n?(.*?)(?:\n?[ \t]*```|\Z)", re.DOTALL)
RULE = re.compile(r"^[ \t]*(?:[-*_=~][ \t]*){3,}$", re.MULTILINE)
HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+(?=\S)(.*?)[ \t]*#*$", re.MULTILINE)
MARKED = re.compile(
    r"^([ \t]*)(\*\*\*|___|\*\*|__|\*|_|~~|==|`)(?=\S)((?:(?!\2).)+?)(?<=\S)\2([ \t]*)$", re.MULTILINE
)
TAGS = re.compile(r"\A<([a-z]\w*)>(.*)</\1>\Z|\A\\boxed\{(.*)\}\Z", re.DOTALL | FLAGS)
LINE_TAG = re.compile(r"<br\s*/?>|</(?:p|div|li|ul|ol|h[1-6])\s*>", FLAGS)
ITEM_TAG = re.compile(r"<li\b[^<>]*>", FLAGS)
FORMAT_TAG = re.compile(
    r"</?(?:a|b|i|u|s|em|strong|small|mark|sup|sub|span|font|center|p|div|ul|ol|blockquote|code|"
    r"h[1-6])(?:\s[^<>]*)?/?>",
    FLAGS,
)
TAG = re.compile(r"</?[a-z][a-z_]{2,30}(?:\s[^<>\n]*)?/?>", FLAGS)
ENTITY = re.compile(r"&(?:quot|apos|amp|lt|gt|nbsp|#\d{2,5}|#x[\da-f]{2,4});", FLAGS)
GAP = re.compile(
    r"\[(?:your|insert|add|company|brand|customer|recipient|first|last|product|name|link|url|website|date|"
    r"city|shop|"
    r"store|discount|promo|code|phone|ihre?|deine?|vorname|firma|datum|votre|prénom|nom|tu|su|nombre|"
    r"il tuo|nome)\b"
    r"[^\[\]\n]{0,40}\](?!\()|\{\{[^{}\n]{1,40}\}\}",
    FLAGS,
)
ECHO = re.compile(r"\AWrite: .*\n(?:(?:Tone|For|Facts|Product): .*(?:\n|\Z))*", re.MULTILINE)
