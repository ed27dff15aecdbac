"""The one safe way to open an adapter file.

Covers safetensors files: the header is checked before any tensor is touched, pickles are never opened,
nothing is allocated beyond the file's own size, and a file that is replaced while it is read is refused.
"""

import json
import math
import os
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from lorakit.errors import AdapterError
from lorakit.formats.suffixes import STARTS, SUFFIXES

# Assumption: 50,000 tensors with long names take about 7 MB. Python's tables of a header take several times
# its bytes, so what it may hold is counted before it is parsed.
HEADER_LIMIT = 12 * 2**20
WIDE_LIMIT = 8 * 2**20  # of one beyond ASCII, which may take four times its bytes as text
TENSOR_LIMIT = 50_000  # assumption: a mixture-of-experts adapter over all experts has under 40,000
NAME_LIMIT = 512
MOST_DIMENSIONS = 8
LONGEST_START = max(len(start) for start, _ in STARTS)
BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
    "F8_E4M3": 1, "F8_E5M2": 1, "U16": 2, "U32": 4, "U64": 8,
}  # fmt: skip
TYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
}  # fmt: skip
# Merged and extracted LoRAs state their alphas as these; a weight is never one.
WHOLE_NUMBERS = {
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8,
    "U16": torch.uint16, "U32": torch.uint32, "U64": torch.uint64,
}  # fmt: skip


@dataclass(frozen=True)
class Stored:
    """One tensor of a file: its type, shape, and where its bytes lie behind the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Header:
    """What a safetensors file says of itself."""

    path: Path
    tensors: dict[str, Stored]
    metadata: dict[str, str]
    data_start: int
    stamp: tuple[int, int, int] = (0, 0, 0)  # of the file whose header this is


def read_header(path: Path) -> Header:
    """Read and check the header only. Raises AdapterError that names the file and what is wrong with it."""
    name = path.name
    if path.suffix.lower() in SUFFIXES:
        raise AdapterError(f"{name} is {SUFFIXES[path.suffix.lower()]}")
    with _opened(path) as file:
        stamp = _stamp(file)
        size = stamp[1]
        start = file.read(8)
        if len(start) < 8:
            raise AdapterError(f"{name} is empty or incomplete; download or export it again")
        (length,) = struct.unpack("<Q", start)
        if length > HEADER_LIMIT or 8 + length > size:
            start += file.read(LONGEST_START)
            if known := next((words for first, words in STARTS if start.startswith(first)), ""):
                raise AdapterError(f"{name} is {known}")
            what = "which is impossible; download it again"
            if 8 + length <= size:
                what = f"more than an adapter needs ({HEADER_LIMIT:,}); strip its metadata or export it again"
            raise AdapterError(f"{name}: its header claims {length:,} bytes, {what}")
        rows = _parse(name, file.read(length))
    metadata = rows.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise AdapterError(f"{name}: its metadata is not a table of strings; export it again")
    if len(rows) > TENSOR_LIMIT:
        raise AdapterError(f"{name} contains {len(rows):,} tensors, more than any adapter ({TENSOR_LIMIT:,})")
    tensors = {key: _stored(name, key, row) for key, row in rows.items()}
    _check_layout(name, tensors, size - 8 - length)
    return Header(path, tensors, metadata, 8 + length, stamp)


def read_tensors(header: Header) -> dict[str, Tensor]:
    """All tensors, each in its own type, as views of one buffer of the file's size.

    Raises AdapterError for types no adapter is stored in, and for a file that is no longer the one whose
    header was read.
    """
    name = header.path.name
    wrong = next((key for key, stored in header.tensors.items() if not _is_readable(stored)), None)
    if wrong is not None:
        raise AdapterError(
            f"{name}: {wrong[:80]} is stored as {header.tensors[wrong].dtype}, which isn't a weight type"
        )
    buffer = torch.empty(
        max((stored.end for stored in header.tensors.values()), default=0), dtype=torch.uint8
    )
    with _opened(header.path) as file:
        before = _stamp(file)
        file.seek(header.data_start)
        read = file.readinto(memoryview(buffer.numpy()))  # type: ignore[arg-type, attr-defined]
        if not before == _stamp(file) == header.stamp:
            raise AdapterError(f"{name} changed while it was being read; try again once it has been written")
        if read != len(buffer):
            raise AdapterError(f"{name} ends before its last tensor; download it again")
    return {key: _view(buffer, stored) for key, stored in header.tensors.items()}


def _is_readable(stored: Stored) -> bool:
    return stored.dtype in TYPES or (stored.dtype in WHOLE_NUMBERS and math.prod(stored.shape) == 1)


def _opened(path: Path) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise AdapterError(
            f"{path.name} can't be opened ({os.strerror(error.errno or 0)}); check that it is there and "
            "readable"
        ) from error


def _stamp(file: BinaryIO) -> tuple[int, int, int]:
    """Which file this is, and how it was last written."""
    found = os.fstat(file.fileno())
    return found.st_ino, found.st_size, found.st_mtime_ns


def _view(buffer: Tensor, stored: Stored) -> Tensor:
    dtype = (TYPES | WHOLE_NUMBERS)[stored.dtype]
    part = buffer[stored.start : stored.end]
    if stored.start % dtype.itemsize:
        part = part.clone()
    return part.view(dtype).view(stored.shape)


def _parse(name: str, raw: bytes) -> dict:
    def unique(pairs: list[tuple[str, object]]) -> dict:
        table = dict(pairs)
        if len(table) != len(pairs):
            twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
            raise AdapterError(f"{name} lists {twice[:80]} twice in its header; export it again")
        return table

    fields, lists = raw.count(b'":') - raw.count(b'\\":'), raw.count(b"[")
    if fields > 5 * TENSOR_LIMIT or lists > 5 * TENSOR_LIMIT or (len(raw) > WIDE_LIMIT and not raw.isascii()):
        raise AdapterError(
            f"{name}: its header lists more tensors than any adapter has ({TENSOR_LIMIT:,}); not opened"
        )
    try:
        text = raw.decode("utf-8")
        del raw  # the header's bytes, its text and its table are never all in memory
        rows = json.loads(text, object_pairs_hook=unique)
    except AdapterError:
        raise
    except (ValueError, RecursionError) as error:
        raise AdapterError(
            f"{name}: its header is not that of a safetensors file; export it again"
        ) from error
    if not isinstance(rows, dict):
        raise AdapterError(f"{name}: its header is not a table of tensors; export it again")
    return rows


def _stored(name: str, key: str, row: object) -> Stored:
    if len(key) > NAME_LIMIT or "\0" in key or ".." in key or "/" in key:
        raise AdapterError(f"{name} contains a tensor with the invalid name {key[:80]!r}; it was not opened")
    try:
        dtype, shape, (start, end) = row["dtype"], tuple(row["shape"]), row["data_offsets"]  # type: ignore[index]
        known = dtype in BYTES
        sound = len(shape) <= MOST_DIMENSIONS and all(
            type(n) is int and 0 <= n < 2**63 for n in (*shape, start, end)
        )
    except (KeyError, TypeError, ValueError) as error:
        raise AdapterError(f"{name}: the header's entry for {key[:80]} is broken; export it again") from error
    if not known:
        raise AdapterError(f"{name}: {key[:80]} has the unknown type {str(dtype)[:20]!r}")
    if not sound or end - start != math.prod(shape) * BYTES[dtype]:
        raise AdapterError(f"{name}: the size of {key[:80]} doesn't match its shape; download it again")
    return Stored(dtype, shape, start, end)


def _check_layout(name: str, tensors: dict[str, Stored], available: int) -> None:
    end = 0
    for key, stored in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].end)):
        if stored.start < end:
            raise AdapterError(f"{name}: {key[:80]} overlaps the tensor before it; it was not opened")
        if stored.end > available:
            raise AdapterError(f"{name} ends before the end of {key[:80]}; download it again")
        end = stored.end
