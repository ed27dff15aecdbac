"""What a campaign's folder holds: the pictures that are there and unchanged. No torch here."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lorakit import durable
from lorakit.errors import DataError

PLAN, MANIFEST, IMAGES = "plan.json", "manifest.jsonl", "images"


def finished(folder: Path, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """The newest manifest entries, by shot id, of those `ids` whose file is there and unchanged."""
    newest = {entry.get("id"): entry for entry in durable.read_lines(folder / MANIFEST)}
    rows = {key: newest[key] for key in ids if key in newest}
    return {key: row for key, row in rows.items() if is_intact(folder, row)}


def is_intact(folder: Path, entry: dict[str, Any]) -> bool:
    """Is the picture of a manifest entry there, with the size and hash that were written down?"""
    path = image_path(folder, entry)
    if path is None or not path.is_file() or path.stat().st_size != entry.get("bytes"):
        return False
    return stamp(path)["sha256"] == entry.get("sha256")


def image_path(folder: Path, entry: dict[str, Any]) -> Path | None:
    """Where the picture of an entry is; None for an entry of a failure. Never outside the folder's images."""
    name = entry.get("path")
    if "error" in entry or not isinstance(name, str) or not Path(name).name:
        return None
    return folder / IMAGES / Path(name).name


def stamp(path: Path) -> dict[str, Any]:
    """Size and hash of a file, as a manifest entry keeps them."""
    return {"bytes": path.stat().st_size, "sha256": durable.sha256(path)}


def pictures(folder: str | Path) -> list[dict[str, Any]]:
    """The entries of all pictures of the current plan that are there, in the plan's order.

    Looks at names only, so that it is fast. Raises DataError when the folder holds no campaign.
    """
    folder = Path(folder)
    plan = read_plan(folder)
    newest = {entry.get("id"): entry for entry in durable.read_lines(folder / MANIFEST)}
    # Scene and place of a shot are those of this plan: another may have used the same picture elsewhere.
    entries = [{**newest[shot["id"]], **shot} for shot in plan["shots"] if shot["id"] in newest]
    return [entry for entry in entries if (path := image_path(folder, entry)) is not None and path.is_file()]


def mixes_of(plan: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """The mixes of a plan, each as rows with name, weight and sha256; one empty mix for the bare base."""
    return plan.get("mixes") or [[]]


def rounds_of(folder: Path) -> dict[str, int]:
    """Which edit of the plan asked for a shot, by shot id; 0 is the first. Empty where there is no plan."""
    try:
        shots = read_plan(folder)["shots"]
    except DataError:
        return {}
    return {shot["id"]: shot["round"] if isinstance(shot.get("round"), int) else 0 for shot in shots}


def read_plan(folder: Path) -> dict[str, Any]:
    """The campaign's `plan.json`. Raises DataError when it is missing or damaged."""
    try:
        plan = durable.read_json(folder / PLAN)
        if isinstance(plan, dict) and all(isinstance(shot, dict) and "id" in shot for shot in plan["shots"]):
            return plan
    except FileNotFoundError:
        raise DataError(
            f"{folder.name} contains no campaign ({PLAN} is missing); generate one first"
        ) from None
    except (ValueError, KeyError, TypeError):
        pass
    raise DataError(f"{folder.name}: {PLAN} is damaged; run the campaign again, finished images are kept")
