"""Telling in which encoding a file of text is, from its bytes alone.

A mark at its start, zero bytes and valid UTF-8 settle it. What is left are the encodings of one region each:
every one is tried, and the text taken whose letters are those of a language written in it. Not covered:
encodings with shift states but ISO-2022-JP, EBCDIC, Vietnamese code pages. A person can name any of LABELS.
"""

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lorakit.data.tables import letters
from lorakit.data.tables.letter_odds import letter_score, likelihoods_in, sign_score
from lorakit.errors import DataError

HEAD = 1024 * 1024  # bytes that the encoding is told from
READ = 6000  # bytes of lines beyond ASCII that are weighed
SURE = 1.5  # that the second best has to score less by, summed over all signs beyond ASCII
FEW = 8  # signs beyond ASCII: of fewer nothing is sure
RARER = 0.1  # of the score of encodings that few files are in today: those of DOS and of old Macs

LABELS = {  # what a person may choose, in the order of a list
    "utf-8": "Unicode (UTF-8)", "utf-16": "Unicode (UTF-16)", "cp1252": "Western European (Windows-1252)",
    "mac_roman": "Western European (Mac)", "cp850": "Western European (DOS, 850)",
    "iso8859_15": "Western European (ISO 8859-15)", "cp1250": "Central European (Windows-1250)",
    "iso8859_2": "Central European (ISO 8859-2)", "cp852": "Central European (DOS, 852)",
    "mac_latin2": "Central European (Mac)", "cp1257": "Baltic (Windows-1257)",
    "cp1251": "Cyrillic (Windows-1251)", "koi8_r": "Cyrillic (KOI8-R)", "koi8_u": "Cyrillic (KOI8-U)",
    "iso8859_5": "Cyrillic (ISO 8859-5)", "cp866": "Cyrillic (DOS, 866)", "mac_cyrillic": "Cyrillic (Mac)",
    "cp1253": "Greek (Windows-1253)", "iso8859_7": "Greek (ISO 8859-7)", "cp1254": "Turkish (Windows-1254)",
    "cp1255": "Hebrew (Windows-1255)", "iso8859_8": "Hebrew (ISO 8859-8)", "cp1256": "Arabic (Windows-1256)",
    "iso8859_6": "Arabic (ISO 8859-6)", "cp874": "Thai (Windows-874)", "cp932": "Japanese (Shift_JIS)",
    "euc_jp": "Japanese (EUC-JP)", "iso2022_jp": "Japanese (ISO-2022-JP)",
    "gb18030": "Chinese, simplified (GB18030)", "big5": "Chinese, traditional (Big5)",
    "cp949": "Korean (EUC-KR)",
}  # fmt: skip
OF_ONE_BYTE: dict[str, Mapping[str, str]] = {  # of two that give the same text the first counts
    "cp1252": letters.WESTERN, "mac_roman": letters.WESTERN, "cp850": letters.WESTERN,
    "cp1250": letters.CENTRAL, "iso8859_2": letters.CENTRAL, "cp852": letters.CENTRAL,
    "mac_latin2": letters.CENTRAL, "cp1254": letters.TURKISH, "cp1257": letters.BALTIC,
    "cp1251": letters.CYRILLIC, "koi8_r": letters.CYRILLIC, "koi8_u": letters.CYRILLIC,
    "iso8859_5": letters.CYRILLIC, "cp866": letters.CYRILLIC, "mac_cyrillic": letters.CYRILLIC,
    "cp1253": letters.GREEK, "iso8859_7": letters.GREEK, "cp1255": letters.HEBREW,
    "iso8859_8": letters.HEBREW, "cp1256": letters.ARABIC, "iso8859_6": letters.ARABIC, "cp874": letters.THAI,
}  # fmt: skip
OF_SEVERAL_BYTES = {  # the signs usual in its language, and where the usual ones stand (first byte)
    "cp932": ("ja", letters.JAPANESE, range(0x88, 0x98)),
    "euc_jp": ("ja", letters.JAPANESE, range(0xB0, 0xD0)),
    "gb18030": ("zh", letters.CHINESE_SIMPLIFIED, range(0xB0, 0xD8)),
    "big5": ("zh", letters.CHINESE_TRADITIONAL, range(0xA4, 0xC7)),
    "cp949": ("ko", letters.KOREAN, range(0xB0, 0xC9)),
}


@dataclass(frozen=True)
class Encoding:
    """A Python codec's name, what a person calls it, and whether the file leaves no doubt of it."""

    name: str
    label: str
    sure: bool = True


def known(name: str) -> str:
    """The codec of a name as a person writes it ("Shift_JIS", "windows-1251"). Raises DataError."""
    try:
        codec = codecs.lookup(name.strip())
        "".encode(codec.name)
        "".encode(codec.name).decode(codec.name)
    except (LookupError, UnicodeError, ValueError, AttributeError):
        codec = None
    if codec is None or not getattr(codec, "_is_text_encoding", True):
        names = ", ".join(LABELS)
        raise DataError(f"encoding {name[:40]!r} is not known; use one of {names}") from None
    return codec.name


def label_of(name: str) -> str:
    """What a person calls this codec."""
    return next((label for row, label in LABELS.items() if codecs.lookup(row).name == name), name)


def detect(head: bytes, whole: bool = True) -> Encoding:
    """The encoding that a file's first bytes speak for; unless `whole`, they may end in a character."""
    name = _marked(head) or _with_zeros(head)
    if name:
        return Encoding(name, "Unicode (UTF-8)" if name == "utf-8-sig" else f"Unicode ({name.upper()})")
    if b"\x1b$" in head and _decoded(head, "iso2022_jp", whole) is not None:
        return Encoding("iso2022_jp", LABELS["iso2022_jp"])
    if _mostly_utf8(head, whole):
        return Encoding("utf-8-sig", LABELS["utf-8"])
    return _by_letters(_telling(head))


def text_of(head: bytes, whole: bool = True) -> str:
    """The text of a file's first bytes; those of no whole file may end in a character."""
    decoder = codecs.getincrementaldecoder(detect(head, whole).name)("replace")
    return decoder.decode(head, final=whole)


def _marked(head: bytes) -> str:
    marks = {
        codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32",
        codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16",
    }  # fmt: skip
    return next((name for mark, name in marks.items() if head.startswith(mark)), "")


def _with_zeros(head: bytes) -> str:
    """The Unicode encoding of a text whose zero bytes stand where its spaces and line ends have them."""
    if b"\0" not in head:
        return ""
    part = head[: len(head) // 4 * 4][:READ]
    ends = ("\n", "\r", " ", ",", ";", "\t", "e", "a")
    counts = {}
    for name, width in (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2)):
        units = [part[i : i + width] for i in range(0, len(part), width)]
        counts[name] = width * sum(units.count(end.encode(name)) for end in ends)
    best = max(counts, key=lambda name: counts[name])
    # A stray zero in a file of single bytes has none of its letters paired with zeros.
    return best if counts[best] > 0.04 * len(part) and part.count(0) > 0.02 * len(part) else ""


def _mostly_utf8(head: bytes, whole: bool) -> bool:
    """Is it UTF-8, but for a few bytes that were pasted in from elsewhere?"""
    if _decoded(head, "utf-8", whole) is not None:
        return True
    text = head.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    # Hardly a letter of another encoding is valid UTF-8 by chance.
    return sum(c > "\x7f" for c in text) - broken >= max(2, 2 * broken)


def _decoded(data: bytes, name: str, whole: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(name)().decode(data, final=whole)
    except UnicodeError:
        return None


def _telling(head: bytes) -> bytes:
    """The lines with more than ASCII in them, as many as are weighed."""
    lines: list[bytes] = []
    size = 0
    for line in head.splitlines():
        if size < READ and not line.isascii():
            lines.append(line)
            size += len(line)
    data = b"\n".join(lines)
    return data if size < 2 * READ else data[:READ]  # one endless line


def _by_letters(data: bytes) -> Encoding:
    texts: dict[str, tuple[str, float]] = {}  # each reading, its first encoding, and its best score
    for name, score, text in _scored(data):
        first, best = texts.get(text, (name, score))
        texts[text] = first, max(score, best)
    ordered = sorted(texts.items(), key=lambda item: -item[1][1])
    if not ordered:
        return Encoding("cp1252", LABELS["cp1252"], False)
    text, (name, score) = ordered[0]
    second = ordered[1][1][1] if len(ordered) > 1 else -9.0
    many = sum(sign > "\x7f" for sign in text)
    return Encoding(name, LABELS[name], many >= FEW and score > 0 and many * (score - second) >= SURE)


def _scored(data: bytes) -> Iterator[tuple[str, float, str]]:
    for name, alphabets in OF_ONE_BYTE.items():
        text = _decoded(data, name, True)
        if text is not None:
            likely = likelihoods_in(text)
            score = max(letter_score(text, lang, a) - likely(lang) for lang, a in alphabets.items())
            rare = RARER * min(1.0, 3 / max(1, sum(c > "\x7f" for c in text)))
            yield name, score - rare * name.startswith(("mac", "cp8")), text
    for name, (language, usual, places) in OF_SEVERAL_BYTES.items():
        text = _decoded(data, name, False)
        if text:
            yield name, sign_score(text, name, language, usual, places), text
