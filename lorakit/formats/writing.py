"""Writing safetensors files so that equal content gives equal bytes."""

import errno
import json
import re
import struct
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

# Tensors, metadata of the file, and JSON files beside it.
Written = tuple[dict[str, Tensor], dict[str, str], dict[str, dict[str, Any]]]


def write(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    """Write `tensors` and `metadata` to `path`; the same content always gives the same bytes.

    safetensors orders the tensors but not the metadata, so a file's sha256 would differ between two
    identical exports. The header is put in order where it stands: its length does not change.
    """
    try:
        save_file(tensors, path, metadata=metadata)
    except SafetensorError as error:  # a full disk, told by the number that the system gives it
        found = re.search(r"os error (\d+)", str(error))
        raise OSError(int(found[1]) if found else errno.EIO, "the weights can't be saved") from error
    with open(path, "r+b") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        rows = json.loads(file.read(length))
        rows["__metadata__"] = dict(sorted(rows["__metadata__"].items()))
        ordered = json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode().ljust(length)
        if len(ordered) == length:
            file.seek(8)
            file.write(ordered)


def own_memory(tensor: Tensor) -> Tensor:
    return tensor.detach().clone(memory_format=torch.contiguous_format)
