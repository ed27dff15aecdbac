"""What to write: the brief of one text, checked, in the words that a base reads. No torch here."""

import unicodedata
from dataclasses import dataclass

from lorakit.data.texts.samples import brief_text
from lorakit.errors import DataError
from lorakit.generation.copy.channels import channel

FIELD_LIMITS = {
    "product": 200, "facts": 1000, "audience": 200, "tone": 100, "language": 40, "channel": 60, "name": 200,
}  # fmt: skip


@dataclass(frozen=True)
class Brief:
    """What to write. Raises DataError, naming the field, when one is missing or too long."""

    product: str
    facts: str = ""
    audience: str = ""
    channel: str = "product-description"
    tone: str = ""
    language: str = ""
    name: str = ""  # the brand's or the maker's, when the product's own name does not say it

    def __post_init__(self) -> None:
        for field, limit in FIELD_LIMITS.items():
            value = getattr(self, field)
            if not isinstance(value, str):
                raise DataError(f"brief: {field} must be text")
            if len(value) > limit:
                raise DataError(
                    f"brief: {field} has {len(value):,} characters; at most {limit:,} are used, shorten it"
                )
            object.__setattr__(self, field, _one_line(value, "; " if field == "facts" else " "))
        if not self.product:
            raise DataError("brief: product is empty; say what the copy is for")
        object.__setattr__(self, "channel", channel(self.channel).id)

    def prompt(self) -> str:
        """The brief as a base reads it; the same words as in a training text's columns."""
        tone = ", ".join(part for part in (self.tone, f"in {self.language}" if self.language else "") if part)
        return brief_text(channel(self.channel).style, tone, self.audience, self.facts, self.full_name)

    @property
    def full_name(self) -> str:
        """The product with its brand, as the copy should call it."""
        named = self.name.lower() in self.product.lower()
        return self.product if named else f"{self.name} {self.product}"


def _one_line(value: str, joint: str) -> str:
    """`value` without control characters, its lines put together with `joint`."""
    lines = (
        "".join(c if unicodedata.category(c)[0] != "C" else " " for c in line) for line in value.splitlines()
    )
    return joint.join(cleaned for line in lines if (cleaned := " ".join(line.split())))
