"""What the known bases' licences allow, from the families' rows. No torch here.

A base that no row lists is "unknown".
"""

from lorakit.families.facts import Known, Licence
from lorakit.families.table import BFL, ROWS

__all__ = ["BFL", "STARTERS", "UNKNOWN", "Known", "Licence", "known_bases", "licence_of"]

UNKNOWN = Licence("unknown: ask the model's owner", None)
STARTERS = (
    Known("starter-image", "Starter image model (built in, small)", "image"),
    Known("starter-text", "Starter text model (built in, small)", "text"),
)


def known_bases() -> list[Known]:
    """The bases that the choosers offer: the starters, then those that need nobody's consent."""
    bases = [base for row in ROWS.values() for base in row.bases]
    return [*STARTERS, *sorted(bases, key=lambda base: base.gated)]


def licence_of(source: str) -> Licence:
    """The licence of a hub id, or of a folder or file that carries the id's name; else UNKNOWN."""
    asked = source.lower()
    found = (licence for row in ROWS.values() for part, licence in row.licences if part in asked)
    return next(found, UNKNOWN)
