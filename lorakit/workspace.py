"""Where things are kept. Paths only: a folder is made by whoever writes into it."""

import os
from pathlib import Path


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
