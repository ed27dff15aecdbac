"""What systems, cameras and sync tools leave in folders of their own accord: nobody's photos, and not worth a
word.
"""

from pathlib import PurePosixPath

NAMES = frozenset(
    ("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini", "icon\r", "icon_", "icon?")
)
FOLDERS = frozenset(
    ("__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "__pycache__")
)


def is_litter(path: str) -> bool:
    """Is this (a path within a set, with either kind of slash) hidden, or kept by a system for itself?"""
    parts = [part for part in PurePosixPath(path.replace("\\", "/")).parts if part not in (".", "..")]
    if not parts:
        return False
    name = parts[-1].casefold()
    hidden = any(part.startswith(".") for part in parts)
    return hidden or name in NAMES or name.startswith("~$") or any(p.casefold() in FOLDERS for p in parts)
