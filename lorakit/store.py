"""The store: `adapters/<slug>/`, one folder per adapter, each in files that any tool reads. No torch at the top.

Folders are prepared aside and renamed into place, so a crash, a full disk or two adds at once leave nothing half there.
"""

import os
import re
import shutil
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from lorakit import card as cards
from lorakit import durable, workspace
from lorakit.errors import AdapterError

if TYPE_CHECKING:
    from lorakit.lora.adapter import Adapter

LONGEST_SLUG = 60
DEVICES = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)$")
WEIGHTS = ("pytorch_lora_weights.safetensors", "adapter_model.safetensors")
LARGEST = 8 * 2**30  # bytes, unpacked, of a zip that is added
TRASH = ".trash"


@dataclass(frozen=True)
class Entry:
    """One adapter as a list shows it."""

    slug: str
    name: str
    family: str
    base: str
    trigger: str
    rank: int
    size_bytes: int
    created: str
    licence: str
    kind: str  # "image" | "voice"
    preview: Path | None
    card: dict[str, Any]


def slug_of(name: str) -> str:
    """A folder name for any name: lower-case letters, digits and dashes, never empty, never a device's name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:LONGEST_SLUG].strip("-")
    return f"adapter-{slug}".strip("-") if not slug or DEVICES.match(slug) else slug


class Store:
    """The adapters of one folder."""

    def __init__(self, folder: str | Path | None = None):
        self.folder = Path(folder) if folder else workspace.adapters_folder()

    def list(self) -> "list[Entry]":
        """All adapters by name. Reads cards only; a folder that is no adapter is left out."""
        if not self.folder.is_dir():
            return []
        found = [self._entry(path) for path in self.folder.iterdir() if path.is_dir() and path.name[0] != "."]
        return sorted((entry for entry in found if entry is not None), key=lambda entry: entry.name.lower())

    def get(self, slug: str) -> Entry:
        """One adapter. Raises AdapterError when it is not in the store."""
        entry = self._entry(self._path(slug))
        if entry is None:
            raise AdapterError(f"{slug}: no adapter of this name in the store; it may have been renamed or trashed")
        return entry

    def load(self, slug: str) -> "Adapter":
        """Open one adapter's weights."""
        from lorakit import formats

        self.get(slug)
        adapter = formats.load(self._path(slug))
        adapter.card.name = adapter.card.name or slug
        return adapter

    def add(self, source: str | Path, name: str | None = None) -> Entry:
        """Check an adapter file, folder or zip and keep a copy; a taken name gets a number. Raises AdapterError."""
        from lorakit import formats

        source = Path(source)
        self.folder.mkdir(parents=True, exist_ok=True)
        if zipfile.is_zipfile(source):
            return self._add_zip(source, name)
        adapter = formats.load(source)
        adapter.card.name = name or (adapter.card.name if adapter.card.name not in ("", *_stems()) else source.stem)
        layout = "peft" if adapter.family == "llm" else "diffusers"
        with FileLock(self.folder / ".lock"):
            slug = self._free(slug_of(adapter.card.name))
            with durable.replacing_folder(self.folder / slug) as aside:
                weights = formats.save(adapter, aside, layout)
                adapter.card.sha256 = _sha256(weights)
                durable.write_json(aside / "card.json", adapter.card.to_dict())
                if (source / "previews").is_dir():
                    shutil.copytree(source / "previews", aside / "previews")
                cards.refresh(aside)
        return self.get(slug)

    def rename(self, slug: str, name: str) -> Entry:
        """Give an adapter another name; its folder follows."""
        entry, name = self.get(slug), name.strip()
        if not name:
            raise AdapterError(f"{slug}: the new name is empty; type one")
        with FileLock(self.folder / ".lock"):
            wanted = slug_of(name)
            target = slug if wanted == slug else self._free(wanted)
            os.replace(self._path(slug), self.folder / target)
            durable.write_json(self.folder / target / "card.json", {**entry.card, "name": name})
            cards.refresh(self.folder / target)
        return self.get(target)

    def trash(self, slug: str) -> None:
        """Move an adapter to the trash, from where `restore` brings it back."""
        self.get(slug)
        with FileLock(self.folder / ".lock"):
            (self.folder / TRASH).mkdir(exist_ok=True)
            target, number = self.folder / TRASH / slug, 2
            while target.exists():
                target, number = self.folder / TRASH / f"{slug}-{number}", number + 1
            os.replace(self._path(slug), target)

    def trashed(self) -> "list[str]":
        """Names in the trash."""
        folder = self.folder / TRASH
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def restore(self, name: str) -> Entry:
        """Bring an adapter back from the trash."""
        if name not in self.trashed():
            raise AdapterError(f"{name}: is not in the trash")
        with FileLock(self.folder / ".lock"):
            slug = self._free(name)
            os.replace(self.folder / TRASH / name, self.folder / slug)
        return self.get(slug)

    def export(self, slug: str, out: str | Path) -> Path:
        """The adapter's folder as `<slug>.zip` in `out`."""
        self.get(slug)
        target, folder = Path(out) / f"{slug}.zip", self._path(slug)
        with durable.replacing(target) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_STORED) as archive:
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    archive.write(file, f"{slug}/{file.relative_to(folder)}")
        return target

    def check_base(self, entry: Entry, family: str) -> None:
        """Raise AdapterError when `entry` was made for another family of bases than `family`."""
        if entry.family and entry.family != family:
            raise AdapterError(f"{entry.name}: was made for a {entry.family} base, not for {family}; choose a fitting base")

    def _path(self, slug: str) -> Path:
        if slug != slug_of(slug):
            raise AdapterError(f"{slug[:80]!r} is not the name of an adapter in the store")
        return self.folder / slug

    def _free(self, slug: str) -> str:
        number, free = 2, slug
        while (self.folder / free).exists():
            free, number = f"{slug}-{number}", number + 1
        return free

    def _entry(self, path: Path) -> Entry | None:
        weights = next((path / name for name in WEIGHTS if (path / name).is_file()), None)
        if weights is None:
            return None
        card = self._card(path, weights)
        previews = sorted((path / "previews").glob("*.png"))
        return Entry(
            path.name, str(card.get("name") or path.name), str(card.get("family", "")), str(card.get("base", "")),
            str(card.get("trigger", "")), int(card.get("rank") or 0), weights.stat().st_size, str(card.get("created", "")),
            str(card.get("licence", "")), "voice" if card.get("family") == "llm" else "image",
            previews[0] if previews else None, card,
        )  # fmt: skip

    def _card(self, path: Path, weights: Path) -> dict[str, Any]:
        try:
            card = durable.read_json(path / "card.json")
            if isinstance(card, dict):
                return card
        except (OSError, ValueError):
            pass
        from lorakit import formats

        try:  # a folder that another tool put here
            seen = formats.inspect(weights)
            return {"name": path.name, "family": seen.family, "rank": seen.rank}
        except AdapterError:
            return {"name": path.name}

    def _add_zip(self, archive: Path, name: str | None) -> Entry:
        """Take the adapter's own files out of a zip; nothing is written under a name that the zip chose."""
        with durable.replacing_folder(self.folder / f".incoming-{os.getpid()}") as aside, zipfile.ZipFile(archive) as opened:
            chosen = [i for i in opened.infolist() if Path(i.filename).name in (*WEIGHTS, "adapter_config.json", "card.json")
                      or i.filename.endswith(".safetensors")]  # fmt: skip
            if sum(info.file_size for info in chosen) > LARGEST:
                raise AdapterError(f"{archive.name}: unpacks to more than {LARGEST // 2**30} GB; add the file itself")
            for info in chosen:
                if info.flag_bits & 1:
                    raise AdapterError(f"{archive.name}: is encrypted; unpack it first")
                with opened.open(info) as source, open(aside / Path(info.filename).name, "wb") as target:
                    shutil.copyfileobj(source, target)
            return self.add(aside, name or archive.stem)


def _stems() -> tuple[str, ...]:
    return tuple(Path(name).stem for name in WEIGHTS)


def _sha256(path: Path) -> str:
    import hashlib

    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
