"""An adapter folder as a zip, and out of one. No torch here."""

import re
import shutil
import zipfile
from pathlib import Path

from lorakit import durable
from lorakit.errors import AdapterError

LARGEST = 8 * 2**30  # bytes, unpacked
PREVIEW = re.compile(r"(^|/)previews/[\w-]{1,60}\.png$")
CARDS = ("adapter_config.json", "card.json")
MOST_PREVIEWS, LARGEST_PREVIEW = 16, 20 * 2**20  # pictures; bytes of one


def pack(folder: Path, target: Path) -> Path:
    """Write `folder` as the zip `target`, all or nothing. Nothing is compressed: weights would not shrink."""
    with (
        durable.replacing(target) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive,
    ):
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.name[0] != ".":
                archive.write(file, f"{folder.name}/{file.relative_to(folder)}")
    return target


def unpack(archive: Path, into: Path) -> None:
    """Take one adapter out of a zip, under our own names. Raises AdapterError when it is not just one."""
    with zipfile.ZipFile(archive) as opened:
        files = [info for info in opened.infolist() if not info.is_dir() and "__MACOSX/" not in info.filename]
        names = {info.filename: Path(info.filename).name for info in files}
        chosen = [
            info for info in files if names[info.filename] in CARDS or info.filename.endswith(".safetensors")
        ]
        weights = [info for info in chosen if info.filename.endswith(".safetensors")]
        if len(weights) != 1:
            what = f"{len(weights)} .safetensors files" if weights else "no .safetensors file"
            raise AdapterError(
                f"{archive.name} contains {what}; add one adapter at a time, as a .safetensors file or a ZIP"
            )
        previews = [i for i in files if PREVIEW.search(i.filename) and i.file_size <= LARGEST_PREVIEW]
        if sum(info.file_size for info in chosen) > LARGEST:
            raise AdapterError(
                f"{archive.name} unpacks to more than {LARGEST // 2**30} GB; add the .safetensors file itself"
            )
        if any(info.flag_bits & 1 for info in chosen):
            raise AdapterError(f"{archive.name} is encrypted; unpack it first")
        for info in chosen:
            with opened.open(info) as source, open(into / names[info.filename], "wb") as target:
                shutil.copyfileobj(source, target)
        for number, info in enumerate(previews[:MOST_PREVIEWS]):
            data = opened.read(info)
            if data.startswith(b"\x89PNG\r\n"):
                durable.write_bytes(into / "previews" / f"{number:02d}.png", data)
