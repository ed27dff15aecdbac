"""Reading a brand's texts from the files people have: txt, md, csv, tsv, jsonl and docx.

Each reader yields texts, and a Finding for every part that is not one. A table or a list is read row by row,
so that a large file costs no memory. Not covered: spreadsheets (xlsx), PDF.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lorakit.data.quality import Finding
from lorakit.data.texts import Row, TextSample, brief_text
from lorakit.errors import DataError

TEXT_COLUMNS = (
    "text", "copy", "body", "content", "caption", "post", "message", "answer", "output", "completion",
    "response", "description", "ad copy", "headline",
)  # fmt: skip
INSTRUCTION_COLUMNS = ("instruction", "prompt", "input", "question")
BRIEF_COLUMNS = ("channel", "tone", "audience", "facts", "product")
GROUP_COLUMNS = ("campaign", "group", "source")
HEAD = 1024 * 1024  # bytes that a file's encoding is told from
DEFAULT_INSTRUCTION = "Write in the brand's voice."


def read(path: Path) -> Iterator[Row]:
    """The texts of a file by its ending. Raises DataError, naming the file, for an ending nobody can read."""
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        kind = path.suffix or "this kind"
        raise DataError(f"{path.name}: {kind} cannot be read; save it as txt, csv, jsonl or docx")
    return reader(path)


def decode(data: bytes) -> str:
    """Text of a file in UTF-8 (with or without mark), UTF-16 or Windows-1252, with plain line ends."""
    text = data.decode(_encoding(data), errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def paragraphs(text: str) -> Iterator[Row]:
    for paragraph in re.split(r"\n\s*\n", text):
        yield TextSample(DEFAULT_INSTRUCTION, paragraph.strip())


def _paragraphs(path: Path) -> Iterator[Row]:
    yield from paragraphs(decode(path.read_bytes()))


def _document(path: Path) -> Iterator[Row]:
    import docx

    try:
        document = docx.Document(str(path))
    except Exception as error:
        raise DataError(f"{path.name}: is not a Word document; save it again as docx or txt") from error
    cells = [paragraph for table in document.tables for cell in table._cells for paragraph in cell.paragraphs]
    for paragraph in [*document.paragraphs, *cells]:
        if paragraph.text.strip():
            yield TextSample(DEFAULT_INSTRUCTION, paragraph.text.strip())


def _table(path: Path) -> Iterator[Row]:
    stream = _text_stream(path)
    try:
        head = stream.read(65_536)
        stream.seek(0)
        rows = csv.reader(stream, _dialect(head))
        csv.field_size_limit(8 * 1024 * 1024)
        header = [name.strip().lstrip("\ufeff") for name in next(rows, [])]
        columns = {name.lower(): i for i, name in enumerate(header)}
        text = next((columns[name] for name in TEXT_COLUMNS if name in columns), None)
        if text is None:
            found = ", ".join(repr(name[:30]) for name in header[:8]) or "none"
            raise DataError(f"{path.name}: has no column of texts (found: {found}); name the column 'text'")
        for number, row in enumerate(rows, start=2):
            if not row:
                continue
            if len(row) <= text:
                yield Finding(
                    path.name, "ragged", "warn", f"row {number} has no {header[text]!r}", "Check its quotes."
                )
                continue
            yield TextSample(
                _instruction(columns, row), row[text].strip(), _cell(columns, row, GROUP_COLUMNS)
            )
    except csv.Error as error:
        raise DataError(
            f"{path.name}: is not a readable csv ({error}); save it again as csv (UTF-8)"
        ) from error
    finally:
        stream.close()


def _text_stream(path: Path) -> io.TextIOWrapper:
    """The file as text, read piece by piece, so that a large file costs no memory."""
    with open(path, "rb") as file:
        head = file.read(HEAD)
    return open(path, encoding=_encoding(head), errors="replace", newline="")


def _encoding(head: bytes) -> str:
    """The encoding that the first bytes of a file speak for; `head` may end inside a character."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if head[1:200:2].count(0) > len(head[1:200:2]) // 2:  # Latin text in UTF-16 without a mark
        return "utf-16-le"
    if head[:200:2].count(0) > len(head[:200:2]) // 2:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _dialect(head: str) -> type[csv.Dialect]:
    first = head.partition("\n")[0]
    delimiter = max(",;\t|", key=first.count)

    class Found(csv.excel):
        pass

    Found.delimiter = delimiter
    return Found


def _cell(columns: dict[str, int], row: list[str], names: tuple[str, ...]) -> str:
    for name in names:
        if name in columns and columns[name] < len(row):
            return row[columns[name]].strip()
    return ""


def _instruction(columns: dict[str, int], row: list[str]) -> str:
    written = _cell(columns, row, INSTRUCTION_COLUMNS)
    if written:
        return written
    brief = {name: _cell(columns, row, (name,)) for name in BRIEF_COLUMNS}
    return brief_text(**brief) if any(brief.values()) else DEFAULT_INSTRUCTION


def _lines(path: Path) -> Iterator[Row]:
    with _text_stream(path) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            yield _sample_of(path.name, number, line)


def _sample_of(name: str, number: int, line: str) -> Row:
    try:
        row = json.loads(line)
        if isinstance(row, dict) and (sample := _sample(row)) is not None:
            return sample
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    what = f"line {number} is not a text sample"
    advice = 'Use {"instruction": ..., "output": ...} or {"messages": [...]}.'
    return Finding(name, "unreadable", "warn", what, advice)


def _sample(row: dict[str, Any]) -> TextSample | None:
    """Chat turns (the last answer counts, what stood before is the brief) or named fields, or None."""
    group = str(row.get("campaign", row.get("group", "")))
    turns = _turns(row)
    if turns is not None:
        last = max((i for i, turn in enumerate(turns) if turn["role"] == "assistant"), default=None)
        if last is None:
            return None
        asked = "\n".join(_content(turn) for turn in turns[:last] if turn["role"] != "assistant")
        return TextSample(asked or DEFAULT_INSTRUCTION, _content(turns[last]), group)
    answer = next((row[name] for name in TEXT_COLUMNS if name in row), None)
    if not isinstance(answer, str):
        return None
    asked = "\n".join(str(row[name]) for name in INSTRUCTION_COLUMNS if row.get(name))
    brief = {name: str(row.get(name) or "") for name in BRIEF_COLUMNS}
    return TextSample(
        asked or (brief_text(**brief) if any(brief.values()) else DEFAULT_INSTRUCTION), answer, group
    )


SPEAKERS = {"human": "user", "gpt": "assistant", "bot": "assistant"}  # as ShareGPT's files name them


def _turns(row: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The turns of a chat as role and content, from any of the shapes they are kept in; None for no chat."""
    if isinstance(row.get("conversations"), list):
        said = [(str(turn["from"]), turn["value"]) for turn in row["conversations"]]
        return [{"role": SPEAKERS.get(who, who), "content": words} for who, words in said]
    if isinstance(row.get("prompt"), list) and isinstance(row.get("completion"), list):
        return [*row["prompt"], *row["completion"]]
    return row.get("messages")


def _content(turn: dict[str, Any]) -> str:
    """A turn's text; newer chat files keep it as a list of parts."""
    content = turn["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


READERS = {
    ".txt": _paragraphs, ".md": _paragraphs, ".csv": _table, ".tsv": _table, ".jsonl": _lines,
    ".docx": _document,
}  # fmt: skip
