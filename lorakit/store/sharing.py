"""An adapter's folder as it may leave this machine: a base model in a local folder is only a name."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lorakit import durable
from lorakit.store import entries, model_card, zips


@contextmanager
def shareable(folder: Path, card: dict[str, object]) -> Iterator[Path]:
    """`folder`, or a temporary copy of it where `card` names a base model by a path of this machine.

    Raises AdapterError when the weights cannot be read.
    """
    from lorakit import formats

    base = str(card.get("base") or "")
    if public_base(base) == base:
        yield folder
        return
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(shutil.copytree(folder, Path(temporary) / folder.name))
        adapter = entries.load(folder)
        adapter.card.base = public_base(base)
        formats.keep(adapter, folder, copy)
        durable.write_json(copy / "card.json", card | {"base": adapter.card.base})
        model_card.refresh(copy)
        yield copy


def pack_as(folder: Path, target: Path, layout: str) -> Path:
    """Write the adapter of `folder` in another tool's `layout` as the zip `target`.

    Raises AdapterError when the layout cannot hold it.
    """
    from lorakit import formats

    with tempfile.TemporaryDirectory() as temporary:
        adapter = entries.load(folder)
        adapter.card.base = public_base(adapter.card.base)
        formats.save(adapter, Path(temporary) / folder.name, layout)
        return zips.pack(Path(temporary) / folder.name, target)


def public_base(base: str) -> str:
    """A base model as others may see it: a path of this machine becomes its last part."""
    return Path(base).name if os.path.isabs(base) else base
