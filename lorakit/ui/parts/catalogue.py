"""Copy for a whole table of briefs: upload, progress, the first texts, and the table to take away."""

import csv
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit import durable, workspace
from lorakit.errors import LoraKitError
from lorakit.jobs.kinds.catalogue import OUT, check
from lorakit.jobs.queue import Job
from lorakit.store.store import Store
from lorakit.ui.parts import bases, desk, mixing, pieces, uploads
from lorakit.ui.parts.desk import Desk
from lorakit.ui.parts.mixing import MixSettings
from lorakit.ui.parts.pieces import HIDDEN, QUIET, Updates

POLL = 1.5  # seconds
FILE_TYPES = [".csv", ".tsv", ".txt", ".xlsx", ".json", ".jsonl"]
QUOTED = 4  # texts that are shown; the table has them all
ABOUT = Markup(
    '<p class="hint">One row per brief. Only <b>product</b> is required; <b>voice</b> sets who writes the '
    "row (empty: the voice above). Other columns: facts, channel, audience, tone, language, name.</p>"
    '<div class="copy"><div class="text">product,facts,channel,voice\n'
    "Nordal teapot,holds 900 ml; keeps its heat,instagram-caption,Nordal voice\n"
    "Nordal kettle,boils in two minutes,google-headline,</div></div>"
)


@dataclass(frozen=True)
class Upload:
    """A table that was looked into: where it is kept ("" when it cannot be used), and what is in it."""

    path: str
    about: Markup


@dataclass(frozen=True)
class Catalogue:
    """The form and what comes of it. `seen`: how much of the job the page has."""

    job_id: gr.State
    seen: gr.State
    status: gr.HTML
    cancel: gr.Button
    texts: gr.HTML
    table: gr.File

    @property
    def parts(self) -> list[Any]:
        """What `poll` gives values for."""
        return [self.job_id, self.seen, self.status, self.cancel, self.texts, self.table]

    def poll(self, job_id: str, seen: str) -> Any:
        """What is new."""
        job = pieces.find(job_id)
        mark = pieces.mark(job) if job else ""
        if job is None or mark == seen:
            return gr.skip()
        shown, over = _texts(job), not pieces.is_open(job)
        file = _taken(job) if over and shown else None
        shown += pieces.finding_lines(pieces.findings_of(job)[:QUOTED])
        return {
            self.job_id: job_id,
            self.seen: mark,
            self.status: pieces.status(job),
            self.cancel: gr.update(visible=not over),
            self.texts: gr.update(value=shown, visible=bool(shown)),
            self.table: gr.update(value=file, visible=file is not None),
        }


def build(writing: Desk) -> Catalogue:
    """The form, below the desk whose voice and base model it uses."""
    path = gr.State("")
    with gr.Accordion("Bulk copy: upload a table of briefs", open=False):
        gr.HTML(ABOUT)
        upload = gr.File(label="CSV, TSV, XLSX or JSONL", file_types=FILE_TYPES, height=120)
        encoding = uploads.encoding()
        about = gr.HTML()
        variants = gr.Slider(1, 5, value=1, step=1, label="Variants per brief")
        start_it = gr.Button("Write all", variant="secondary")
        status, cancel = gr.HTML(), gr.Button("Stop writing", visible=False, size="sm")
        texts = gr.HTML(visible=False)
        table = gr.File(label="Finished copy (CSV)", visible=False, interactive=False)
    made = Catalogue(gr.State(""), gr.State(""), status, cancel, texts, table)

    def take(file: str | None, encoding: str) -> Updates:
        checked = check_file(file, encoding)
        return {path: checked.path, about: checked.about}

    reading = {"fn": made.poll, "inputs": [made.job_id, made.seen], "outputs": made.parts, **QUIET}
    upload.change(take, [upload, encoding], [path, about], **HIDDEN)
    encoding.input(take, [upload, encoding], [path, about], **QUIET)
    start_it.click(start, [path, *writing.mix, variants], [made.job_id], **HIDDEN).then(**reading)
    cancel.click(pieces.cancel, [made.job_id], [status], **HIDDEN)
    gr.Timer(POLL).tick(**reading)
    return made


def check_file(file: str | None, encoding: str = "") -> Upload:
    """Copy the upload into the workspace."""
    if not file:
        return Upload("", Markup())
    try:
        target = uploads.keep(file, encoding)
        checked = check(target)
    except LoraKitError as error:
        return Upload("", pieces.empty("Can’t use this table", str(error)))
    briefs, voices = checked.briefs, checked.voices
    without, count = sum(not line.voice for line in briefs.lines), len(briefs.lines)
    rest = (
        f"; {without} {'row uses' if without == 1 else 'rows use'} the voice chosen above" if without else ""
    )
    named = f"The table names {len(voices)} {'voice' if len(voices) == 1 else 'voices'}{rest}."
    out = f"; {briefs.left_out} left out" if briefs.left_out else ""
    ready = f"{count} {'brief is' if count == 1 else 'briefs are'} ready{out}"
    findings = pieces.finding_lines(pieces.worst_first(briefs.findings))
    return Upload(str(target), pieces.empty(ready, named) + findings)


def start(
    path: str,
    voice: str,
    more: list[str],
    settings: MixSettings,
    base: str,
    savers: list[str],
    variants: float,
) -> str:
    """Write the job; the voices bring their own base model."""
    if not path:
        raise gr.Error("Add a table of briefs first.", print_exception=False)
    try:
        voices = check(path).voices
        mix = mixing.spec(desk.mixed(voice, more), settings)
        slugs = [*mix, *(slug for named in voices.values() for slug in named)]
        own = (Store().get(slugs[0]).base if slugs else base) or base
        spec = {
            "base": own, **bases.kept(own, savers), "mix": mix, "briefs": path, "variants": int(variants),
            "seed": 0,
        }  # fmt: skip
        return pieces.start_once("catalogue", spec)
    except LoraKitError as error:
        raise pieces.problem(error) from error


def _texts(job: Job) -> Markup:
    """The first texts of the table that is written."""
    try:
        with (job.folder / OUT).open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row, _ in zip(csv.DictReader(file), range(QUOTED), strict=False)]
    except OSError:
        return Markup()
    return Markup().join(_text(row) for row in rows)


def _text(row: dict[str, str]) -> Markup:
    head = " · ".join(part for part in (row["product"], row["channel"], row["voice"]) if part)
    shown = Markup('<p class="caption">{}</p><div class="copy"><div class="text">{}</div></div>')
    return shown.format(head, row["text"])


def _taken(job: Job) -> str:
    """The table where the page may hand it out; the jobs' folders it may not."""
    target = workspace.home() / "downloads" / f"copy-{job.id[:18]}.csv"
    durable.write_bytes(target, (job.folder / OUT).read_bytes())
    return str(target)
