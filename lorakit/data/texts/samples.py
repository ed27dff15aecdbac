"""A text of the brand, the brief that asks for it, and what was said before."""

from dataclasses import dataclass, field

from lorakit.data.findings import Finding

DEFAULT_INSTRUCTION = "Write in the brand's voice."


@dataclass(frozen=True)
class TextSample:
    """One text of the brand (`answer`), and the brief that asks for it.

    `history`: the earlier turns of its conversation, each a brief with its answer, which are read and not
    learned again. `place`: where it stands in its file ("row 5"), when that can be told.
    """

    instruction: str
    answer: str
    group: str = ""
    history: tuple[tuple[str, str], ...] = ()
    place: str = field(default="", compare=False, repr=False)

    @property
    def conversation(self) -> tuple[str, str]:
        """What all turns of one conversation share: how it began."""
        return self.history[0] if self.history else (self.instruction, self.answer)


SampleOrFinding = TextSample | Finding


def brief_text(channel: str, tone: str, audience: str, facts: str, product: str) -> str:
    """The brief as a base reads it. The product stands last, where copying its name is easiest."""
    lines = [f"Write: {channel or 'product description'}"]
    lines += [
        f"{label}: {value}" for label, value in (("Tone", tone), ("For", audience), ("Facts", facts)) if value
    ]
    lines += [f"Product: {product}"] if product else []
    return "\n".join(lines)
