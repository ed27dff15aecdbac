"""The store: `adapters/<slug>/`, one folder per adapter, in files that any tool reads. No torch at the top.

Folders are prepared under a temporary name and renamed into place, so a crash, a full disk or two adds at
once leave nothing half there. A folder without weights is a name held for a training; lists leave it out.
"""

import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lorakit import durable, workspace
from lorakit.errors import AdapterError
from lorakit.families import table
from lorakit.store import entries, model_card, sharing, zips
from lorakit.store.entries import Entry
from lorakit.store.writing import free_name, locked, reporting_full_disk

if TYPE_CHECKING:
    from lorakit.lora.adapter import Adapter

LONGEST_SLUG = 60
DEVICES = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)$")
MOST_SPECTRUM = 512  # rank up to which the singular values of every layer take seconds
TRASH = ".trash"


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
        folders = (path for path in self.folder.iterdir() if path.is_dir() and path.name[0] != ".")
        adapters = (entry for path in folders if (entry := entries.read(path)) is not None)
        return sorted(adapters, key=lambda entry: entry.name.lower())

    def get(self, slug: str) -> Entry:
        """One adapter. Raises AdapterError when it is not in the store."""
        entry = entries.read(self._path(slug))
        if entry is None:
            raise AdapterError(
                f"{slug}: no adapter has this name; it may have been renamed or moved to trash"
            )
        return entry

    def load(self, slug: str) -> "Adapter":
        """Open one adapter's weights. Raises AdapterError when it is not in the store or damaged."""
        self.get(slug)
        return entries.load(self._path(slug))

    def add(self, source: str | Path, name: str | None = None) -> Entry:
        """Check an adapter file, folder, ZIP or Hugging Face ID and keep a copy (`-2` for a taken name).

        The card of one from Hugging Face records its ID and commit. Raises AdapterError.
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
            adapter.card.name if adapter.card.name not in ("", *entries.STEMS) else source.stem
        )
        with locked(self.folder):
            slug = free_name(self.folder, slug_of(adapter.card.name))
            with durable.replacing_folder(self.folder / slug) as prepared:
                adapter.card.sha256 = durable.sha256(formats.keep(adapter, source, prepared))
                durable.write_json(prepared / "card.json", adapter.card.to_dict())
                if (source / "previews").is_dir():
                    shutil.copytree(source / "previews", prepared / "previews")
                model_card.refresh(prepared)
        return self.get(slug)

    def reserve(self, name: str) -> str:
        """Hold a free slug for an adapter that is still to be trained, as an empty folder."""
        with locked(self.folder):
            slug = free_name(self.folder, slug_of(name))
            (self.folder / slug).mkdir()
        return slug

    def rename(self, slug: str, name: str) -> Entry:
        """Give an adapter another name; its folder follows. Raises AdapterError for an empty name."""
        entry, name = self.get(slug), durable.whole(name).strip()
        if not name:
            raise AdapterError(f"{slug}: the new name is empty; enter one")
        with locked(self.folder):
            wanted = slug_of(name)
            target = self.folder / (slug if wanted == slug else free_name(self.folder, wanted))
            os.replace(self._path(slug), target)
            # The README of a folder that another tool made is that tool's.
            readme_is_ours = (target / "card.json").exists() or not (target / "README.md").exists()
            durable.write_json(target / "card.json", {**entry.card, "name": name})
            if readme_is_ours:
                model_card.refresh(target)
        return self.get(target.name)

    def use_in_part(self, slug: str, allowed: bool = True) -> Entry:
        """Set, in its card, whether it may be applied to a base model that has only some of its layers."""
        entry = self.get(slug)
        with locked(self.folder):
            durable.write_json(self._path(slug) / "card.json", {**entry.card, "partial": bool(allowed)})
        return self.get(slug)

    def trash(self, slug: str) -> str:
        """Move an adapter to the trash; `restore` brings it back by the name this returns."""
        self.get(slug)
        with locked(self.folder):
            (self.folder / TRASH).mkdir(exist_ok=True)
            target = self.folder / TRASH / free_name(self.folder / TRASH, slug)
            os.replace(self._path(slug), target)
        return target.name

    def trashed(self) -> Sequence[str]:
        """Names in the trash."""
        folder = self.folder / TRASH
        return sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []

    def restore(self, name: str) -> Entry:
        """Bring an adapter back from the trash. Raises AdapterError when it is not in there."""
        if name not in self.trashed():
            raise AdapterError(f"{name[:80]} is not in the trash; choose one that is")
        with locked(self.folder):
            slug = free_name(self.folder, name)
            os.replace(self.folder / TRASH / name, self.folder / slug)
        return self.get(slug)

    def export(self, slug: str, out: str | Path, layout: str | None = None) -> Path:
        """The adapter's folder as `<slug>.zip` in `out`.

        With `layout` ("diffusers", "peft", "kohya") its weights are written in that one instead:
        `<slug>-<layout>.zip`. Raises AdapterError when the layout cannot hold them.
        """
        folder, out = self._path(slug), Path(out)
        card = self.get(slug).card
        with reporting_full_disk("the download"):
            if layout is not None:
                return sharing.pack_as(folder, out / f"{slug}-{layout}.zip", layout)
            with sharing.shareable(folder, card) as public:
                return zips.pack(public, out / f"{slug}.zip")

    def check_base(self, entry: Entry, family: str) -> None:
        """Raise AdapterError when `entry` was made for another family of bases than `family`."""
        if entry.family and entry.family != family:
            made_for, chosen = table.words_of(entry.family), table.words_of(family)
            raise AdapterError(
                f"{entry.name} was made for {made_for}, not {chosen}; choose a matching base model"
            )

    def _path(self, slug: str) -> Path:
        # Other tools' folders may have any name, so it need not be a slug; but it must be one plain name.
        if not slug or slug[0] == "." or len(slug) > 200 or set(slug) & {"/", "\\", "\0", ":"}:
            raise AdapterError(f"{slug[:80]!r} is not the name of one of your adapters")
        return self.folder / slug

    def add_from_hub(self, repo: str, name: str | None = None, token: bool | None = None) -> Entry:
        """Add an adapter from Hugging Face, even where a local folder has the same name.

        With `token=False` this machine's token is not used. Raises AdapterError.
        """
        from lorakit.formats import hub

        place, commit = hub.download(repo, token)
        stated = place.stem if place.is_file() else entries.stated_name(place)
        entry = self.add(place, name or stated or repo.partition("@")[0].rpartition("/")[2])
        card = entry.card | {"data": {**(entry.card.get("data") or {}), "hub": repo, "revision": commit}}
        durable.write_json(self._path(entry.slug) / "card.json", card)
        return self.get(entry.slug)

    def publish(self, slug: str, repo: str, private: bool = True) -> str:
        """Upload an adapter's folder, with its model card, to Hugging Face; returns its URL.

        Raises AdapterError when the upload is refused.
        """
        from lorakit.formats import hub

        with sharing.shareable(self._path(slug), self.get(slug).card) as folder:
            return hub.publish(folder, repo, private)

    def _add_zip(self, archive: Path, name: str | None) -> Entry:
        """Take the adapter's own files out of a zip; nothing is written under a name that the zip chose."""
        with locked(self.folder):
            unpacked = Path(tempfile.mkdtemp(prefix=".incoming-", dir=self.folder))
        try:
            zips.unpack(archive, unpacked)
            return self.add(unpacked, name or entries.stated_name(unpacked) or archive.stem)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
            raise AdapterError(f"{archive.name} can't be unpacked ({error}); create it again") from error
        finally:
            shutil.rmtree(unpacked, ignore_errors=True)


def _is_hub_id(text: str) -> bool:
    from lorakit.formats import hub

    return hub.is_hub_id(text)
