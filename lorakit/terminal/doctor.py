"""What this machine and the workspace have, in lines for a terminal; passwords and tokens are never shown."""

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lorakit import __version__, workspace
from lorakit.errors import LoraKitError
from lorakit.families import host
from lorakit.families.sources import STARTERS, local_folder
from lorakit.jobs import disk, retention
from lorakit.units import size

PACKAGES = (
    "torch", "diffusers", "transformers", "safetensors", "gradio", "accelerate", "bitsandbytes", "pillow",
    "opencv-python-headless",
)  # fmt: skip
SECRETS = ("LORAKIT_PASSWORD", "HF_TOKEN")
SETTINGS = (
    "LORAKIT_HOST", "LORAKIT_PORT", "LORAKIT_HOME", "LORAKIT_ADAPTERS", "HF_HOME", "HF_ENDPOINT",
    "HF_HUB_OFFLINE", "HTTPS_PROXY",
)  # fmt: skip


def lines() -> Iterator[str]:
    """Versions, device, memory, settings, the starter models, and what takes up how much disk space."""
    yield f"lorakit {__version__}, Python {platform.python_version()}"
    for package in PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            yield f"{package} is missing: pip install -r requirements.txt"
    yield f"device: {_device()}"
    yield f"memory: {size(host.total_bytes())}, {size(host.free_bytes())} of it free"
    yield from _settings()
    for name in STARTERS:
        try:
            local_folder(name)
            yield f"{name}: ready"
        except LoraKitError as error:
            yield f"{name}: {error}"
    yield from _disk()


def _device() -> str:
    import torch

    if not torch.cuda.is_available():
        return f"CPU, {torch.get_num_threads()} threads"
    memory = torch.cuda.get_device_properties(0).total_memory
    return f"{torch.cuda.get_device_name()}, {size(memory)}"


def _settings() -> Iterator[str]:
    for name in SECRETS:
        yield f"{name}: {'set' if os.environ.get(name) else 'not set'}"
    for name in SETTINGS:
        if os.environ.get(name):
            yield f"{name}: {os.environ[name].rpartition('@')[2]}"  # a proxy's address may carry a password
    for name in sorted(set(os.environ) - {*SECRETS, *SETTINGS}):
        if name.startswith("LORAKIT_"):  # among them may be a certificate or its key
            yield f"{name}: set"
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")
    use = "never used (HF_HUB_OFFLINE)" if offline else "used for models that are not on this machine"
    yield f"Hugging Face: {use}"


def _disk() -> Iterator[str]:
    home = workspace.home()
    free = shutil.disk_usage(next(folder for folder in (home, *home.parents) if folder.exists())).free
    yield f"workspace: {home} ({size(free)} free); your adapters: {workspace.adapters_folder()}"
    for what, count in disk.usage().items():
        yield f"  {what}: {size(count)}"
    old = sum(one.size for one in retention.going())
    yield f"  {size(old)} of this can be freed up: python -m lorakit clean"
    hub = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface")
    yield f"models from Hugging Face: {size(disk.size_of(hub))} in {hub}"
