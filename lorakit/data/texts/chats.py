"""Training samples of JSON objects, in the shapes that other tools keep them: messages, ShareGPT, Alpaca,
prompt and completion, or a brief's fields with a text.

Every answer of a conversation is a sample, with the turns before it as its history. Not covered: tool calls,
pictures among the parts of a turn.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from lorakit.data.findings import Finding
from lorakit.data.tables import records
from lorakit.data.tables.headings import TEXTS
from lorakit.data.texts.samples import DEFAULT_INSTRUCTION, SampleOrFinding, TextSample, brief_text

CHATS = ("messages", "conversations", "conversation", "turns", "dialog", "dialogue", "chat", "contents")
WHO, WHAT = ("role", "from", "speaker", "author"), ("content", "value", "text", "message", "parts")
SYSTEMS = ("system", "systemInstruction", "system_instruction")
SPEAKERS = {
    "human": "user", "user": "user", "customer": "user", "prompter": "user", "gpt": "assistant",
    "bot": "assistant", "chatbot": "assistant", "assistant": "assistant", "model": "assistant",
    "chatgpt": "assistant",
    "ai": "assistant", "system": "system", "developer": "system",
}  # fmt: skip
BRIEF_FIELDS = ("channel", "tone", "audience", "facts", "product")
ADVICE = 'use {"instruction": ..., "output": ...} or {"messages": [...]}'


def samples(name: str, place: str, value: Any) -> Iterator[SampleOrFinding]:
    """The samples of one object, or a Finding naming where it stands."""
    try:
        rows = [TextSample(DEFAULT_INSTRUCTION, value)] if isinstance(value, str) else _samples(value)
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        rows = []
    if not rows:
        yield Finding(name, "unreadable", "warn", f"{place} is not a text sample", ADVICE)
    yield from (replace(sample, place=place) for sample in rows)


def of_cells(cells: dict[str, str], place: str = "") -> TextSample:
    """The sample of a table's row, by field of TEXTS."""
    asked = cells.get("instruction", "")
    brief = {name: cells.get(name, "") for name in BRIEF_FIELDS}
    written = brief_text(**brief) if any(brief.values()) else DEFAULT_INSTRUCTION
    return TextSample(asked or written, cells["text"], cells.get("group", ""), place=place)


def _samples(row: Any) -> list[TextSample]:
    if set(row) <= {"row", "row_idx", "truncated_cells"} and isinstance(row.get("row"), dict):
        row = row["row"]  # as the dataset viewer of Hugging Face hands rows out
    group = str(row.get("campaign") or row.get("group") or "")
    turns = _turns(row)
    if turns is None:
        return _of_fields(row, group)
    samples: list[TextSample] = []
    asked: list[str] = []
    history: list[tuple[str, str]] = []
    for speaker, words in turns:
        if speaker != "assistant":
            asked.append(words)
            continue
        if not words.strip():  # a call of a tool
            continue
        brief = "\n".join(filter(None, asked)) or DEFAULT_INSTRUCTION
        samples.append(TextSample(brief, words, group, tuple(history)))
        history.append((brief, words))
        asked = []
    return samples


def _of_fields(row: dict[str, Any], group: str) -> list[TextSample]:
    keys = list(map(str, row))
    values = list(row.values())
    values_by_field = {field: values[at] for field, at in TEXTS.places(keys).items()}
    if not isinstance(values_by_field["text"], str | list) or (
        isinstance(values_by_field["text"], list) and not values_by_field["text"]
    ):
        return []
    cells = {field: records.as_cell(value) for field, value in values_by_field.items()}
    # Alpaca keeps what the instruction is about in a field of its own.
    asked = [
        str(row[key])
        for key in ("system", "instruction", "prompt", "question", "input", "input_text", "context")
        if row.get(key)
    ]
    cells["instruction"] = "\n".join(asked) or cells.get("instruction", "")
    cells["group"] = group
    past = [(str(turn[0]), str(turn[1])) for turn in row.get("history") or () if len(turn) == 2]
    one = of_cells(cells)
    earlier = [TextSample(q, a, group, tuple(past[:i])) for i, (q, a) in enumerate(past)]
    return [*earlier, TextSample(one.instruction, one.answer, group, tuple(past))]


def _turns(row: dict[str, Any]) -> list[tuple[str, str]] | None:
    """Who says what in a chat, from any of the shapes they are kept in; None for no chat."""
    turns = next((row[key] for key in CHATS if isinstance(row.get(key), list)), None)
    if turns is None and any(key in row for key in ("messages", "conversations")):
        raise ValueError("no list of turns")
    if turns is None and isinstance(row.get("prompt"), list) and isinstance(row.get("completion"), list):
        turns = [*row["prompt"], *row["completion"]]
    if turns is None and isinstance(row.get("prompt"), list) and isinstance(row.get("chosen"), list):
        turns = [*row["prompt"], *row["chosen"]]
    if turns is None and isinstance(row.get("chosen"), list):
        turns = row["chosen"]
    if turns is None and isinstance(row.get("preferred_output"), list):  # of OpenAI's preferences
        turns = [*row["input"]["messages"], *row["preferred_output"]]
    if turns is None:
        return None
    above = next((row[key] for key in SYSTEMS if isinstance(row.get(key), str | dict)), None)
    before = [{"role": "system", "content": above}] if above else []
    return [_turn(turn) for turn in (*before, *turns)]


def _turn(turn: dict[str, Any]) -> tuple[str, str]:
    who = str(next(turn[key] for key in WHO if key in turn)).strip().lower()
    return SPEAKERS.get(who, who), _words(next(turn[key] for key in WHAT if key in turn))


def _words(content: Any) -> str:
    """A turn's text; newer chat files keep it as a list of parts, or under its kind."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, dict):
        parts = content.get("parts")  # as ChatGPT exports them
        return "".join(map(_words, parts)) if parts else _words(content.get("text", content.get("content")))
    return "".join(_words(part.get("text")) for part in content)
