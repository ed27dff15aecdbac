"""A catalogue run: many briefs, each in its own voice, into one table. A rerun writes only what is missing.

The table of briefs has one per row: `product`, and as far as they are known `facts`, `audience`, `channel`,
`tone`, `language`, `name`, by headings in any language of data.headings; `voice` names who writes it ("Nordal
voice", or "nordal-voice=0.8").
Briefs of like length are written side by side, each row of the batch in its own voice. What is written is
kept line by line beside the output, so that a stopped run goes on where it ended.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lorakit import durable, events
from lorakit.data.findings import Finding, Findings
from lorakit.data.tables import reading
from lorakit.data.tables.headings import BRIEFS
from lorakit.errors import DataError, LoraKitError, is_out_of_memory
from lorakit.generation.copy.writing import Brief, Copy, room, write_batch
from lorakit.generation.pictures.export import inert, plain_cell
from lorakit.generation.pictures.provenance import adapter_row, effect, public_name

if TYPE_CHECKING:
    from lorakit.families import Base
    from lorakit.lora.adapter import Adapter

MOST_ROWS = 20_000
KINDS = (".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm", ".json", ".jsonl", ".ndjson")
TEXTS_AT_ONCE = 16  # assumption: what an 8B model has memory for beside its weights; halved when it has not
BRIEF = [setting.name for setting in fields(Brief)]
COLUMNS = (*BRIEF, "voice", "variant", "text", "characters", "limit", "note")

Opener = Callable[[list[str]], "Mapping[Adapter, Any]"]


@dataclass(frozen=True)
class Line:
    """One brief of a catalogue with the voice it is written in. `row` tells it from the others; `place` is
    where a person finds it ("row 5", counted as a spreadsheet does; "sheet 'Shop', row 5"; "line 3").
    """

    row: int
    brief: Brief
    voice: str
    place: str = ""


@dataclass
class Briefs:
    """The briefs of a table that can be written, and what was guessed, mended or left out (severity "error":
    a row that is not written).
    """

    lines: list[Line]
    findings: list[Finding]
    left_out: int = 0  # rows


def read_briefs(path: str | Path, encoding: str | None = None) -> Briefs:
    """The briefs of a table: csv, tsv, xlsx, json or jsonl. `encoding` is told from its bytes when not given.

    A row that cannot be written becomes a finding. Raises DataError, naming the file, when none can, or when
    it is no table with a column of products.
    """
    path = Path(path)
    lines: list[Line] = []
    found, known = Findings(path.name), set()
    for row in _read(path, encoding):
        if isinstance(row, Finding):
            found.append(row)
            continue
        if len(lines) >= MOST_ROWS or found.count("error") >= MOST_ROWS:
            raise DataError(f"{path.name}: more than {MOST_ROWS:,} rows; split it into several files")
        cells = {name: plain_cell(cell) for name, cell in row.cells.items()}
        cells["facts"] = re.sub(r"^[-*•] +", "", cells.get("facts", ""), flags=re.MULTILINE)
        try:
            brief = Brief(
                **{name: cells[name] for name in BRIEF if cells.get(name)} | {"product": cells["product"]}
            )
        except (DataError, KeyError) as error:
            why = "it has no product" if isinstance(error, KeyError) else str(error).removeprefix("brief: ")
            found.append(not_written(path.name, row.place, " ".join(why.splitlines())))
            continue
        voice = " ".join(cells.get("voice", "").split())
        if cells.get("variant") and (brief, voice) in known:
            continue  # a result table, which has a row for each variant
        known.add((brief, voice))
        lines.append(Line(len(lines) + 1, brief, voice, row.place))
    if not lines:
        raise DataError(f"{path.name}: {refusal(found.listed())}")
    return Briefs(lines, found.listed(), found.count("error"))


def refusal(findings: list[Finding]) -> str:
    """Why no row of a table can be written."""
    errors = [finding for finding in findings if finding.severity == "error"]
    if not errors:
        return "no rows in it; add one brief per row"
    advice = dict.fromkeys(finding.advice for finding in errors)
    why = "; ".join([*(finding.what for finding in errors[:5]), *list(advice)[:2]])
    more = f" (and {len(errors) - 5} more)" if len(errors) > 5 else ""
    return f"none of the rows can be written: {why[:1000]}{more}"


def not_written(name: str, place: str, why: str) -> Finding:
    """A row of a table that no copy is written for."""
    what, _, advice = why.partition("; ")
    return Finding(name, "row", "error", f"{place} was left out: {what}", advice or "correct that row")


def _read(path: Path, encoding: str | None) -> "Iterator[reading.Record | Finding]":
    if not path.is_file() or path.suffix.lower() not in KINDS:
        raise DataError(f"{path.name}: use a {', '.join(kind[1:] for kind in KINDS)} file, one brief per row")
    return reading.read(path, BRIEFS, encoding)


def run(
    base: "Base",
    lines: list[Line],
    voices: Opener,
    out: str | Path,
    variants: int = 1,
    seed: int = 0,
    on_event: events.Emit | None = None,
    should_stop: Callable[[], bool] | None = None,
    between: Callable[[], None] | None = None,
) -> int:
    """Write every brief of `lines` and the table `out` (csv); returns how many briefs are written.

    `voices` opens the adapters of a voice's words. Calls `between` between batches; a batch that is stopped
    is written anew by the next run. Raises LoraKitError before anything is written when a voice cannot be
    opened.
    """
    out, emit = Path(out), on_event or events.ignore
    stop = should_stop or (lambda: False)
    mixes = {voice: voices(voice.split()) for voice in dict.fromkeys(line.voice for line in lines)}
    ids = {line.row: _id(base, line, mixes[line.voice], variants, seed) for line in lines}
    kept = out.with_suffix(out.suffix + ".done")
    written = {row["id"]: row["copies"] for row in durable.read_lines(kept) if {"id", "copies"} <= set(row)}
    waiting = [line for line in lines if ids[line.row] not in written]
    for batch in _batches(base, waiting, variants):
        emit(events.Phase("Writing", len(lines) - len(waiting), len(lines)).row())
        made = [] if stop() else _write(base, batch, mixes, variants, seed, stop)
        if stop():
            break
        for line, copies in zip(batch, made, strict=True):
            written[ids[line.row]] = [vars(copy) for copy in copies]
            durable.append_line(kept, {"id": ids[line.row], "copies": written[ids[line.row]]})
            emit(events.Note(text=f"{line.place}, {line.brief.product}: {copies[0].text}").row())
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
    return durable.fingerprint(key)


def _write_table(out: Path, lines: list[Line], copies: dict[int, list[dict[str, Any]]]) -> None:
    if not lines:
        raise LoraKitError(f"{out.name}: nothing has been written yet; run it again")
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\r\n")
    table.writeheader()
    for line in lines:
        for number, copy in enumerate(copies[line.row], 1):
            row = {**vars(line.brief), "voice": line.voice, "variant": number, **copy}
            table.writerow({name: inert(row.get(name, "")) for name in COLUMNS})
    durable.write_bytes(out, text.getvalue().encode("utf-8-sig"))
