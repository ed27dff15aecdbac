"""A catalogue run: many briefs, each in its own voice, into one table. A rerun writes only what is missing.

The table of briefs has a row for each: `product`, and as far as they are known `facts`, `audience`,
`channel`, `tone`, `language`, `name`; `voice` names its adapters as the command line does ("nordal=0.8").
What is written is kept line by line beside the output, so that a stopped run goes on where it ended.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lorakit import durable
from lorakit.errors import DataError, LoraKitError
from lorakit.generation.copy import Brief, write_copy
from lorakit.generation.export import inert
from lorakit.generation.provenance import adapter_row, effect, public_name

if TYPE_CHECKING:
    from lorakit.families import Base
    from lorakit.lora.adapter import Adapter

MOST_ROWS = 20_000
BRIEF = [setting.name for setting in fields(Brief)]
COLUMNS = (*BRIEF, "voice", "variant", "text", "characters", "limit", "note")

Emit = Callable[[dict[str, Any]], None]
Opener = Callable[[list[str]], "Mapping[Adapter, float]"]


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
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name}: cannot be read as UTF-8 text; save it as csv again") from error
    if path.suffix.lower() == ".jsonl":
        try:
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError as error:
            raise DataError(f"{path.name}: is no JSON, one object a line ({error})") from error
        return [row if isinstance(row, dict) else {} for row in rows]
    if path.suffix.lower() not in (".csv", ".tsv"):
        raise DataError(f"{path.name}: give a csv, tsv or jsonl file with a row for each brief")
    return list(csv.DictReader(io.StringIO(text), delimiter="\t" if path.suffix.lower() == ".tsv" else ","))


def run(
    base: "Base",
    lines: list[Line],
    voices: Opener,
    out: str | Path,
    variants: int = 1,
    seed: int = 0,
    on_event: Emit | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> int:
    """Write every brief of `lines` and the table `out` (csv); returns how many briefs are written.

    `voices` opens the adapters of a voice's words. Briefs of one voice follow each other, so that its
    adapters are put on once. Raises LoraKitError before anything is written when a voice cannot be opened.
    """
    out, emit = Path(out), on_event or (lambda event: None)
    stop = should_stop or (lambda: False)
    mixes = {voice: voices(voice.split()) for voice in dict.fromkeys(line.voice for line in lines)}
    ids = {line.row: _id(base, line, mixes[line.voice], variants, seed) for line in lines}
    kept = out.with_suffix(out.suffix + ".done")
    written = {row["id"]: row["copies"] for row in durable.read_lines(kept) if {"id", "copies"} <= set(row)}
    waiting = [line for line in lines if ids[line.row] not in written]
    for line in sorted(waiting, key=lambda line: (list(mixes).index(line.voice), line.row)):
        if stop():
            break
        copies = write_copy(base, mixes[line.voice], line.brief, variants, seed, should_stop=stop)
        if stop():
            break
        written[ids[line.row]] = [vars(copy) for copy in copies]
        durable.append_line(kept, {"id": ids[line.row], "copies": written[ids[line.row]]})
        emit({"event": "note", "text": f"row {line.row}, {line.brief.product}: {copies[0].text}"})
    done = [line for line in lines if ids[line.row] in written]
    _write_table(out, done, {line.row: written[ids[line.row]] for line in done})
    return len(done)


def _id(base: "Base", line: Line, mix: "Mapping[Adapter, float]", variants: int, seed: int) -> str:
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
