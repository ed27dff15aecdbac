"""Adapters on the Hugging Face hub: fetching a repository at one revision, and publishing a folder.

The hub's own token settings are used (`HF_TOKEN`, or a login on this machine) where they may be; no token
passes through here.
"""

import re
from pathlib import Path
from typing import Any, NoReturn

from httpx2 import TransportError  # of huggingface_hub, which passes it on as it is
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from lorakit.errors import AdapterError
from lorakit.families.table import ADAPTER_FILES

FILES = (*ADAPTER_FILES.values(), "adapters.safetensors")
BESIDE = ("adapter_config.json", "card.json")
LARGEST = 8 * 2**30  # bytes of an adapter's weights; a base model is larger
LARGEST_BESIDE = 20 * 2**20  # bytes of a config or a preview
MOST_PREVIEWS = 16
# owner/name, with @revision and with :file where a repository holds several adapters
HUB_ID = re.compile(
    r"(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?(:(?P<file>[\w. ()+-]+\.safetensors))?"
)


def is_hub_id(text: str) -> bool:
    """Does it read as owner/name, perhaps with @revision or :file?"""
    return HUB_ID.fullmatch(text) is not None and not text.startswith(".") and ".." not in text


def download(text: str, token: bool | None = None) -> tuple[Path, str]:
    """The adapter of `owner/name[@revision][:file]` on this machine, as its file or folder, and the commit it
    is of. Only what belongs to it is fetched; with `token=False` as anybody could.

    Raises AdapterError in words for what is missing, gated, out of reach, or no single adapter.
    """
    found = HUB_ID.fullmatch(text)
    if found is None:
        raise AdapterError(f"{text[:80]} isn't a Hugging Face ID; use the form owner/name")
    repo, revision, file = found["repo"], found["revision"], found["file"]
    access: dict[str, Any] = {} if token is None else {"token": token}
    try:
        try:
            listed = HfApi(**access).model_info(repo, revision=revision, files_metadata=True)
        except OfflineModeIsEnabled:  # what is on this machine already
            wanted, commit = [file or "*.safetensors", *BESIDE, "previews/*.png"], revision
        else:
            sizes = {each.rfilename: each.size or 0 for each in listed.siblings or []}
            wanted, commit = _wanted(repo, file, sizes), listed.sha
        folder = Path(snapshot_download(repo, revision=commit, allow_patterns=wanted, **access))
    except (HfHubHTTPError, LocalEntryNotFoundError, HFValidationError, TransportError, OSError) as error:
        _refuse(text, error)
    return (folder / file if file else folder), folder.name


def _wanted(repo: str, file: str | None, sizes: dict[str, int]) -> list[str]:
    """The files of one adapter among those of a repository."""
    weights = [name for name in sizes if name.endswith(".safetensors") and "/" not in name]
    chosen = [file] if file else [name for name in FILES if name in sizes][:1] or weights
    if len(chosen) != 1 or chosen[0] not in sizes:
        some = ", ".join(sorted(weights)[:5])
        what = f"contains several adapters ({some}); pick one: {repo}:{sorted(weights)[0]}" if weights else (
            "contains no adapter; it needs one .safetensors file"
        )  # fmt: skip
        raise AdapterError(f"{repo} {what}")
    if sizes[chosen[0]] > LARGEST:
        raise AdapterError(
            f"{repo}: {chosen[0]} is {sizes[chosen[0]] / 2**30:.0f} GB, larger than any adapter; "
            "is it a base model?"
        )
    small = [name for name, size in sizes.items() if size <= LARGEST_BESIDE]
    previews = sorted(name for name in small if re.fullmatch(r"previews/[\w-]+\.png", name))
    return [*chosen, *(name for name in BESIDE if name in small), *previews[:MOST_PREVIEWS]]


def publish(folder: Path, repo: str, private: bool = True) -> str:
    """Upload an adapter's folder to `repo` and return its address; the repository is made when it is new.

    Raises AdapterError in words.
    """
    if not is_hub_id(repo) or set(repo) & {"@", ":"}:
        raise AdapterError(f"{repo} isn't a Hugging Face ID; use the form owner/name")
    api = HfApi()
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        api.upload_folder(
            folder_path=folder, repo_id=repo, ignore_patterns=[".*"], commit_message="Add the adapter"
        )
    except (HfHubHTTPError, LocalTokenNotFoundError, HFValidationError, TransportError, OSError) as error:
        _refuse(repo, error)
    return f"https://huggingface.co/{repo}"


def _refuse(repo: str, error: Exception) -> NoReturn:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, GatedRepoError):
        words = ": access is restricted; accept the terms on its Hugging Face page and set HF_TOKEN"
    elif isinstance(error, RepositoryNotFoundError):
        words = ": no such folder here, and no such repository on Hugging Face; check the name"
    elif isinstance(error, RevisionNotFoundError):
        words = " has no such revision; name one of its branches, tags or commits"
    elif isinstance(error, HFValidationError):
        words = " isn't a Hugging Face ID; use the form owner/name"
    elif isinstance(error, LocalTokenNotFoundError) or status in (401, 403):
        words = ": Hugging Face denied write access; set HF_TOKEN to a token with write access"
    else:
        words = ": Hugging Face can't be reached; check the connection"
    raise AdapterError(f"{repo}{words}") from error
