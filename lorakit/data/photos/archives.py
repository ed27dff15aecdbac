"""Unpacking a zip of photos that nobody vouches for.

Sizes are looked at before and counted while unpacking, never believed, and of an archive that turns out too
large nothing stays; names are made safe; entries that are encrypted, links,
archives or that climb out of the folder are left out and named, in the folder too, so that whoever reads it
later can still say so.
"""

import re
import shutil
import stat
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path

from lorakit import durable
from lorakit.data.findings import Finding
from lorakit.data.photos.litter import is_litter
from lorakit.data.photos.names import shown
from lorakit.data.photos.safe_names import UniqueNames, safe_name
from lorakit.errors import DataError

MOST_ENTRIES = 10_000
LARGEST_ENTRY = 200 * 2**20  # bytes, unpacked
LARGEST_WHOLE = 4 * 2**30  # bytes, unpacked, of all entries
# Photos hardly shrink in a zip. One that unpacks to more than this and than so many times its size is a bomb.
HARMLESS, MOST_TIMES = 200 * 2**20, 100
SPARE = 500 * 2**20  # bytes of the disk that stay free
CHUNK = 2**20
NESTED = (".zip", ".rar", ".7z", ".tar", ".gz", ".bz2", ".xz")


HELD_BACK = ".held-back.json"  # in the folder: what could not be brought into it
MOST_REMEMBERED = 2000  # findings


class _Refused(Exception):
    """Why an entry is left out; `args` are kind, what and advice."""


class _TooLarge(Exception):
    """The archive unpacks to more than it may."""


def unpack(archive: Path, into: Path) -> list[Finding]:
    """Unpack into the folder `into`. Each entry that is left out becomes a finding.

    Raises DataError when the file is no zip archive, or has too many entries.
    """
    name = shown(archive.name)
    if not archive.is_file():
        raise DataError(f"{name}: no such file; check the name")
    into.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(archive) as opened:
            return _unpack(opened, name, into)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        EOFError,
        UnicodeDecodeError,
        ValueError,
        OSError,
    ) as error:
        if isinstance(error, DataError):
            raise
        if isinstance(error, OSError) and error.errno is not None:
            raise DataError(
                f"{name}: unpacking failed ({error.strerror}); free up space or check permissions"
            ) from None
        raise DataError(f"{name}: damaged or not a ZIP file; create it again") from None


def remember(folder: Path, refused: list[Finding]) -> None:
    """Keep what was left out beside what was brought in."""
    durable.write_json(folder / HELD_BACK, [asdict(finding) for finding in refused[:MOST_REMEMBERED]])


def held_back(folder: Path) -> list[Finding]:
    """What was left out when this folder was filled; nothing for a folder that somebody else filled."""
    try:
        return [Finding(**row) for row in durable.read_json(folder / HELD_BACK)]
    except (OSError, ValueError, TypeError):
        return []


def gather(files: list[Path], into: Path) -> list[Finding]:
    """Copy files into the folder `into` under safe names of their own, and unpack the zips among them there.

    What cannot be brought along becomes a finding.
    """
    into.mkdir(parents=True, exist_ok=True)
    found: list[Finding] = []
    names = UniqueNames()
    for file in files:
        if is_litter(file.name):
            continue
        target = into / names.take(Path(safe_name(file.name)), file.name)
        try:
            if file.suffix.lower() == ".zip":
                found += unpack(file, target.with_suffix(""))
            else:
                with durable.replacing(target) as unfinished:
                    shutil.copyfile(file, unfinished)
        except DataError as error:
            what, _, advice = str(error).removeprefix(f"{shown(file.name)}: ").partition("; ")
            found.append(Finding(shown(file.name), "unreadable", "error", what, advice))
        except OSError as error:
            what = f"copying failed ({error.strerror})"
            found.append(Finding(shown(file.name), "unreadable", "error", what, "add it again"))
    return found


def _unpack(opened: zipfile.ZipFile, name: str, into: Path) -> list[Finding]:
    entries = [
        entry for entry in opened.infolist() if not entry.is_dir() and not is_litter(_real_name(entry))
    ]
    if len(entries) > MOST_ENTRIES:
        raise DataError(f"{name}: {len(entries)} files in it (max. {MOST_ENTRIES}); split it")
    room = _room(entries, name, Path(str(opened.filename)).stat().st_size, into)
    found: list[Finding] = []
    names, written = UniqueNames(), []
    for entry in entries:
        label = shown(_real_name(entry))
        try:
            target = into / names.take(*_target(entry))
            room -= _write(opened, entry, target, room)
            written.append(target)
        except _TooLarge:
            for target in written:
                target.unlink(missing_ok=True)
            raise DataError(
                f"{name}: larger when unpacked than it declares, and than is allowed; create it again"
            ) from None
        except _Refused as refused:
            found.append(Finding(label, refused.args[0], "error", refused.args[1], refused.args[2]))
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            what, advice = "same name as a folder in the ZIP file", "rename it"
            found.append(Finding(label, "unsafe-path", "error", what, advice))
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
            what = "damaged inside the ZIP file, or compressed in an unsupported way"
            found.append(Finding(label, "damaged", "error", what, "create it again as a plain ZIP file"))
    return found


def _room(entries: list[zipfile.ZipInfo], name: str, packed: int, into: Path) -> int:
    """Bytes that the archive may unpack to. Raises DataError when it says that it takes more."""
    total = sum(entry.file_size for entry in entries if entry.file_size <= LARGEST_ENTRY)
    if total > LARGEST_WHOLE:
        raise DataError(
            f"{name}: {total / 1e9:.1f} GB when unpacked (max. {LARGEST_WHOLE / 1e9:.1f} GB); "
            "make it smaller or split it"
        )
    most = max(HARMLESS, MOST_TIMES * packed)
    if total > most:
        raise DataError(
            f"{name}: {total // max(1, packed)} times its size when unpacked, which photos never are; "
            "create a ZIP of the photos alone"
        )
    free = shutil.disk_usage(into).free - SPARE
    if total > free:
        raise DataError(
            f"{name}: {total / 1e9:.1f} GB of disk space needed, {max(0, free) / 1e9:.1f} GB free; "
            "free up space (python -m lorakit clean) or upload fewer photos"
        )
    return min(LARGEST_WHOLE, most, free)


def _write(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, room: int) -> int:
    """Unpack one entry all or nothing; returns its real size."""
    size = 0
    with (
        opened.open(entry) as source,
        durable.replacing(target) as unfinished,
        open(unfinished, "wb") as file,
    ):
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > LARGEST_ENTRY:
                what = f"larger than {LARGEST_ENTRY // 2**20} MB when unpacked"
                raise _Refused("entry-too-large", what, "leave it out or make it smaller")
            if size > room:
                raise _TooLarge
            file.write(chunk)
    return size


def _target(entry: zipfile.ZipInfo) -> tuple[Path, str]:
    """A safe relative path for an entry, and its own. Raises _Refused for what must not be unpacked."""
    original = _real_name(entry)
    path = original.replace("\\", "/")
    parts = path.split("/")
    if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in parts:
        raise _Refused("unsafe-path", "a path out of the ZIP file", "create it again with plain file names")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise _Refused("link", "a link, not a file", "put the photo itself into the ZIP file")
    if entry.flag_bits & 1:
        raise _Refused("encrypted", "encrypted", "create the ZIP file without a password")
    if path.lower().endswith(NESTED):
        raise _Refused("nested-archive", "an archive inside the ZIP file", "unpack it and add its photos")
    # Deeper folders than these say nothing about a photo, and make names too long for some systems.
    safe = Path(*[safe_name(part) for part in parts if part not in ("", ".")][-4:])
    if not safe.name:
        raise _Refused("unsafe-path", "no file name", "create it again with plain file names")
    return safe, path


def _real_name(entry: zipfile.ZipInfo) -> str:
    """macOS packs UTF-8 names without saying so; Python then reads them as code page 437."""
    if entry.flag_bits & 0x800:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename
