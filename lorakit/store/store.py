"""The store: `adapters/<slug>/`, one folder per adapter, in files that any tool reads. No torch at the top.

Folders are prepared aside and renamed into place, so a crash, a full disk or two adds at once leave nothing
half there. A folder without weights is a name held for a training; lists leave it out.
"""

import errno
import os
import re
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from lorakit import durable, workspace
from lorakit.errors import AdapterError
from lorakit.families import table
from lorakit.store import model_card as cards
from lorakit.store import zips

if TYPE_CHECKING:
    from lorakit.lora.adapter import Adapter

LONGEST_SLUG = 60
DEVICES = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)$")
WEIGHTS = (*table.ADAPTER_FILES.values(), "lora.safetensors")
MOST_SPECTRUM = 512  # rank up to which the singular values of every layer take seconds
TRASH = ".trash"
LEFT_BEHIND = re.compile(r"\..*\.[0-9a-f]{8}\.tmp|\.incoming-.*")
STALE_SECONDS = 3600  # assumption: no adapter takes an hour to be written
CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}


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
    added: float  # when its weights were written here, in seconds since 1970
    preview: Path | None
    card: dict[str, Any]


def slug_of(name: str) -> str:
    """A folder name for any name: lower-case letters, digits, dashes; never empty or a device's name."""
    slug = workspace.slug(name, LONGEST_SLUG)
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
            raise AdapterError(
                f"{slug}: no adapter has this name; it may have been renamed or moved to trash"
            )
        return entry

    def load(self, slug: str) -> "Adapter":
        """Open one adapter's weights."""
        from lorakit import formats

        self.get(slug)
        adapter = formats.load(self._path(slug))
        adapter.card.name = adapter.card.name or slug
        return adapter

    def add(self, source: str | Path, name: str | None = None) -> Entry:
        """Check an adapter file, folder, zip or hub id and keep a copy (-2 for a taken name).

        What comes from the hub keeps its id and commit in its card. Raises AdapterError.
        """
        if not Path(source).exists() and _is_hub_id(str(source)):
            return self.add_from_hub(str(source), name)
        source = Path(source)
        if source.suffix.lower() == ".zip" and zipfile.is_zipfile(source):
            return self._add_zip(source, name)
        if source.suffix.lower() == ".zip" and source.is_file():
            raise AdapterError(f"{source.name} is damaged or not a ZIP file; create it again")
        from lorakit import formats
        from lorakit.formats.bases import unsupported
        from lorakit.formats.kinds import layers_of
        from lorakit.lora.spectrum import spectrum

        adapter = formats.load(source)
        if table.is_foreign(adapter.family):
            raise AdapterError(f"{adapter.source} {unsupported(adapter.card.base or adapter.family)}")
        if adapter.rank <= MOST_SPECTRUM:
            adapter.card.scores["spectrum"] = spectrum(adapter).to_dict()
        adapter.card.scores["layers"] = layers_of(list(adapter.modules))
        adapter.card.name = durable.whole(name or "") or (
            adapter.card.name if adapter.card.name not in ("", *_stems()) else source.stem
        )
        with self._writing():
            slug = self._free(slug_of(adapter.card.name))
            with durable.replacing_folder(self.folder / slug) as aside:
                adapter.card.sha256 = durable.sha256(formats.keep(adapter, source, aside))
                durable.write_json(aside / "card.json", adapter.card.to_dict())
                if (source / "previews").is_dir():
                    shutil.copytree(source / "previews", aside / "previews")
                cards.refresh(aside)
        return self.get(slug)

    def reserve(self, name: str) -> str:
        """Hold a free slug for an adapter that is still to be trained, as an empty folder."""
        with self._writing():
            slug = self._free(slug_of(name))
            (self.folder / slug).mkdir()
        return slug

    def rename(self, slug: str, name: str) -> Entry:
        """Give an adapter another name; its folder follows."""
        entry, name = self.get(slug), durable.whole(name).strip()
        if not name:
            raise AdapterError(f"{slug}: the new name is empty; enter one")
        with self._writing():
            wanted = slug_of(name)
            target = self.folder / (slug if wanted == slug else self._free(wanted))
            os.replace(self._path(slug), target)
            # The README of a folder that another tool made is that tool's.
            own = (target / "card.json").exists() or not (target / "README.md").exists()
            durable.write_json(target / "card.json", {**entry.card, "name": name})
            if own:
                cards.refresh(target)
        return self.get(target.name)

    def use_in_part(self, slug: str, allowed: bool = True) -> Entry:
        """May the adapter be applied to a base that has only some of its layers? Kept in its card."""
        entry = self.get(slug)
        with self._writing():
            durable.write_json(self._path(slug) / "card.json", {**entry.card, "partial": bool(allowed)})
        return self.get(slug)

    def trash(self, slug: str) -> str:
        """Move an adapter to the trash; `restore` brings it back by the name this returns."""
        self.get(slug)
        with self._writing():
            (self.folder / TRASH).mkdir(exist_ok=True)
            target, number = self.folder / TRASH / slug, 2
            while target.exists():
                target, number = self.folder / TRASH / f"{slug}-{number}", number + 1
            os.replace(self._path(slug), target)
        return target.name

    def trashed(self) -> Sequence[str]:
        """Names in the trash."""
        folder = self.folder / TRASH
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def restore(self, name: str) -> Entry:
        """Bring an adapter back from the trash."""
        if name not in self.trashed():
            raise AdapterError(f"{name[:80]} is not in the trash; choose one that is")
        with self._writing():
            slug = self._free(name)
            os.replace(self.folder / TRASH / name, self.folder / slug)
        return self.get(slug)

    def export(self, slug: str, out: str | Path, layout: str | None = None) -> Path:
        """The adapter's folder as `<slug>.zip` in `out`.

        With `layout` ("diffusers", "peft", "kohya") its weights are written in that one instead:
        `<slug>-<layout>.zip`. Raises AdapterError when the layout cannot hold them.
        """
        if layout is None:
            with _in_words("the download"), self._leaving(slug) as folder:
                return zips.pack(folder, Path(out) / f"{slug}.zip")
        from lorakit import formats

        with _in_words("the download"), tempfile.TemporaryDirectory() as aside:
            adapter = self.load(slug)
            adapter.card.base = _leaving_base(adapter.card.base)
            formats.save(adapter, Path(aside) / slug, layout)
            return zips.pack(Path(aside) / slug, Path(out) / f"{slug}-{layout}.zip")

    @contextmanager
    def _leaving(self, slug: str) -> Iterator[Path]:
        """The adapter's folder as others may see it: a base in a folder of this machine is a name."""
        from lorakit import formats

        entry = self.get(slug)
        if _leaving_base(entry.base) == entry.base:
            yield self._path(slug)
            return
        with tempfile.TemporaryDirectory() as aside:
            folder = Path(shutil.copytree(self._path(slug), Path(aside) / slug))
            adapter = self.load(slug)
            adapter.card.base = _leaving_base(entry.base)
            formats.keep(adapter, self._path(slug), folder)
            durable.write_json(folder / "card.json", entry.card | {"base": adapter.card.base})
            cards.refresh(folder)
            yield folder

    def check_base(self, entry: Entry, family: str) -> None:
        """Raise AdapterError when `entry` was made for another family of bases than `family`."""
        if entry.family and entry.family != family:
            own, other = table.words_of(entry.family), table.words_of(family)
            raise AdapterError(f"{entry.name} was made for {own}, not {other}; choose a matching base model")

    def _path(self, slug: str) -> Path:
        # Other tools' folders may have any name, so it need not be a slug; but it must be one plain name.
        if not slug or slug[0] == "." or len(slug) > 200 or set(slug) & {"/", "\\", "\0", ":"}:
            raise AdapterError(f"{slug[:80]!r} is not the name of one of your adapters")
        return self.folder / slug

    def _free(self, slug: str) -> str:
        number, free = 2, slug
        while (self.folder / free).exists():
            free, number = f"{slug}-{number}", number + 1
        return free

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Alone in the store; what a crash left behind goes."""
        with _in_words("your adapters"):
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock"):
                self._sweep()
                yield

    def _sweep(self) -> None:
        """Remove what was being prepared when a process died; what is younger may still be in work."""
        for path in self.folder.iterdir():
            if LEFT_BEHIND.fullmatch(path.name):
                with suppress(OSError):
                    inside = (file.stat().st_mtime for file in path.rglob("*"))
                    if max(inside, default=path.stat().st_mtime) < time.time() - STALE_SECONDS:
                        shutil.rmtree(path, ignore_errors=True)

    def _entry(self, path: Path) -> Entry | None:
        try:
            weights = next((path / name for name in WEIGHTS if (path / name).is_file()), None)
            found = weights.stat() if weights else None
            size, changed = (found.st_size, found.st_mtime) if found else (0, 0.0)
        except OSError:  # trashed or renamed while we looked
            return None
        if weights is None:
            return None
        card = self._card(path, weights)
        previews = sorted((path / "previews").glob("*.png"))
        rank = card.get("rank")
        return Entry(
            slug=path.name,
            name=str(card.get("name") or path.name),
            family=str(card.get("family") or ""),
            base=str(card.get("base") or ""),
            trigger=str(card.get("trigger") or ""),
            rank=rank if isinstance(rank, int) else 0,
            size_bytes=size,
            created=str(card.get("created") or ""),
            licence=str(card.get("licence") or ""),
            kind="voice" if table.makes(str(card.get("family") or "")) == "text" else "image",
            added=changed,
            preview=previews[0] if previews else None,
            card=card,
        )

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
        except (AdapterError, OSError):
            return {"name": path.name}

    def add_from_hub(self, repo: str, name: str | None = None, token: bool | None = None) -> Entry:
        """Add an adapter of the hub, and nothing of this machine that has its name. With `token=False` this
        machine's token is not used. Raises AdapterError.
        """
        from lorakit.formats import hub

        place, commit = hub.download(repo, token)
        stated = place.stem if place.is_file() else _stated_name(place)
        entry = self.add(place, name or stated or repo.partition("@")[0].rpartition("/")[2])
        card = entry.card | {"data": {**(entry.card.get("data") or {}), "hub": repo, "revision": commit}}
        durable.write_json(self._path(entry.slug) / "card.json", card)
        return self.get(entry.slug)

    def publish(self, slug: str, repo: str, private: bool = True) -> str:
        """Upload an adapter's folder, with its model card, to the hub; returns the address.

        Raises AdapterError in words.
        """
        from lorakit.formats import hub

        with self._leaving(slug) as folder:
            return hub.publish(folder, repo, private)

    def _add_zip(self, archive: Path, name: str | None) -> Entry:
        """Take the adapter's own files out of a zip; nothing is written under a name that the zip chose."""
        with self._writing():
            aside = Path(tempfile.mkdtemp(prefix=".incoming-", dir=self.folder))
        try:
            zips.unpack(archive, aside)
            return self.add(aside, name or _stated_name(aside) or archive.stem)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
            raise AdapterError(f"{archive.name} can't be unpacked ({error}); create it again") from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _in_words(what: str) -> Iterator[None]:
    """A full or read-only disk becomes a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise
        why = os.strerror(error.errno or 0)
        raise AdapterError(f"{what} can't be saved ({why}); free up space or check permissions") from error


def _is_hub_id(text: str) -> bool:
    from lorakit.formats import hub

    return hub.is_hub_id(text)


def _leaving_base(base: str) -> str:
    return Path(base).name if os.path.isabs(base) else base


def _stated_name(folder: Path) -> str:
    try:
        return str(durable.read_json(folder / "card.json").get("name") or "")
    except (OSError, ValueError, AttributeError):
        return ""


def _stems() -> tuple[str, ...]:
    return tuple(Path(name).stem for name in WEIGHTS)
