"""Where texts go: one row per channel, and counting as that platform counts.

Limits are those the platforms publish. X's weights are those of its public `twitter-text` configuration,
version 3; the SMS alphabet is that of 3GPP TS 23.038. Not covered: other rules, such as a number of hashtags.
"""

import re
import unicodedata
from dataclasses import dataclass

from lorakit.errors import DataError
from lorakit.generation.copy.cutting import Cut, cut


@dataclass(frozen=True)
class Channel:
    """Where a text goes. `limit` is the platform's maximum in characters, `shown` what is seen at once."""

    id: str
    platform: str
    field: str
    limit: int
    style: str  # the kind of copy to ask a base for
    shown: int = 0
    count: str = "characters"  # "characters" | "x" | "sms"

    @property
    def label(self) -> str:
        return f"{self.platform}: {self.field}"


CHANNELS = (
    Channel("product-description", "Web shop", "product description", 600, "product description"),
    Channel("instagram-caption", "Instagram", "caption", 2200, "social post", shown=125),
    Channel("meta-primary", "Meta ads", "primary text", 2200, "social post", shown=125),
    Channel("meta-headline", "Meta ads", "headline", 40, "ad headline"),
    Channel("google-headline", "Google search ad", "headline", 30, "ad headline"),
    Channel("google-long-headline", "Google search ad", "long headline", 90, "ad headline"),
    Channel("google-description", "Google search ad", "description", 90, "ad headline"),
    Channel("x-post", "X", "post", 280, "social post", count="x"),
    Channel("linkedin-intro", "LinkedIn", "intro text", 3000, "social post", shown=210),
    Channel("tiktok-caption", "TikTok", "caption", 2200, "social post", shown=150),
    Channel("email", "Email", "subject and body", 1200, "email"),
    Channel("email-subject", "Email", "subject", 50, "ad headline"),
    Channel("email-preheader", "Email", "preheader", 90, "ad headline"),
    Channel("sms", "SMS", "one message", 160, "social post", count="sms"),
    Channel("push", "Push notification", "text", 120, "ad headline"),
    Channel("push-title", "Push notification", "title", 40, "ad headline"),
    Channel("meta-title", "Web page", "meta title", 60, "ad headline"),
    Channel("meta-description", "Web page", "meta description", 155, "product description"),
    Channel("amazon-title", "Amazon", "title", 200, "ad headline"),
    Channel("amazon-bullet", "Amazon", "bullet", 250, "product description"),
    Channel("shopify-title", "Shopify", "SEO title", 70, "ad headline"),
    Channel("youtube-title", "YouTube", "title", 100, "ad headline"),
    Channel("alt-text", "Web page", "alt text", 125, "product description"),
)

GSM7 = set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ÄÖÑÜ§¿äöñüà"
           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")  # fmt: skip
GSM7_DOUBLE = set("^{}\\[~]|€")
UCS2_LIMIT = 70  # characters of a message with any character outside GSM-7

ONE_LINE = 250  # characters; a channel of at most this many takes one line, but for messages and posts
X_LINK = 23
X_LIGHT = (
    (0, 4351),
    (8192, 8205),
    (8208, 8223),
    (8242, 8247),
)  # code points that count 1; all others count 2
LINK = re.compile(
    r"(?<![@\w.])(?:https?://\S+|(?:[\w-]+\.)+"
    r"(?:com|org|net|io|co|shop|store|eu|de|fr|uk|nl|es|it|app|dev|ai|me)\b(?:/\S*)?)",
    re.IGNORECASE,
)  # fmt: skip
_PICTURE = (
    "[\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001faff]"
)
EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3|[\u00a9\u00ae\u2122]\ufe0f"
    f"|{_PICTURE}[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d{_PICTURE}[\ufe0f\U0001f3fb-\U0001f3ff]*)*"
)


def channel(id: str) -> Channel:
    """The channel of this id, or of a name that means one alone ("Google headline", "Instagram: caption",
    "TikTok"). Raises DataError listing what there is.
    """
    found = next((row for row in CHANNELS if row.id == id), None) or _named(id)
    if found is None:
        raise DataError(
            f"channel {id!r} does not exist; choose one of {', '.join(row.id for row in CHANNELS)}"
        )
    return found


def _named(name: str) -> Channel | None:
    plain = _folded(name)
    for names in (lambda row: row.id, lambda row: row.label, lambda row: row.platform):
        rows = [row for row in CHANNELS if _folded(names(row)) == plain]
        if len(rows) == 1:
            return rows[0]
    return None


def _folded(name: str) -> str:
    return " ".join(re.sub(r"[\W_]+", " ", name.casefold()).split())


def one_line(row: Channel) -> bool:
    """Does this channel take a single line?"""
    return row.limit <= ONE_LINE and row.count == "characters"


def count(text: str, row: Channel) -> int:
    """Characters of `text` as the platform counts them."""
    if row.count == "x":
        return _count_x(unicodedata.normalize("NFC", text))
    if row.count == "sms":
        if _is_gsm7(text):
            return sum(2 if c in GSM7_DOUBLE else 1 for c in text)
        return len(text.encode("utf-16-le")) // 2
    return len(text)


def limit_of(text: str, row: Channel) -> int:
    """The limit for this very text: an SMS with one character outside GSM-7 holds 70, not 160."""
    return UCS2_LIMIT if row.count == "sms" and not _is_gsm7(text) else row.limit


def is_over(text: str, row: Channel) -> bool:
    """Is `text` longer than its channel takes?"""
    return count(text, row) > limit_of(text, row)


def shortened(text: str, row: Channel) -> str:
    """`text` cut to its limit: after a sentence if at least half of what fits stays, else after a phrase."""
    return cut_for(text, row).text


def cut_for(text: str, row: Channel) -> Cut:
    """`text` cut to its limit, and whether it ends well."""
    return cut(text, lambda part: not is_over(part, row))


def _is_gsm7(text: str) -> bool:
    return all(c in GSM7 or c in GSM7_DOUBLE for c in text)


def _count_x(text: str) -> int:
    total = 0

    def weigh(weight: int, text: str, pattern: re.Pattern[str]) -> str:
        nonlocal total
        total += weight * len(pattern.findall(text))
        return pattern.sub("", text)

    rest = weigh(2, weigh(X_LINK, text, LINK), EMOJI)
    return total + sum(1 if any(low <= ord(c) <= high for low, high in X_LIGHT) else 2 for c in rest)
