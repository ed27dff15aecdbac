"""Objects of a JSON file: one per line, an array of them, an array within an object, or lists by column."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lorakit.data.findings import Finding
from lorakit.data.tables.lines import Lines, opened, unreadable, whole
from lorakit.errors import DataError

BY_LINE = (".jsonl", ".ndjson")
LISTS = ("data", "rows", "items", "records", "examples", "train", "texts", "posts", "products", "briefs")

Object = tuple[str, Any]  # where it stands ("line 3", "item 3"), and what stands there; None for no JSON


def read(path: Path, encoding: str | None = None) -> Iterator[Object | Finding]:
    """What a file holds, one by one; a line is read at a time where each holds one.

    Raises DataError, naming the file, when it is no JSON at all.
    """
    stream, said = opened(path, encoding)
    with stream:
        lines = Lines(stream)
        head = _head(lines)
        many = len(head) > 1 and isinstance(parsed(head[0]), dict)
        if many or (head and path.suffix.lower() in BY_LINE and head[0].strip() not in ("[", "{")):
            yield from said
            number = 0
            while (line := lines.next()) is not None:
                number += 1
                if line.strip():
                    yield f"line {number}", parsed(line)
            yield from unreadable(path.name, lines)
            return
    text, said = whole(path, encoding)
    yield from said
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path.name} is not valid JSON ({error}); export it again") from error
    for number, item in enumerate(_items(value), start=1):
        yield f"item {number}", item


def parsed(line: str) -> Any:
    """The value of a line of JSON, or None."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def as_cell(value: Any) -> str:
    """A value as the cell of a table has it; a list as its parts with semicolons."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list):
        return "; ".join(filter(None, map(as_cell, value)))
    return str(value) if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)


def _head(lines: Lines) -> list[str]:
    """The first two lines with something in them; all are put back."""
    passed: list[str] = []
    filled: list[str] = []
    while len(filled) < 2 and (line := lines.next()) is not None:
        passed.append(line)
        filled += [line] if line.strip() else []
    lines.put_back(passed)
    return filled


def _items(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return [value]
    lists = {key: inner for key, inner in value.items() if isinstance(inner, list) and inner}
    plain = [inner for inner in lists.values() if not any(isinstance(one, dict | list) for one in inner)]
    if len(lists) == len(value) == len(plain) and len({len(inner) for inner in plain}) == 1:
        return [dict(zip(lists, row, strict=True)) for row in zip(*plain, strict=True)]
    named = next((lists[key] for key in LISTS if key in lists), None)
    if named is not None:
        return named
    of_objects = [inner for inner in lists.values() if all(isinstance(one, dict) for one in inner)]
    is_chat = any(key in value for key in ("messages", "conversations", "prompt"))
    return [value] if is_chat or not of_objects else max(of_objects, key=len)
