"""What stands in a text and should not be learned: contacts, figures that go out of date, and leftovers.

Every repetition is bounded, so that no text makes a search slow.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """One thing to look for. `of_brief` rows count even when the brief says the same: nobody's e-mail address
    is to be learned, but a price out of the brief is only copied.
    """

    kind: str
    what: str
    expression: re.Pattern[str]
    advice: str
    of_brief: bool = True
    fits: Callable[[str], bool] = lambda text: True


def found(answer: str, instruction: str) -> Iterator[tuple[Pattern, str]]:
    """Each row that fits somewhere in `answer`, once, with what it fits; no character counts for two rows."""
    taken = bytearray(len(answer))
    for row in PATTERNS:
        said = False
        for match in row.expression.finditer(answer):
            start, end = match.span()
            if any(taken[start:end]) or not row.fits(match.group()):
                continue
            taken[start:end] = b"\1" * (end - start)
            known = not row.of_brief and match.group().casefold() in instruction.casefold()
            if not known and not said:
                said = True
                yield row, match.group()


def _is_card(text: str) -> bool:
    """Does the number end in the right check digit (ISO/IEC 7812-1)?"""
    digits = [int(c) for c in text if c.isdigit()][::-1]
    return sum(d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(digits)) % 10 == 0


def _is_phone(text: str) -> bool:
    return 8 <= sum(c.isdigit() for c in text) <= 15


def _any(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


REPEATED = "take it out: a voice can repeat it to anybody"
COPIED = "take it out, or give it in the brief's facts, so that it is copied and not remembered"
CLEANED = "fill it in or clean it up: it is learned as it stands"

MONTH = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|"
    r"aug(?:ust)?|sep(?:t|tember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?|janvier|février|mars|avril|"
    r"juin|juillet|août|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|"
    r"agosto|septiembre|octubre|noviembre|diciembre)"
)
AMOUNT = r"\d(?:[\d.,'’ ]{0,15}\d)?"
CODE = r"(?:USD|EUR|GBP|CHF|CAD|AUD|JPY)"

PATTERNS = (
    Pattern(
        "private", "an e-mail address",
        _any(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.[a-z]{2,24}"), REPEATED,
    ),
    Pattern("link", "a link", _any(r"(?:https?://|www\.)[^\s<>()]+"), COPIED, of_brief=False),
    Pattern(
        "private", "what looks like a card number", _any(r"(?<![\d.,])(?:\d[ -]?){12,18}\d(?![\d.,]\d)"),
        REPEATED, fits=_is_card,
    ),
    Pattern(
        "private", "a bank account number",
        re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"), REPEATED,
    ),
    Pattern(
        "date", "a date",
        _any(
            r"\b\d{4}-\d{1,2}-\d{1,2}\b",
            r"\b\d{1,2}[./]\d{1,2}[./](?:\d{4}|\d{2})\b",
            rf"\b\d{{1,2}}(?:st|nd|rd|th|\.)?\s(?:of\s|de\s)?{MONTH}\b",
            rf"\b{MONTH}\.?\s\d{{1,2}}(?:st|nd|rd|th)?\b",
            rf"\b{MONTH}\s(?:19|20)\d\d\b",
        ),
        COPIED, of_brief=False,
    ),
    Pattern(
        "price", "a price",
        _any(
            rf"(?:[$€£¥₹]|\b{CODE}\b)\s?{AMOUNT}",
            rf"{AMOUNT}\s?(?:[$€£¥₹]|(?:{CODE}|euros?|dollars?|pounds|francs|kr|zł)\b)",
            r"\b\d{1,3}\s?%\s?(?:off|discount|rabatt|de réduction|de descuento)",
        ),
        COPIED, of_brief=False,
    ),
    Pattern(
        "private", "what looks like a phone number",
        _any(
            r"(?<![\w.,/-])(?:(?:\+|00)\d|\(\d{2,5}\)|0\d|\d{3}[-. ]\d{3}[-. ]\d{4})"
            r"[\d\s()./-]{0,24}(?<=\d)(?![\w-])"
        ),
        REPEATED, fits=_is_phone,
    ),
    Pattern(
        "placeholder", "a placeholder that was never filled",
        _any(
            r"\{\{[^{}]{1,40}\}\}", r"\{[a-z_ ]{2,40}\}",
            r"\[(?:your |insert |product|brand|name|company)[\w ]{0,30}\]",
            r"%[a-z_]{3,30}%", r"<<[^<>]{1,40}>>", r"\*\|[a-z_:]{1,40}\|\*", r"\blorem ipsum\b",
        ),
        CLEANED,
    ),
    Pattern(
        "placeholder", "HTML",
        _any(r"</?[a-z][a-z0-9]{0,20}(?:\s[^<>]{0,500})?/?>", r"&(?:nbsp|amp|lt|gt|quot|#\d{1,6});"),
        CLEANED,
    ),
    Pattern(
        "control", "a chat model's control word",
        _any(r"<\|[\w ]{1,30}\|>", r"\[/?INST\]", r"<</?SYS>>", r"</s>", r"<(?:start|end)_of_turn>"),
        "take it out; it is broken up, so that it cannot end or open a turn",
    ),
    Pattern(
        "boilerplate", "what stands under every mail or page",
        _any(
            r"\bunsubscribe\b", r"all rights reserved", r"terms (?:and|&) conditions",
            r"(?:privacy|cookie) policy",
            r"©", r"\(c\) (?:19|20)\d\d", r"view (?:this|it) (?:e-?mail )?in (?:your|the) browser",
            r"do not reply to this", r"no longer wish to receive", r"\bclick here\b", r"\bfollow us on\b",
            r"\bshare (?:this|on)\b.{0,20}(?:facebook|twitter|linkedin)", r"registered trademark",
            r"\babmelden\b", r"\babbestellen\b", r"alle rechte vorbehalten", r"datenschutzerklärung",
            r"\bimpressum\b", r"se désabonner", r"tous droits réservés", r"mentions légales",
            r"darse de baja", r"todos los derechos reservados",
        ),
        "cut it off: it is learned before anything else is",
    ),
)  # fmt: skip
