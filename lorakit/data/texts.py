"""A brand's texts: reading them from the files people have, and turning them into tokens.

Covers txt and md (paragraphs), csv, jsonl (chat, instruction/output and prompt/completion shapes), docx, and pasted
text. Nothing is dropped silently: what cannot be used is a Finding.
"""

import csv
import io
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lorakit.data.quality import Finding
from lorakit.errors import DataError

TEXT_COLUMNS = ("text", "copy", "body", "content", "caption", "post", "message", "answer", "output", "completion", "response")
INSTRUCTION_COLUMNS = ("instruction", "prompt", "input", "question")
BRIEF_COLUMNS = ("channel", "tone", "audience", "facts", "product")
GROUP_COLUMNS = ("campaign", "group", "source")
LONGEST = 20_000  # characters; a longer "text" is a whole document in one cell
MANY = 20_000  # samples; a voice is learned from far fewer
DEFAULT_INSTRUCTION = "Write in the brand's voice."


@dataclass(frozen=True)
class TextSample:
    """One text of the brand (`answer`), and the brief that asks for it."""

    instruction: str
    answer: str
    group: str = ""


@dataclass(frozen=True)
class Tokens:
    """Token ids of a whole conversation; `mask` is 1 on the tokens of the answer, which are learned."""

    ids: list[int]
    mask: list[int]


@dataclass
class TextSet:
    """The usable texts, and what was found wrong with the others."""

    samples: list[TextSample]
    skipped: list[Finding] = field(default_factory=list)

    @classmethod
    def from_file(cls, path: str | Path) -> "TextSet":
        """Read a file by its ending. Raises DataError, naming the file, when nothing in it can be used."""
        path = Path(path)
        if not path.is_file():
            raise DataError(f"{path.name}: no such file; choose a txt, md, csv, jsonl or docx file")
        readers = {".txt": _paragraphs, ".md": _paragraphs, ".csv": _table, ".tsv": _table, ".jsonl": _lines, ".docx": _document}
        reader = readers.get(path.suffix.lower())
        if reader is None:
            raise DataError(f"{path.name}: {path.suffix or 'this kind'} cannot be read; save it as txt, csv, jsonl or docx")
        return _collected(path.name, reader(path))

    @classmethod
    def from_text(cls, text: str) -> "TextSet":
        """Pasted text: one sample per paragraph."""
        return _collected("the pasted text", _split_paragraphs(text))

    def split(self, share: float, seed: int) -> tuple["TextSet", "TextSet"]:
        """Training and held-out part. Texts of one group stay together, so that none is tested on its own campaign.

        Without at least three groups the texts themselves are divided. At least one text stays on each side.
        """
        groups = sorted({sample.group for sample in self.samples})
        shuffled = random.Random(seed)
        if len(groups) >= 3:
            shuffled.shuffle(groups)
            aside = set(groups[: max(1, round(len(groups) * share))])
            chosen = [sample.group in aside for sample in self.samples]
        else:
            order = list(range(len(self.samples)))
            shuffled.shuffle(order)
            count = min(max(1, round(len(order) * share)), len(order) - 1)
            chosen = [i in set(order[:count]) for i in range(len(order))]
        kept = [s for s, out in zip(self.samples, chosen, strict=True) if not out]
        held = [s for s, out in zip(self.samples, chosen, strict=True) if out]
        return TextSet(kept, self.skipped), TextSet(held)

    def tokenize(self, tokenizer: Any, max_length: int) -> list[Tokens]:
        """Tokens through the chat template, cut to `max_length`; only the answer, with its end, is learned."""
        return [tokens for s in self.samples if any((tokens := conversation_tokens(tokenizer, s, max_length)).mask)]


def conversation_tokens(tokenizer: Any, sample: TextSample, max_length: int) -> Tokens:
    """Tokens of one brief and its answer. Special tokens inside a person's text are made plain text first."""
    brief = [{"role": "user", "content": plain(tokenizer, sample.instruction)}]
    answer = [{"role": "assistant", "content": plain(tokenizer, sample.answer)}]
    before = tokenizer.apply_chat_template(brief, add_generation_prompt=True, tokenize=False)
    whole = tokenizer.apply_chat_template(brief + answer, tokenize=False)
    if not whole.startswith(before):
        # Some templates put e.g. an empty thinking block into the prompt only: learn the answer after that prompt.
        whole = before + answer[0]["content"] + (tokenizer.eos_token or "")
    first = tokenizer(before, add_special_tokens=False)["input_ids"]
    rest = tokenizer(whole[len(before) :], add_special_tokens=False)["input_ids"]
    ids = (first + rest)[:max_length]
    return Tokens(ids, ([0] * len(first) + [1] * len(rest))[:max_length])


def plain(tokenizer: Any, text: str) -> str:
    """`text` with the tokenizer's special tokens broken up, so that a text cannot end or open a turn."""
    for token in tokenizer.all_special_tokens:
        if token and token in text:
            text = text.replace(token, token[0] + " " + token[1:])
    return text


def decode(data: bytes) -> str:
    """Text of a file in UTF-8 (with or without mark), UTF-16 or Windows-1252, with plain line ends."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


Row = TextSample | Finding


def _collected(name: str, rows: Iterator[Row]) -> TextSet:
    samples, skipped, seen = [], [], set()
    for row in rows:
        if isinstance(row, Finding):
            skipped.append(row)
        elif not row.answer.strip():
            skipped.append(Finding(name, "empty", "info", "an empty text was left out", "Nothing to do."))
        elif len(row.answer) > LONGEST:
            what = f"a text of {len(row.answer):,} characters was left out"
            skipped.append(Finding(name, "too long", "warn", what, "Split it into single texts."))
        elif (key := (row.instruction, " ".join(row.answer.lower().split()))) in seen:
            skipped.append(Finding(name, "duplicate", "info", f"left out twice: {row.answer[:60]!r}", "Nothing to do."))
        else:
            seen.add(key)
            samples.append(row)
        if len(samples) >= MANY:
            skipped.append(Finding(name, "too many", "warn", f"only the first {MANY:,} texts are used", "Choose the best."))
            break
    if not samples:
        raise DataError(f"{name}: holds no text that can be used; add at least a few texts in the brand's voice")
    return TextSet(samples, skipped)


def _split_paragraphs(text: str) -> Iterator[Row]:
    for paragraph in re.split(r"\n\s*\n", text):
        yield TextSample(DEFAULT_INSTRUCTION, paragraph.strip())


def _paragraphs(path: Path) -> Iterator[Row]:
    yield from _split_paragraphs(decode(path.read_bytes()))


def _document(path: Path) -> Iterator[Row]:
    import docx

    try:
        document = docx.Document(str(path))
    except Exception as error:
        raise DataError(f"{path.name}: is not a Word document; save it again as docx or txt") from error
    for paragraph in document.paragraphs:
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
                yield Finding(path.name, "ragged", "warn", f"row {number} has no {header[text]!r}", "Check its quotes.")
                continue
            yield TextSample(_instruction(columns, row), row[text].strip(), _cell(columns, row, GROUP_COLUMNS))
    except csv.Error as error:
        raise DataError(f"{path.name}: is not a readable csv ({error}); save it again as csv (UTF-8)") from error
    finally:
        stream.close()


def _text_stream(path: Path) -> io.TextIOWrapper:
    """The file as text, read piece by piece, so that a large file costs no memory."""
    with open(path, "rb") as file:
        head = file.read(1024 * 1024)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encoding = "utf-16"
    else:
        try:
            head[:-4].decode("utf-8")
            encoding = "utf-8-sig"
        except UnicodeDecodeError as error:
            encoding = "utf-8-sig" if error.start > len(head) - 12 else "cp1252"
    return open(path, encoding=encoding, errors="replace", newline="")


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


def brief_text(channel: str, tone: str, audience: str, facts: str, product: str) -> str:
    """The brief as a base reads it. The product stands last, where copying its name is easiest."""
    lines = [f"Write: {channel or 'product description'}"]
    lines += [f"{label}: {value}" for label, value in (("Tone", tone), ("For", audience), ("Facts", facts)) if value]
    lines += [f"Product: {product}"] if product else []
    return "\n".join(lines)


def _lines(path: Path) -> Iterator[Row]:
    with _text_stream(path) as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                yield _sample(json.loads(line))
            except (ValueError, KeyError, TypeError, IndexError):
                what = f"line {number} is not a text sample"
                yield Finding(path.name, "unreadable", "warn", what, "Use {\"instruction\": ..., \"output\": ...}.")


def _sample(row: dict[str, Any]) -> TextSample:
    group = str(row.get("campaign", row.get("group", "")))
    if "messages" in row:
        turns = row["messages"]
        answer = next(m["content"] for m in reversed(turns) if m["role"] == "assistant")
        asked = "\n".join(m["content"] for m in turns if m["role"] != "assistant")
        return TextSample(asked, answer, group)
    answer = next(str(row[name]) for name in TEXT_COLUMNS if name in row) if set(row) & set(TEXT_COLUMNS) else row["text"]
    asked = "\n".join(str(row[name]) for name in INSTRUCTION_COLUMNS if row.get(name))
    return TextSample(asked or DEFAULT_INSTRUCTION, answer, group)
