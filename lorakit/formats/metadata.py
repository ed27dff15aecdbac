"""What travels inside a file besides its tensors: the card as modelspec.* fields, and kohya's ss_* fields.

modelspec: the Stability AI model metadata standard, version 1.0.1; kohya's fields as sd-scripts writes them.
"""

import json
from typing import Any

from lorakit.families.table import ROWS
from lorakit.formats.reading import Header
from lorakit.lora.adapter import Card

CARD = "lorakit.store.model_card"  # the whole card, for our own files
FIELD_LIMIT = 2000  # characters that are taken over from a foreign file
NAME_LIMIT = 120


def of_card(card: Card) -> dict[str, str]:
    """The card's part of a file's metadata."""
    stated = {
        "modelspec.sai_model_spec": "1.0.1",
        "modelspec.title": card.name,
        "modelspec.architecture": _architecture(card),
        "modelspec.trigger_phrase": card.trigger,
        "modelspec.license": card.licence,
        "modelspec.date": card.created,
        "ss_network_dim": str(card.rank or ""),
        "ss_network_alpha": f"{card.alpha:g}" if card.alpha else "",
        "ss_base_model_version": card.base,
        CARD: json.dumps(_travelling(card), sort_keys=True),
    }
    return {name: value for name, value in stated.items() if value}


def _architecture(card: Card) -> str:
    base = card.base.lower()
    named = (known for row in ROWS.values() for part, known in row.architectures.items() if part in base)
    own = ROWS[card.family].architecture if card.family in ROWS else ""
    return next(named, own)


def _travelling(card: Card) -> dict[str, Any]:
    """What holds wherever the file goes: not its own checksum, nor figures of the run."""
    return {name: value for name, value in card.to_dict().items() if name not in ("sha256", "scores")}


def to_card(header: Header) -> Card:
    """A card from what a file says of itself."""
    said = header.metadata
    try:
        return Card.from_dict(json.loads(said[CARD]))
    except (KeyError, ValueError, TypeError, AttributeError):
        pass
    return Card(
        name=_text(said, "modelspec.title", "ss_output_name")[:NAME_LIMIT] or header.path.stem,
        trigger=_text(said, "modelspec.trigger_phrase") or _commonest_tag(said),
        base=_text(said, "ss_base_model_version", "ss_sd_model_name", "modelspec.architecture"),
        licence=_text(said, "modelspec.license"),
        created=_text(said, "modelspec.date"),
        notes=_text(said, "modelspec.description", "ss_training_comment"),
    )


def _text(said: dict[str, str], *names: str) -> str:
    found = next((said[name] for name in names if said.get(name, "").strip()), "")
    return "" if found == "None" else found.strip()[:FIELD_LIMIT]


def _commonest_tag(said: dict[str, str]) -> str:
    """The words that most captions of kohya's training share, when that is plain."""
    try:
        folders: dict[str, dict[str, Any]] = json.loads(said.get("ss_tag_frequency", "{}"))
        counts = {tag: int(n) for tags in folders.values() for tag, n in tags.items()}
    except (ValueError, TypeError, AttributeError):
        return ""
    if not counts:
        return ""
    first, *others = sorted(counts.values(), reverse=True)
    best = max(counts, key=lambda tag: counts[tag]).strip()[:FIELD_LIMIT]
    return best if not others or first > others[0] else ""
