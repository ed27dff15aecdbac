"""What was found about the stability of a mix, kept by all it depends on. No torch.

The page asks (`find`), the worker answers (`keep`), each mix in a file of its own, so it is read once.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from lorakit import durable, workspace
from lorakit.errors import AdapterError
from lorakit.store import Store

FOLDER = "checks"
MOST_KEPT = 2_000  # files; a few kB each


def find(spec: dict[str, Any]) -> dict[str, Any] | None:
    """What is known of a check's mix; None when nobody has looked yet."""
    try:
        report = durable.read_json(_path(spec))
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) else None


def keep(spec: dict[str, Any], report: dict[str, Any]) -> None:
    """Keep what was found; the oldest give way."""
    path = _path(spec)
    durable.write_json(path, report)
    kept = sorted(path.parent.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
    for old in kept[:-MOST_KEPT]:
        old.unlink(missing_ok=True)


def _path(spec: dict[str, Any]) -> Path:
    mix = sorted([_content(slug), strength] for slug, strength in spec["mix"].items())
    key = json.dumps([spec["base"], spec.get("quantize"), mix], sort_keys=True)
    return workspace.home() / FOLDER / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"


def _content(slug: str) -> str:
    """What tells an adapter from every other, also from one that later gets its name."""
    try:
        entry = Store().get(slug)
    except AdapterError:
        return f"gone:{slug}"
    return str(entry.card.get("sha256") or f"{slug}:{entry.size_bytes}:{entry.created}")
