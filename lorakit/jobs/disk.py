"""What takes how much room on disk."""

import os
from contextlib import suppress
from pathlib import Path

from lorakit import workspace
from lorakit.store.store import TRASH


def usage() -> dict[str, int]:
    """Bytes that the workspace and the store take, by kind."""
    home, store = workspace.home(), workspace.adapters_folder()
    folders = {
        "adapters": store, "trash": store / TRASH, "campaigns": workspace.campaigns_folder(),
        "jobs": workspace.jobs_folder(), "uploads": workspace.uploads_folder(),
        "downloads": home / "downloads", "sent to and by the page": workspace.sent_folder(),
    }  # fmt: skip
    sizes = {what: size_of(folder) for what, folder in folders.items()}
    sizes["adapters"] -= sizes["trash"]
    inside = sum(size_of(folder) for folder in folders.values() if folder.is_relative_to(home))
    inside -= sizes["trash"] if store.is_relative_to(home) else 0
    sizes["other"] = max(0, size_of(home) - inside)
    return sizes


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; 0 for what is not there."""
    try:
        if path.is_symlink() or not path.is_dir():
            return path.lstat().st_size
    except OSError:
        return 0
    total = 0
    for parent, _, files in os.walk(path):
        for name in files:
            with suppress(OSError):
                total += (Path(parent) / name).lstat().st_size
    return total
