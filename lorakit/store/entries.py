"""Reading the store: what a list shows of an adapter's folder, without opening its weights. No torch here."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lorakit import durable
from lorakit.errors import AdapterError
from lorakit.families import table

if TYPE_CHECKING:
    from lorakit.lora.adapter import Adapter

WEIGHTS = (*table.ADAPTER_FILES.values(), "lora.safetensors")
STEMS = tuple(Path(name).stem for name in WEIGHTS)  # they name the kind of file, never the adapter


@dataclass(frozen=True)
class Entry:
    """One adapter as a list shows it."""

    slug: str
    name: str
    family: str
    base: str
    trigger: str
    rank: int
    size_bytes: int
    created: str
    licence: str
    kind: str  # "image" | "voice"
    added: float  # when its weights were written here, in seconds since 1970
    preview: Path | None
    card: dict[str, Any]


def read(folder: Path) -> Entry | None:
    """The adapter in `folder`, or None when there are no weights in it (any more)."""
    try:
        weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
        status = weights.stat() if weights else None
    except OSError:  # trashed or renamed while we looked
        return None
    if weights is None or status is None:
        return None
    card = _card(folder, weights)
    previews = sorted((folder / "previews").glob("*.png"))
    rank = card.get("rank")
    family = str(card.get("family") or "")
    return Entry(
        slug=folder.name,
        name=str(card.get("name") or folder.name),
        family=family,
        base=str(card.get("base") or ""),
        trigger=str(card.get("trigger") or ""),
        rank=rank if isinstance(rank, int) else 0,
        size_bytes=status.st_size,
        created=str(card.get("created") or ""),
        licence=str(card.get("licence") or ""),
        kind="voice" if table.makes(family) == "text" else "image",
        added=status.st_mtime,
        preview=previews[0] if previews else None,
        card=card,
    )


def load(folder: Path) -> "Adapter":
    """Open the weights in `folder`; one without a name takes the folder's. Raises AdapterError."""
    from lorakit import formats

    adapter = formats.load(folder)
    adapter.card.name = adapter.card.name or folder.name
    return adapter


def stated_name(folder: Path) -> str:
    """The name that a folder's card gives its adapter, or "" without a readable card."""
    try:
        return str(durable.read_json(folder / "card.json").get("name") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def _card(folder: Path, weights: Path) -> dict[str, Any]:
    try:
        card = durable.read_json(folder / "card.json")
        if isinstance(card, dict):
            return card
    except (OSError, ValueError):
        pass
    from lorakit import formats

    try:  # a folder that another tool put here
        header = formats.inspect(weights)
        return {"name": folder.name, "family": header.family, "rank": header.rank}
    except (AdapterError, OSError):
        return {"name": folder.name}
