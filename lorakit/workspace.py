"""Where things are kept. Whoever writes into a folder makes it; only `redirect_caches` makes one here."""

import os
import re
import tempfile
import unicodedata
from pathlib import Path

from lorakit.errors import LoraKitError


def home() -> Path:
    """The workspace: `LORAKIT_HOME`, or `workspace/` in the current folder."""
    return Path(os.environ.get("LORAKIT_HOME") or "workspace").absolute()


def adapters_folder() -> Path:
    """The store: `LORAKIT_ADAPTERS`, or `adapters/` in the current folder."""
    return Path(os.environ.get("LORAKIT_ADAPTERS") or "adapters").absolute()


def jobs_folder() -> Path:
    """One folder per job."""
    return home() / "jobs"


def campaigns_folder() -> Path:
    """One folder per campaign."""
    return home() / "campaigns"


def uploads_folder() -> Path:
    """What people uploaded, one folder per upload."""
    return home() / "uploads"


def sent_folder() -> Path:
    """Where the page keeps what browsers send and are given, until it is copied or fetched; unless
    `GRADIO_TEMP_DIR` names another place.
    """
    return home() / "page"


def slug(text: str, longest: int = 80) -> str:
    """`text` as a part of a file's or folder's name: up to `longest` lower-case letters, digits and dashes;
    empty when it has none.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:longest].strip("-")


def redirect_caches() -> None:
    """Let the libraries write in the workspace where this account has no other place to.

    A container may give it one folder to write to, and a number in the place of a home. Called before they
    are imported, since they look only once. Raises LoraKitError when nothing can be written at all.
    """
    try:
        tempfile.gettempdir()
    except OSError:
        try:
            (home() / "tmp").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LoraKitError(
                f"workspace: no folder can be written ({os.strerror(error.errno or 0)}); "
                "set LORAKIT_HOME to one that can"
            ) from error
        os.environ["TMPDIR"] = tempfile.tempdir = str(home() / "tmp")
    own = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~")  # "~" itself for a user without a home
    if "HF_HOME" not in os.environ and (own == "~" or not _may_write(Path(own))):
        os.environ["HF_HOME"] = str(home() / "huggingface")


def _may_write(folder: Path) -> bool:
    """May this account make files in it, or make the folder?"""
    there = next((each for each in (folder, *folder.parents) if each.exists()), Path("/"))
    return os.access(there, os.W_OK)
