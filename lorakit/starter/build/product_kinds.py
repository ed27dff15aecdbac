"""Kinds of products for the generated copy, read from `product_kinds.toml`."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Kind:
    """A type of product: its nouns, what may be true of it, where it is used, and what it is good for."""

    nouns: tuple[str, ...]
    facts: tuple[str, ...]
    uses: tuple[str, ...]
    benefits: tuple[str, ...]


def _read(path: Path) -> tuple[Kind, ...]:
    rows = tomllib.loads(path.read_text(encoding="utf-8"))["kind"]
    return tuple(Kind(**{name: tuple(texts) for name, texts in row.items()}) for row in rows)


KINDS = _read(Path(__file__).with_suffix(".toml"))
