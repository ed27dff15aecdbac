"""The job that writes copy for a table of briefs, each in the voice that its row names.

A person writes a voice as it is called in the store ("Nordal voice"), or as words of a mix
("nordal-voice=0.8"). No torch at the top: the page checks a table before it becomes a job.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lorakit.data.findings import Findings
from lorakit.errors import DataError, LoraKitError
from lorakit.generation.copy.catalogue import (
    Briefs,
    not_written,
    read_briefs,
    refusal,
    run,
)
from lorakit.lora.mix_syntax import check_whole, read_mix
from lorakit.lora.strength import Strength
from lorakit.store.store import Store

if TYPE_CHECKING:
    from lorakit.jobs.run import Context

OUT = "copy.csv"  # in the job's folder


def named(words: list[str], tell: Any = print) -> dict[str, Strength]:
    """The voices that a row's words name, by their folders in the store. Raises LoraKitError."""
    store, whole = Store(), " ".join(words).lower()
    found = next((entry.slug for entry in store.list() if entry.name.lower() == whole), None)
    mix = {found: Strength()} if found else read_mix(words, tell)
    for slug, strength in mix.items():
        entry = store.get(slug)
        if entry.kind != "voice":
            raise DataError(f"{entry.name}: draws pictures; name a voice")
        check_whole(slug, strength)
    return mix


@dataclass
class Checked:
    """A table of briefs, checked: `briefs` that can be written, and the voices of each of its words."""

    briefs: Briefs
    voices: dict[str, dict[str, Strength]]


def check(path: str | Path) -> Checked:
    """The briefs of a table with their voices; a row whose voice cannot be used becomes a finding.

    Raises DataError when no row can be written.
    """
    briefs = read_briefs(path)
    voices: dict[str, dict[str, Strength]] = {}
    refused: dict[str, str] = {}
    found = Findings(Path(path).name)
    for line in briefs.lines:
        if line.voice and line.voice not in voices and line.voice not in refused:
            try:
                voices[line.voice] = named(line.voice.split(), lambda said: None)
            except LoraKitError as error:
                refused[line.voice] = str(error)
        if line.voice in refused:
            found.append(not_written(found.name, line.place, refused[line.voice]))
    lines = [line for line in briefs.lines if line.voice not in refused]
    findings = [*briefs.findings, *found.listed()]
    if not lines:
        raise DataError(f"{found.name}: {refusal(findings)}")
    return Checked(Briefs(lines, findings, briefs.left_out + found.count("error")), voices)


def run_catalogue(context: "Context") -> bool:
    """Write the job's table, or what is missing of it; rows without a voice are in the job's own mix."""
    job, spec = context.job, context.job.spec
    checked = check(spec["briefs"])
    lines, voices = checked.briefs.lines, checked.voices
    if checked.briefs.findings:
        job.emit({"event": "findings", "rows": [vars(finding) for finding in checked.briefs.findings]})
    base = context.base()
    own, store = context.mix(base), Store()
    opened: dict[str, Any] = {}

    def open_voice(words: list[str]) -> dict[Any, Any]:
        mix = {}
        for slug, strength in voices[" ".join(words)].items() if words else ():
            store.check_base(store.get(slug), base.family)
            opened[slug] = opened.get(slug) or store.load(slug)
            mix[opened[slug]] = strength
        return mix if words else own

    begun, first, latest = time.monotonic(), None, ""

    def emit(event: dict[str, Any]) -> None:
        nonlocal first, latest
        if event["event"] == "note":  # one of every batch is enough for who looks on
            latest = event["text"]
            return
        if event["event"] == "phase":
            if latest:
                job.emit({"event": "note", "text": latest})
            first = event["done"] if first is None else first
            each = (time.monotonic() - begun) / max(1, event["done"] - first)
            left = each * (event["total"] - event["done"]) if event["done"] > first else None
            event = {**event, "seconds_left": left}
        job.emit(event)

    def between() -> None:
        job.emit({"event": "checkpoint"})  # what is written, no crash takes back
        if context.between is not None:
            context.between()

    try:
        done = run(
            base, lines, open_voice, job.folder / OUT, spec["variants"], spec["seed"],
            on_event=emit, should_stop=context.should_stop, between=between,
        )  # fmt: skip
    except LoraKitError:
        if context.should_stop():  # before the first was written
            return False
        raise
    job.emit({"event": "phase", "name": "Writing", "done": done, "total": len(lines)})
    left_out = checked.briefs.left_out
    job.emit({"event": "result", "briefs": len(lines), "written": done, "left_out": left_out})
    return done == len(lines)
