"""What was found about adapters that are mixed on a base, kept by all it depends on. No torch.

The worker measures a set of adapters once, at weight 1 (`keep`); what any weights of them mean follows from
these few numbers, so that the page answers a slider by itself (`find`, `Measured.load`).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lorakit import durable, workspace
from lorakit.errors import AdapterError
from lorakit.lora.stability import Load
from lorakit.store import Store

FOLDER = "checks"
MOST_KEPT = 2_000  # files; a few kB each


@dataclass(frozen=True)
class Measured:
    """`products` (n, n) as `stability.Load` takes them, in the order of `adapters` (names in the store).

    `layers`: the layers' names with each adapter's size there, beside the base's weight.
    """

    adapters: list[str]
    products: list[list[float]]
    layers: list[tuple[str, list[float]]]

    def load(self, adapters: Sequence[str]) -> Load:
        """What these adapters of it ask of the base; named as the store names them now."""
        places = [self.adapters.index(slug) for slug in adapters]
        products = [[self.products[i][j] for j in places] for i in places]
        return Load([name_of(slug) for slug in adapters], products)


def request(base: str, adapters: Sequence[str]) -> dict[str, Any]:
    """The spec of the job that measures these adapters: the same for any weights and order."""
    return {"base": base, "mix": dict.fromkeys(sorted(adapters), 1.0)}


def find(spec: dict[str, Any]) -> Measured | None:
    """What is known of a check's adapters; None when nobody has measured them yet."""
    try:
        return Measured(list(spec["mix"]), **durable.read_json(_path(spec)))
    except (OSError, ValueError, TypeError):
        return None


def keep(spec: dict[str, Any], products: list[list[float]], layers: list[tuple[str, list[float]]]) -> None:
    """Keep what was measured for a check; the oldest give way."""
    path = _path(spec)
    found = asdict(Measured(list(spec["mix"]), products, layers))
    durable.write_json(path, {name: found[name] for name in ("products", "layers")})
    kept = sorted(path.parent.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    for old in kept[:-MOST_KEPT]:
        old.unlink(missing_ok=True)


def name_of(slug: str) -> str:
    """An adapter's name; its folder's when it is gone."""
    try:
        return Store().get(slug).name
    except AdapterError:
        return slug


def _path(spec: dict[str, Any]) -> Path:
    mix = [[_content(slug), strength] for slug, strength in spec["mix"].items()]
    key = json.dumps([spec["base"], spec.get("quantize"), mix], sort_keys=True)
    return workspace.home() / FOLDER / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _content(slug: str) -> str:
    """What tells an adapter from every other, also from one that later gets its name."""
    try:
        entry = Store().get(slug)
    except AdapterError:
        return f"gone:{slug}"
    return str(entry.card.get("sha256") or f"{slug}:{entry.size_bytes}:{entry.created}")
