"""What to write: the brief of one text, checked, in the words that a base model reads. No torch here."""

import unicodedata
from dataclasses import dataclass

from lorakit.data.texts.samples import brief_text
from lorakit.errors import DataError, all_of
from lorakit.generation.copy.channels import channel

FIELD_LIMITS = {
    "product": 200, "facts": 1000, "audience": 200, "tone": 100, "language": 40, "channel": 60, "name": 200,
}  # fmt: skip


@dataclass(frozen=True)
class Brief:
    """What to write. Raises DataError that names every field that is missing, too long or not known."""

    product: str
    facts: str = ""
    audience: str = ""
    channel: str = "product-description"
    tone: str = ""
    language: str = ""
    name: str = ""  # the brand's or the maker's, when the product's own name does not say it

    def __post_init__(self) -> None:
        problems = []
        for field in FIELD_LIMITS:
            value = getattr(self, field)
            problems += _problem(field, value)
            if isinstance(value, str):
                object.__setattr__(self, field, _one_line(value, "; " if field == "facts" else " "))
        if self.product == "":
            problems.append("product is empty; say what the copy is for")
        try:
            if isinstance(self.channel, str):
                object.__setattr__(self, "channel", channel(self.channel).id)
        except DataError as error:
            problems.append(str(error))
        if problems:
            raise DataError(all_of("brief", problems))

    def prompt(self) -> str:
        """The brief as a base reads it; the same words as in a training text's columns."""
        tone = ", ".join(part for part in (self.tone, f"in {self.language}" if self.language else "") if part)
        return brief_text(channel(self.channel).style, tone, self.audience, self.facts, self.full_name)

    @property
    def full_name(self) -> str:
        """The product with its brand, as the copy should call it."""
        named = self.name.lower() in self.product.lower()
        return self.product if named else f"{self.name} {self.product}"


def _problem(field: str, value: object) -> list[str]:
    if not isinstance(value, str):
        return [f"{field} must be text"]
    limit = FIELD_LIMITS[field]
    if len(value) > limit:
        return [f"{field} has {len(value):,} characters; at most {limit:,} are used, shorten it"]
    return []


def _one_line(value: str, joint: str) -> str:
    """`value` without control characters, its lines put together with `joint`."""
    lines = (
        "".join(c if unicodedata.category(c)[0] != "C" else " " for c in line) for line in value.splitlines()
    )
    return joint.join(cleaned for line in lines if (cleaned := " ".join(line.split())))
