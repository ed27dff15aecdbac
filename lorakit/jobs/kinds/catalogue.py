"""The job that writes copy for a table of briefs, each in the voice that its row names.

A person writes a voice as it is called in the store ("Nordal voice"), or as words of a mix
("nordal-voice=0.8"). No torch at the top: the page checks a table before it becomes a job.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lorakit import events
from lorakit.data.findings import Findings
from lorakit.errors import DataError, LoraKitError
from lorakit.generation.copy.catalogue import (
    Briefs,
    not_written,
    read_briefs,
    refusal,
)
from lorakit.generation.copy.catalogue import (
    run as write_all,
)
from lorakit.jobs import fields
from lorakit.jobs.context import Context, Pace
from lorakit.jobs.job import Job
from lorakit.jobs.kind import Kind
from lorakit.lora.mix_syntax import check_whole, read_mix
from lorakit.lora.strength import Strength
from lorakit.store.store import Store

OUT = "copy.csv"  # in the job's folder


def named(words: list[str], tell: Any = print) -> dict[str, Strength]:
    """The voices that a row's words name, by their folders in the store. Raises LoraKitError."""
    store, name = Store(), " ".join(words).lower()
    voice = next((entry.slug for entry in store.list() if entry.name.lower() == name), None)
    mix = {voice: Strength()} if voice else read_mix(words, tell)
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
                voices[line.voice] = named(line.voice.split(), lambda text: None)
            except LoraKitError as error:
                refused[line.voice] = str(error)
        if line.voice in refused:
            found.append(not_written(found.name, line.place, refused[line.voice]))
    lines = [line for line in briefs.lines if line.voice not in refused]
    findings = [*briefs.findings, *found.listed()]
    if not lines:
        raise DataError(f"{found.name}: {refusal(findings)}")
    return Checked(Briefs(lines, findings, briefs.left_out + found.count("error")), voices)


class Spec(fields.OnBase):
    """A table of briefs; rows that name no voice are in the mix's."""

    mix: fields.MixOfVoices
    briefs: fields.Place
    variants: fields.Variants
    seed: fields.Seed


def run(context: Context) -> bool:
    """Write the job's table, or what is missing of it; rows without a voice are in the job's own mix."""
    job, spec = context.job, context.job.spec
    checked = check(spec["briefs"])
    lines = checked.briefs.lines
    if checked.briefs.findings:
        job.emit(events.Findings([vars(finding) for finding in checked.briefs.findings]).row())
    base = context.base()
    voices = _Voices(base, checked.voices, context.mix(base))

    def between() -> None:
        job.emit(events.Checkpoint().row())  # what is written, no crash takes back
        if context.between is not None:
            context.between()

    try:
        done = write_all(
            base, lines, voices.open, job.folder / OUT, spec["variants"], spec["seed"],
            on_event=_Progress(job), should_stop=context.should_stop, between=between,
        )  # fmt: skip
    except LoraKitError:
        if context.should_stop():  # before the first was written
            return False
        raise
    job.emit(events.Phase("Writing", done, len(lines)).row())
    if done < len(lines):  # it was stopped, and goes on later
        return False
    job.emit(events.Catalogued(len(lines), done, checked.briefs.left_out).row())
    return True


class _Voices:
    """The adapters that a table's rows name, each opened once; rows that name none have the job's own mix."""

    def __init__(self, base: Any, named: dict[str, dict[str, Strength]], default: dict[Any, Any]):
        self.base, self.named, self.default = base, named, default
        self.opened: dict[str, Any] = {}

    def open(self, words: list[str]) -> dict[Any, Any]:
        if not words:
            return self.default
        store, mix = Store(), {}
        for slug, strength in self.named[" ".join(words)].items():
            store.check_base(store.get(slug), self.base.family)
            self.opened[slug] = self.opened.get(slug) or store.load(slug)
            mix[self.opened[slug]] = strength
        return mix


class _Progress:
    """A catalogue's events for its job, with the time that is left; one note of every batch is enough."""

    def __init__(self, job: Job):
        self.job, self.note, self.pace = job, "", Pace()

    def __call__(self, row: dict[str, Any]) -> None:
        match events.read(row):
            case events.Note(text=text):
                self.note = text
            case events.Phase(done=done, total=total) as phase:
                if self.note:
                    self.job.emit(events.Note(text=self.note).row())
                self.job.emit(replace(phase, seconds_left=self.pace.left(done, total)).row())
            case _:
                self.job.emit(row)


KIND = Kind("catalogue", "a table of copy", Spec, run, needs="text")
