"""A catalogue run: many briefs, each in its own voice, into one table. A rerun writes only what is missing.

The table of briefs has a row for each: `product`, and as far as they are known `facts`, `audience`,
`channel`, `tone`, `language`, `name`; `voice` names who writes it ("Nordal voice", or "nordal-voice=0.8").
Briefs of like length are written side by side, each row of the batch in its own voice. What is written is
kept line by line beside the output, so that a stopped run goes on where it ended.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lorakit import durable
from lorakit.data.textfiles import decode
from lorakit.errors import DataError, LoraKitError, is_out_of_memory
from lorakit.generation.copy import Brief, Copy, room, write_batch
from lorakit.generation.export import inert
from lorakit.generation.provenance import adapter_row, effect, public_name

if TYPE_CHECKING:
    from lorakit.families import Base
    from lorakit.lora.adapter import Adapter

MOST_ROWS, MOST_BYTES = 20_000, 50_000_000
TEXTS_AT_ONCE = 16  # assumption: what an 8B model has memory for beside its weights; halved when it has not
BRIEF = [setting.name for setting in fields(Brief)]
COLUMNS = (*BRIEF, "voice", "variant", "text", "characters", "limit", "note")

Emit = Callable[[dict[str, Any]], None]
Opener = Callable[[list[str]], "Mapping[Adapter, Any]"]


@dataclass(frozen=True)
class Line:
    """One brief of a catalogue with the voice it is written in; `row` counts from 1, without the head."""

    row: int
    brief: Brief
    voice: str


def read_briefs(path: str | Path) -> list[Line]:
    """The briefs of a csv, tsv or jsonl file. Raises DataError naming the row and what is wrong with it."""
    path = Path(path)
    lines = []
    for number, found in enumerate(_rows(path), 1):
        if number > MOST_ROWS:
            raise DataError(f"{path.name}: more than {MOST_ROWS:,} rows; split it into several files")
        row = {str(key).strip().lower(): str(value or "").strip() for key, value in found.items() if key}
        unknown = sorted(set(row) - {*BRIEF, "voice"})
        if unknown:
            raise DataError(
                f"{path.name}: column {unknown[0]!r} is not known; use {', '.join((*BRIEF, 'voice'))}"
            )
        try:
            brief = Brief(
                **{name: row[name] for name in BRIEF if row.get(name)} | {"product": row["product"]}
            )
        except KeyError:
            raise DataError(f"{path.name}: no column is called product; name one so") from None
        except DataError as error:
            raise DataError(f"{path.name}, row {number}: {error}") from error
        lines.append(Line(number, brief, " ".join(row.get("voice", "").split())))
    if not lines:
        raise DataError(f"{path.name}: no row in it; write a brief in each")
    return lines


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(
                f"{path.name}: has more than {MOST_BYTES // 10**6} MB; split it into several files"
            )
        text = decode(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read; save it as csv again") from error
    if path.suffix.lower() == ".jsonl":
        try:
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise DataError(f"{path.name}: is no JSON, one object a line ({error})") from error
        return [row if isinstance(row, dict) else {} for row in rows]
    if path.suffix.lower() not in (".csv", ".tsv"):
        raise DataError(f"{path.name}: give a csv, tsv or jsonl file with a row for each brief")
    delimiter = max(",;\t", key=text.partition("\n")[0].count)  # spreadsheets of some countries write ;
    try:
        return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise DataError(f"{path.name}: is not a readable csv ({error}); save it as csv again") from error


def run(
    base: "Base",
    lines: list[Line],
    voices: Opener,
    out: str | Path,
    variants: int = 1,
    seed: int = 0,
    on_event: Emit | None = None,
    should_stop: Callable[[], bool] | None = None,
    between: Callable[[], None] | None = None,
) -> int:
    """Write every brief of `lines` and the table `out` (csv); returns how many briefs are written.

    `voices` opens the adapters of a voice's words. Calls `between` between batches; a batch that is stopped
    is written anew by the next run. Raises LoraKitError before anything is written when a voice cannot be
    opened.
    """
    out, emit = Path(out), on_event or (lambda event: None)
    stop = should_stop or (lambda: False)
    mixes = {voice: voices(voice.split()) for voice in dict.fromkeys(line.voice for line in lines)}
    ids = {line.row: _id(base, line, mixes[line.voice], variants, seed) for line in lines}
    kept = out.with_suffix(out.suffix + ".done")
    written = {row["id"]: row["copies"] for row in durable.read_lines(kept) if {"id", "copies"} <= set(row)}
    waiting = [line for line in lines if ids[line.row] not in written]
    for batch in _batches(base, waiting, variants):
        emit({"event": "phase", "name": "Writing", "done": len(lines) - len(waiting), "total": len(lines)})
        made = [] if stop() else _write(base, batch, mixes, variants, seed, stop)
        if stop():
            break
        for line, copies in zip(batch, made, strict=True):
            written[ids[line.row]] = [vars(copy) for copy in copies]
            durable.append_line(kept, {"id": ids[line.row], "copies": written[ids[line.row]]})
            emit({"event": "note", "text": f"row {line.row}, {line.brief.product}: {copies[0].text}"})
        waiting = [line for line in waiting if line not in batch]
        if between is not None:
            between()
    done = [line for line in lines if ids[line.row] in written]
    _write_table(out, done, {line.row: written[ids[line.row]] for line in done})
    return len(done)


def _batches(base: "Base", lines: list[Line], variants: int) -> Iterator[list[Line]]:
    """The lines, those of like length together: a batch takes as long as its longest text."""
    ordered = sorted(lines, key=lambda line: (room(base, line.brief), line.row))
    count = max(1, TEXTS_AT_ONCE // variants)
    for start in range(0, len(ordered), count):
        yield ordered[start : start + count]


def _write(
    base: "Base",
    batch: list[Line],
    mixes: "dict[str, Mapping[Adapter, Any]]",
    variants: int,
    seed: int,
    stop: Callable[[], bool],
) -> list[list[Copy]]:
    """The texts of a batch; of its halves, when the memory is not enough for all at once."""
    briefs = [(mixes[line.voice], line.brief) for line in batch]
    try:
        return write_batch(base, briefs, variants, seed, should_stop=stop)
    except (MemoryError, RuntimeError) as error:
        if len(batch) == 1 or not is_out_of_memory(error):
            raise
    half = len(batch) // 2
    parts = [_write(base, part, mixes, variants, seed, stop) for part in (batch[:half], batch[half:])]
    return [copies for part in parts for copies in part]


def _id(base: "Base", line: Line, mix: "Mapping[Adapter, Any]", variants: int, seed: int) -> str:
    rows = sorted((effect(adapter_row(a, w)) for a, w in mix.items()), key=str)
    key = [public_name(base.source), vars(line.brief), rows, variants, seed]
    return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]


def _write_table(out: Path, lines: list[Line], copies: dict[int, list[dict[str, Any]]]) -> None:
    if not lines:
        raise LoraKitError(f"{out.name}: no brief was written yet; run it again")
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\r\n")
    table.writeheader()
    for line in lines:
        for number, copy in enumerate(copies[line.row], 1):
            row = {**vars(line.brief), "voice": line.voice, "variant": number, **copy}
            table.writerow({name: inert(row.get(name, "")) for name in COLUMNS})
    durable.write_bytes(out, text.getvalue().encode("utf-8-sig"))
