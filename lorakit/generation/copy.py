"""Copy in a brand's voice: channels with their limits, the brief, and variants that keep the limit.

Figures are those the platforms publish (checked 2026; see each row). Not covered: languages other than the base's own.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lorakit.data.texts import brief_text
from lorakit.errors import DataError

if TYPE_CHECKING:
    from lorakit.families import Base
    from lorakit.lora.adapter import Adapter

TRIES = 3  # a variant over its limit is written anew this often before it is shortened
FIELD_LIMITS = {"product": 200, "facts": 1000, "audience": 200, "tone": 100, "language": 40, "channel": 60, "name": 200}
GSM7 = set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
           "abcdefghijklmnopqrstuvwxyzäöñüà")  # fmt: skip
GSM7_DOUBLE = set("^{}\\[~]|€")
LINK = re.compile(r"https?://\S+|www\.\S+")


@dataclass(frozen=True)
class Channel:
    """Where a text goes. `limit` is the platform's maximum in characters, `shown` what is seen without a click."""

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
    Channel("meta-title", "Web page", "meta title", 60, "ad headline"),
    Channel("meta-description", "Web page", "meta description", 155, "product description"),
    Channel("amazon-title", "Amazon", "title", 200, "ad headline"),
    Channel("amazon-bullet", "Amazon", "bullet", 250, "product description"),
    Channel("shopify-title", "Shopify", "SEO title", 70, "ad headline"),
    Channel("youtube-title", "YouTube", "title", 100, "ad headline"),
    Channel("alt-text", "Web page", "alt text", 125, "product description"),
)


@dataclass(frozen=True)
class Brief:
    """What to write. Raises DataError, naming the field, when one is missing or too long."""

    product: str
    facts: str = ""
    audience: str = ""
    channel: str = "product-description"
    tone: str = ""
    language: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        for name, limit in FIELD_LIMITS.items():
            value = getattr(self, name)
            if not isinstance(value, str):
                raise DataError(f"brief: {name} must be text")
            if len(value) > limit:
                raise DataError(f"brief: {name} has {len(value):,} characters; at most {limit:,} are used, shorten it")
            cleaned = "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else " " for c in value)
            object.__setattr__(self, name, " ".join(cleaned.split()))
        if not self.product:
            raise DataError("brief: product is empty; say what the copy is for")
        channel(self.channel)

    def prompt(self) -> str:
        """The brief as a base reads it; the same words as in a training text's columns."""
        tone = ", ".join(part for part in (self.tone, f"in {self.language}" if self.language else "") if part)
        return brief_text(channel(self.channel).style, tone, self.audience, self.facts, self.product)


@dataclass(frozen=True)
class Copy:
    """One variant. `fits` is False only when not even shortening could keep the limit; `note` says what was done."""

    text: str
    characters: int
    limit: int
    fits: bool
    note: str = ""


def channel(id: str) -> Channel:
    """The channel called `id`. Raises DataError listing what there is."""
    found = next((row for row in CHANNELS if row.id == id), None)
    if found is None:
        raise DataError(f"channel {id!r} does not exist; choose one of {', '.join(row.id for row in CHANNELS)}")
    return found


def count(text: str, row: Channel) -> int:
    """Characters of `text` as the platform counts them."""
    if row.count == "x":  # X counts a link as 23 and most characters beyond the Latin and CJK-light ranges as 2
        links = LINK.findall(text)
        rest = LINK.sub("", text)
        return 23 * len(links) + sum(1 if ord(c) <= 0x10FF or 0x2000 <= ord(c) <= 0x201F else 2 for c in rest)
    if row.count == "sms":
        if all(c in GSM7 or c in GSM7_DOUBLE for c in text):
            return sum(2 if c in GSM7_DOUBLE else 1 for c in text)
        return len(text.encode("utf-16-le")) // 2
    return len(text)


def limit_of(text: str, row: Channel) -> int:
    """The limit for this very text: an SMS with one character outside GSM-7 holds 70, not 160."""
    if row.count == "sms" and not all(c in GSM7 or c in GSM7_DOUBLE for c in text):
        return 70
    return row.limit


def shortened(text: str, row: Channel) -> str:
    """`text` cut to its limit, after a sentence if at least half stays, else after a word."""
    while count(text, row) > limit_of(text, row):
        over = count(text, row) - limit_of(text, row)
        text = text[: len(text) - max(1, over // 2)]
        sentence = max(text.rfind(mark) for mark in (". ", "! ", "? "))
        word = text.rfind(" ")
        if sentence >= len(text) * 0.5:
            text = text[: sentence + 1]
        elif word > 0:
            text = text[:word].rstrip(" ,;:-")
    return text


def write_copy(
    base: "Base",
    mix: "Mapping[Adapter, float]",
    brief: Brief,
    variants: int = 3,
    seed: int = 0,
    on_text: Callable[[int, str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    temperature: float = 0.7,
) -> list[Copy]:
    """Write `variants` texts for `brief` with the adapters of `mix` (empty: the base alone).

    `on_text(variant, piece)` streams the first try of each. A text over the channel's limit is written anew, then
    shortened, and its note says so. Raises DataError for a number of variants outside 1..20.
    """
    if not 1 <= variants <= 20:
        raise DataError(f"variants is {variants}; choose 1 to 20")
    from contextlib import nullcontext

    from lorakit.lora.inject import applied

    row = channel(brief.channel)
    with applied(base.model, dict(mix)) if mix else nullcontext():
        texts = _generate(base, brief, [seed + i for i in range(variants)], temperature, on_text)
        for attempt in range(1, TRIES):
            over = [i for i, text in enumerate(texts) if count(text, row) > limit_of(text, row) or not text]
            if not over or (should_stop is not None and should_stop()):
                break
            again = _generate(base, brief, [seed + i + 1000 * attempt for i in over], temperature, None)
            for i, text in zip(over, again, strict=True):
                if text and (not texts[i] or count(text, row) < count(texts[i], row)):
                    texts[i] = text
    return [_copy(text, row) for text in texts]


def _generate(base: "Base", brief: Brief, seeds: list[int], temperature: float, on_text: Any) -> list[str]:
    from lorakit.families import family_of

    room = max(24, min(400, channel(brief.channel).limit))
    messages = [[{"role": "user", "content": brief.prompt()}] for _ in seeds]
    return family_of(base).generate(base, messages, seeds, room, temperature, 0.92, on_text)


def _copy(text: str, row: Channel) -> Copy:
    limit = limit_of(text, row)
    if count(text, row) <= limit:
        note = f"the first {row.shown} are shown" if row.shown and count(text, row) > row.shown else ""
        return Copy(text, count(text, row), limit, True, note)
    short = shortened(text, row)
    return Copy(short, count(short, row), limit_of(short, row), bool(short), f"shortened from {count(text, row)} characters")
