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
        reported = False
        for match in row.expression.finditer(answer):
            start, end = match.span()
            if any(taken[start:end]) or not row.fits(match.group()):
                continue
            taken[start:end] = b"\1" * (end - start)
            known = not row.of_brief and match.group().casefold() in instruction.casefold()
            if not known and not reported:
                reported = True
                yield row, match.group()


def _is_card(text: str) -> bool:
    """Does the number end in the right check digit (ISO/IEC 7812-1)?"""
    digits = [int(c) for c in text if c.isdigit()][::-1]
    return sum(d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(digits)) % 10 == 0


def _is_phone(text: str) -> bool:
    return 8 <= sum(c.isdigit() for c in text) <= 15


def _any(*parts: str) -> re.Pattern[str]:
    return re.compile("|".join(parts), re.IGNORECASE)


REPEATED = "remove it: the voice could repeat it to anyone"
COPIED = "remove it, or put it in the brief's facts so it isn't memorised"
CLEANED = "fill it in or clean it up: it is learned as it is"

MONTH = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli|"
    r"aug(?:ust)?|sep(?:t|tember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?|janvier|février|mars|avril|"
    r"juin|juillet|août|septembre|octobre|novembre|décembre|enero|febrero|marzo|abril|mayo|junio|julio|"
    r"agosto|septiembre|octubre|noviembre|diciembre)"
)
# What a short-lived offer ends with; alone, these words are no date ("Sunday coffee").
UNTIL = r"(?:ends?|ending|until|till|by|before|last chance|noch bis|nur bis|bis|jusqu'(?:à|au)|hasta)"
DAY = (
    r"(?:(?:this|next|coming)\s)?(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|today|tonight|midnight|"
    r"(?:the\s)?(?:end\sof\s)?(?:this|the|next)\s(?:week(?:end)?|month|year|spring|summer|autumn|winter|"
    r"holidays)|christmas|easter|new year|\d{1,2}/\d{1,2}|\d{1,2}(?:st|nd|rd|th)|20\d\d|weihnachten|"
    r"(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch|morgen|mitternacht|demain|dimanche|mañana|domingo"
)
# Endings of addresses that are no words, so that a missing space after a full stop makes none.
ENDINGS = r"(?:com|net|org|io|shop|store|eu|de|fr|nl|dk|fi|pl|info|biz|app|co\.uk|com\.\w\w)"
AMOUNT = r"\d(?:[\d.,'’ ]{0,15}\d)?"
CODE = r"(?:USD|EUR|GBP|CHF|CAD|AUD|JPY)"

PATTERNS = (
    Pattern(
        "private", "an email address",
        _any(r"(?<![\w.+-])[\w.+-]{1,64}\s?@\s?[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\.[a-z]{2,24}"), REPEATED,
    ),
    Pattern(
        "private", "a spelt-out email address",
        _any(
            r"(?<![\w.+-])[\w.+-]{1,64}\s?[(\[{]\s?at\s?[)\]}]\s?[\w-]{1,63}"
            r"(?:(?:\.|\s?[(\[{]\s?dot\s?[)\]}]\s?)[\w-]{1,63}){1,4}",
            r"\b[\w.+-]{1,64}\sat\s[\w-]{1,63}\sdot\s[a-z]{2,24}\b",
        ),
        REPEATED,
    ),
    Pattern(
        "link", "a link",
        _any(
            r"(?:https?://|www\.)[^\s<>()]+",
            rf"(?<![\w.@-])(?:[a-z0-9][a-z0-9-]{{1,62}}\.){{1,4}}{ENDINGS}\b(?:/[^\s<>()]*)?",
            r"(?<![\w.@-])[a-z0-9-]{2,63}\.[a-z]{2,6}/[\w-][^\s<>()]*",
        ),
        COPIED, of_brief=False,
    ),
    Pattern(
        "private", "a possible card number", _any(r"(?<![\d.,])(?:\d[ -]?){12,18}\d(?![\d.,]\d)"),
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
            r"\b(?:q[1-4]|spring|summer|autumn|fall|winter|frühling|sommer|herbst)\s20\d\d\b",
            r"\b(?:am|bis|vom)\s\d{1,2}\.\s?\d{1,2}\.", r"\b(?:0[1-9]|1[0-2])\.20\d\d\b",
        ),
        COPIED, of_brief=False,
    ),
    Pattern("date", "a date that will pass", _any(rf"\b{UNTIL}\s(?:{DAY})\b"), COPIED, of_brief=False),
    Pattern(
        "price", "a price",
        _any(
            rf"(?:[$€£¥₹]|\b(?:{CODE}|kr|rs)\b\.?)\s?{AMOUNT}",
            rf"{AMOUNT}\s?(?:[$€£¥₹]|:-|(?:{CODE}|euros?|dollars?|pounds|francs|kr|zł|quid|bucks|cents?)\b)",
            r"(?<![\w.,])\d\d?p\b",
            r"\b\d{1,4}(?:[.,][-–—](?!\w)|,–)",
            r"\b\d{1,3}\s?(?:%|percent|per cent|prozent)\s?(?:off|discount|rabatt|de réduction|de descuento)",
            r"(?<![\w-])[-–−]\d{1,2}\s?%",
            r"\bhalf[- ]price\b|\b(?:two|2|three|3) for (?:one|1|two|2)\b",
            r"\bbuy one,? get one\b", r"\bzum halben preis\b",
        ),
        COPIED, of_brief=False,
    ),
    Pattern(
        "private", "a possible phone number",
        _any(
            r"(?<![\w.,/-])(?:(?:\+|00)\d|\(\d{2,5}\)|0\d|(?:1[-. ])?\d{3}[-. ]\d{3}[-. ]\d{4})"
            r"[\d\s()./-]{0,24}(?<=\d)(?![\w-])",
            r"(?<![\w.,/-])\d\d \d\d \d\d \d\d(?! ?\d)",
            r"\b(?:call|phone|tel|telefon|whatsapp|fax|sms|mobile?)[.:]?\s\+?\d[\d\s()./-]{5,24}(?<=\d)(?![\w-])",
        ),
        REPEATED, fits=_is_phone,
    ),
    Pattern(
        "placeholder", "an unfilled placeholder",
        _any(
            r"\{\{[^{}]{1,40}\}\}", r"\{[a-z_ ]{2,40}\}",
            r"\[(?:your |insert |product|brand|name|company)[\w ]{0,30}\]",
            r"%[a-z_]{3,30}%", r"<<[^<>]{1,40}>>", r"\*\|[a-z_:]{1,40}\|\*", r"\blorem ipsum\b",
        ),
        CLEANED,
    ),
    Pattern(
        "placeholder", "an unfilled gap",
        re.compile(r"\b(?:XX+|TBD|TBC|TODO|FIXME)\b|\[[A-Z][A-Z _]{1,30}\]|\$[A-Z_]{3,30}\b|_{3,}"), CLEANED,
    ),
    Pattern(
        "placeholder", "HTML",
        _any(r"</?[a-z][a-z0-9]{0,20}(?:\s[^<>]{0,500})?/?>", r"&(?:[a-z]{2,8}|#\d{1,6});"),
        CLEANED,
    ),
    Pattern(
        "control", "a chat control token",
        _any(r"<\|[\w ]{1,30}\|>", r"\[/?INST\]", r"<</?SYS>>", r"</s>", r"<(?:start|end)_of_turn>"),
        "remove it; it is split up, so it can't start or end a turn",
    ),
    Pattern(
        "boilerplate", "boilerplate from an email or page footer",
        _any(
            r"\bunsubscribe\b", r"all rights reserved", r"terms (?:and|&) conditions",
            r"(?:privacy|cookie) policy",
            r"©", r"\(c\) (?:19|20)\d\d", r"view (?:this|it) (?:e-?mail )?in (?:your|the) browser",
            r"do not reply to this", r"no longer wish to receive", r"\bclick here\b", r"\bfollow us on\b",
            r"\bshare (?:this|on)\b.{0,20}(?:facebook|twitter|linkedin)", r"registered trademark",
            r"all prices includ\w+", r"\bcopyright (?:19|20)\d\d",
            r"(?:manage|update) your (?:e-?mail )?preferences",
            r"no longer want these", r"(?:message|e-?mail) is confidential", r"\bdownload (?:our|the) app\b",
            r"cookie settings|accept (?:all )?cookies",
            r"\b(?:like and subscribe|subscribe to (?:our|the))\b",
            r"\bpowered by [A-Z]\w+", r"\badd to (?:cart|basket|bag)\b", r"\blog in to your\b",
            r"in den warenkorb", r"ajouter au panier", r"inkl\. mwst",
            r"\bsent from my \w+", r"\byou(?: are)? receiv(?:e|ed|ing) this\b",
            r"\bfree (?:shipping|delivery)\b",
            r"\bwhile (?:stocks?|supplies) lasts?\b", r"\bkostenloser versand\b", r"\blivraison gratuite\b",
            r"\bsolange der vorrat reicht\b", r"\benvío gratis\b", r"\babmelden\b", r"\babbestellen\b",
            r"alle rechte vorbehalten", r"datenschutzerklärung",
            r"\bimpressum\b", r"se désabonner", r"tous droits réservés", r"mentions légales",
            r"darse de baja", r"todos los derechos reservados",
        ),
        "remove it: it would be learned first of all",
    ),
)  # fmt: skip
