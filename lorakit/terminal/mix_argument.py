"""The adapters that a person names in the terminal, by their folders in the store or as files, opened."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lorakit.lora.mix_syntax import check_whole, read_mix


def mix_of(words: list[str], sampled: bool = False) -> dict[Any, Any]:
    """The adapters of a mix; only with `sampled` one may be active for a part of the steps."""
    mix = read_mix(words, _tell)
    for name, strength in mix.items():
        if not sampled:
            check_whole(name, strength)
    return _opened(mix)


def voices_of(words: list[str]) -> dict[Any, Any]:
    """The voices of a row of a table, which may also be called by their names in the store."""
    from lorakit.jobs.kinds.catalogue import named

    files = any(Path(word.partition("=")[0]).exists() for word in words)
    return mix_of(words) if files else _opened(named(words, _tell))


def _opened(mix: Mapping[str, Any]) -> dict[Any, Any]:
    from lorakit import formats
    from lorakit.store.store import Store

    return {
        formats.load(name) if Path(name).exists() else Store().load(name): strength
        for name, strength in mix.items()
    }


def _tell(note: str) -> None:
    print(note, file=sys.stderr)
