"""Copy for a whole table of briefs: upload, progress, the first texts, and the table to take away."""

import csv
from html import escape
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit import durable, workspace
from lorakit.errors import LoraKitError
from lorakit.jobs.kinds.catalogue import OUT, check
from lorakit.jobs.queue import Job
from lorakit.store.store import Store
from lorakit.ui.parts import (
    bases,
    desk,
    mixing,
    pieces,
    uploads,
)
from lorakit.ui.parts.mixing import MixSettings
from lorakit.ui.parts.pieces import HIDDEN, QUIET

POLL = 1.5  # seconds
FILE_TYPES = [".csv", ".tsv", ".txt", ".xlsx", ".json", ".jsonl"]
QUOTED = 4  # texts that are shown; the table has them all
ABOUT = """<p class="hint">A row for each brief. Only <b>product</b> must be there; <b>voice</b> names who
writes the row (empty: the voice above). Other columns: audience, tone, language, name.</p>
<div class="copy"><div class="text">product,facts,channel,voice
Nordal teapot,holds 900 ml; keeps its heat,instagram-caption,Nordal voice
Nordal kettle,boils in two minutes,google-headline,</div></div>"""


def build(
    writing: dict[str, Any], base: gr.Dropdown, savers: gr.CheckboxGroup, kept: gr.BrowserState
) -> tuple[Any, list[Any], list[Any]]:
    """The form; returns the handler for when the page is opened. `writing` is the desk's."""
    job_id, seen, path = gr.State(""), gr.State(""), gr.State("")
    with gr.Accordion("Many at once: a table of briefs", open=False):
        gr.HTML(ABOUT)
        upload = gr.File(label="csv, tsv, xlsx or jsonl", file_types=FILE_TYPES, height=120)
        encoding = uploads.encoding()
        gate = gr.HTML()
        variants = gr.Slider(1, 5, value=1, step=1, label="Variants of each")
        start_it = gr.Button("Write them all", variant="secondary")
        status, cancel = gr.HTML(), gr.Button("Stop writing them", visible=False, size="sm")
        shown = gr.HTML(visible=False)
        table = gr.File(label="The table of copy", visible=False, interactive=False)
    given = ([upload, encoding], [path, gate])
    reading = (poll, [job_id, seen], [job_id, seen, status, cancel, shown, table])
    upload.change(check_file, *given, **HIDDEN)
    encoding.input(check_file, *given, **QUIET)
    inputs = [path, writing["voice"], writing["more"], kept, base, savers, variants]
    start_it.click(start, inputs, [job_id], **HIDDEN).then(*reading, **QUIET)
    cancel.click(pieces.cancel, [job_id], [status], **HIDDEN)
    gr.Timer(POLL).tick(*reading, **QUIET)
    return pieces.latest("catalogue"), [], [job_id]


def check_file(file: str | None, encoding: str = "") -> tuple[str, str]:
    """Copy the upload into the workspace and say what is in it."""
    if not file:
        return "", ""
    try:
        target = uploads.keep(file, encoding)
        checked = check(target)
    except LoraKitError as error:
        return "", pieces.empty("This table cannot be used", str(error))
    briefs, voices = checked.briefs, checked.voices
    without = sum(not line.voice for line in briefs.lines)
    named = f"{len(voices)} {'voice' if len(voices) == 1 else 'voices'} named in the table"
    rest = f"; {without} in the voice chosen above" if without else ""
    out = f"; {briefs.left_out} left out" if briefs.left_out else ""
    count = len(briefs.lines)
    ready = f"{count} {'brief is' if count == 1 else 'briefs are'} ready{out}"
    found = pieces.finding_lines(pieces.worst_first(briefs.findings))
    return str(target), pieces.empty(ready, f"{named}{rest}.") + found


def start(
    path: str,
    voice: str,
    more: list[str],
    kept: MixSettings,
    base: str,
    savers: list[str],
    variants: float,
) -> str:
    """Write the job; the voices bring their own base."""
    if not path:
        raise gr.Error("Add a table of briefs first.", print_exception=False)
    try:
        voices = check(path).voices
        mix = mixing.spec(desk.mixed(voice, more), kept)
        slugs = [*mix, *(slug for named in voices.values() for slug in named)]
        own = (Store().get(slugs[0]).base if slugs else base) or base
        spec = {
            "base": own, **bases.kept(own, savers), "mix": mix, "briefs": path, "variants": int(variants),
            "seed": 0,
        }  # fmt: skip
        return pieces.start_once("catalogue", spec)
    except LoraKitError as error:
        raise pieces.problem(error) from error


def poll(job_id: str, seen: str) -> list[Any]:
    """What is new: job, seen, status, the stop button, the first texts, and the file."""
    job = pieces.find(job_id)
    mark = pieces.mark(job) if job else ""
    if job is None or mark == seen:
        return [gr.skip()] * 6
    said, over = Markup(_texts(job)), not pieces.is_open(job)
    file = _taken(job) if over and said else None
    said += pieces.finding_lines(pieces.findings_of(job)[:QUOTED])
    return [
        job_id,
        mark,
        pieces.status(job),
        gr.update(visible=not over),
        gr.update(value=said, visible=bool(said)),
        gr.update(value=file, visible=file is not None),
    ]


def _texts(job: Job) -> str:
    """The first texts of the table that is written."""
    try:
        with (job.folder / OUT).open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row, _ in zip(csv.DictReader(file), range(QUOTED), strict=False)]
    except OSError:
        return ""
    return "".join(_text(row) for row in rows)


def _text(row: dict[str, str]) -> str:
    head = " · ".join(part for part in (row["product"], row["channel"], row["voice"]) if part)
    return (
        f'<p class="caption">{escape(head)}</p>'
        f'<div class="copy"><div class="text">{escape(row["text"])}</div></div>'
    )


def _taken(job: Job) -> str:
    """The table where the page may hand it out; the jobs' folders it may not."""
    target = workspace.home() / "downloads" / f"copy-{job.id[:18]}.csv"
    durable.write_bytes(target, (job.folder / OUT).read_bytes())
    return str(target)
