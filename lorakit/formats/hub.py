"""Adapters on the Hugging Face hub: fetching a repository at one revision, and publishing a folder.

The hub's own token settings are used (`HF_TOKEN`, or a login on this machine); no token passes through here.
"""

import re
from pathlib import Path
from typing import NoReturn

from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    RepositoryNotFoundError,
)

from lorakit.errors import AdapterError

WANTED = ["*.safetensors", "*.json", "README.md", "*.png"]
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w.-]+)?")


def is_hub_id(text: str) -> bool:
    """Does it read as owner/name, perhaps with @revision?"""
    return HUB_ID.fullmatch(text) is not None and not text.startswith(".")


def download(repo: str) -> tuple[Path, str]:
    """The files of `owner/name[@revision]` on this machine, and the commit they are of.

    Raises AdapterError in words for what is missing, gated or out of reach.
    """
    name, _, revision = repo.partition("@")
    try:
        folder = Path(snapshot_download(name, revision=revision or None, allow_patterns=WANTED))
    except (HfHubHTTPError, LocalEntryNotFoundError, HFValidationError, OSError) as error:
        _refuse(repo, error)
    return folder, folder.name


def publish(folder: Path, repo: str, private: bool = True) -> str:
    """Upload an adapter's folder to `repo` and return its address; the repository is made when it is new.

    Raises AdapterError in words.
    """
    if not is_hub_id(repo) or "@" in repo:
        raise AdapterError(f"{repo}: is no hub id; give one of the form owner/name")
    api = HfApi()
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        api.upload_folder(
            folder_path=folder, repo_id=repo, ignore_patterns=[".*"], commit_message="Add the adapter"
        )
    except (HfHubHTTPError, LocalTokenNotFoundError, HFValidationError, OSError) as error:
        _refuse(repo, error)
    return f"https://huggingface.co/{repo}"


def _refuse(repo: str, error: Exception) -> NoReturn:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, GatedRepoError):
        words = "its owner asks you to accept terms; do so on its page and set HF_TOKEN"
    elif isinstance(error, RepositoryNotFoundError):
        words = "no such folder here and no such repository on the hub; check the name"
    elif isinstance(error, HFValidationError):
        words = "is no hub id; give one of the form owner/name"
    elif isinstance(error, LocalTokenNotFoundError) or status in (401, 403):
        words = "the hub does not let you write there; set HF_TOKEN to a token with write access"
    else:
        words = "no such folder here, and the hub cannot be reached; check the connection"
    raise AdapterError(f"{repo}: {words}") from error
