"""Small pieces of HTML that the tabs share.

HTML is `Markup`, and what is put into it with `format` or `join` is escaped unless it is HTML itself: so what
a person typed or a file carried stays text.
"""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import gradio as gr
from markupsafe import Markup

from lorakit.data.findings import SEVERITIES, Finding
from lorakit.errors import LoraKitError
from lorakit.events import Findings, Result
from lorakit.jobs import queue
from lorakit.jobs.queue import Job
from lorakit.jobs.retention import UNUSED_DAYS, USED_DAYS
from lorakit.ui import visitors
from lorakit.ui.parts.scripts import script
from lorakit.units import duration

# Handlers belong to the page alone; those that run by themselves or answer at once show no spinner.
HIDDEN: dict[str, Any] = {"api_visibility": "private"}
QUIET: dict[str, Any] = {**HIDDEN, "show_progress": "hidden"}
Updates = dict[Any, Any]  # component -> its new value, as a handler returns it
MOST_FINDINGS = 40

HEADER = Markup(
    '<div class="studio-head"><div class="mark"></div><div><h1>LoraKit Studio</h1>'
    "<p>Teach a model your product and your voice. Then make every scene and every line.</p></div></div>"
)
DEMO_NOTE = Markup(
    '<div class="note"><b>You’re using the starter models:</b> small demo models that run on any laptop. '
    "Images are made at about 128 pixels and enlarged; copy is simple. Have a GPU? Choose FLUX, Qwen or your "
    "own under “Base model”. Everything else works the same.</div>"
)
KEPT = Markup(
    '<p class="hint">What you upload is kept for {} days, or until {} days after the last training with it.'
    "</p>"
).format(UNUSED_DAYS, USED_DAYS)

# On a phone the progress stands below the form that started it.
SCROLL: dict[str, Any] = {"fn": None, "js": script("show-progress"), **QUIET}
# And the form above its progress.
SCROLL_UP: dict[str, Any] = {"fn": None, "js": script("show-form"), **QUIET}

WORDS = {
    "queued": "Waiting in the queue",
    "running": "Working",
    "done": "Finished",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "interrupted": "Interrupted, will resume automatically",
}


def step(number: int, title: str, hint: str = "") -> Markup:
    """A heading of a form, with its number when it has one (not 0)."""
    circle = Markup("<span>{}</span>").format(number) if number else ""
    return Markup('<p class="step">{}{}<em>{}</em></p>').format(circle, title, hint)


def strip(addresses: list[str]) -> Markup:
    """Small images side by side."""
    images = Markup().join(Markup('<img alt="" src="{}">').format(one) for one in addresses if one)
    return Markup('<div class="strip">{}</div>').format(images)


def hero(title: str, hint: str) -> Markup:
    """The invitation at the top of a tab."""
    return Markup("<h2>{}</h2><p>{}</p>").format(title, hint)


def problem(error: LoraKitError) -> gr.Error:
    """What a person is told at the top of the page, where Gradio shows HTML: it may name what a file said."""
    return gr.Error(escape(str(error), quote=False), print_exception=False)


def empty(title: str, hint: str) -> Markup:
    """What stands where nothing is yet."""
    return Markup('<div class="empty"><b>{}</b>{}</div>').format(title, hint)


def latest(kind: str) -> Callable[[], str]:
    """A handler: the job of a kind that a page opened now should show."""

    def read() -> str:
        newest = visitors.list_jobs([kind])[:1]
        return newest[0].id if newest else ""

    return read


def result(job: Job) -> Result | None:
    """What a finished job says it made."""
    if job.state != "done":
        return None
    return next((event for event in reversed(job.history()) if isinstance(event, Result)), None)


def find(job_id: str) -> Job | None:
    """The job to show; None when there is none yet or its folder was removed."""
    try:
        return visitors.get(job_id) if job_id else None
    except LoraKitError:
        return None


def start_once(kind: str, spec: dict[str, Any]) -> str:
    """The id of a new job, or of the same one when it already waits or runs (a second click).

    Raises LoraKitError.
    """
    return visitors.start(kind, spec).id


def cancel(job_id: str) -> Markup:
    """Ask a job to stop at its next step; what is finished stays."""
    job = find(job_id)
    if job is None:
        return empty("Nothing to cancel", "This job no longer exists.")
    job.cancel()
    return status(job)


def is_open(job: Job) -> bool:
    """Can it still be cancelled?"""
    return job.state in queue.OPEN and not job.cancelled


def mark(job: Job) -> str:
    """Changes whenever there is something new to show of a job."""
    return f"{job.id}:{job.state}:{job.cancelled}:{len(job.events())}:{place(job)}"


def place(job: Job) -> str:
    """How many jobs come before one that waits, in words; empty for any other."""
    if job.state != "queued" or job.cancelled:
        return ""
    before = next((n for n, other in enumerate(queue.waiting()) if other.id == job.id), 0)
    return f"{before} job{'s' if before != 1 else ''} before it" if before else "next in line"


def status(job: Job) -> Markup:
    """Progress of a job: what, how far, how long still."""
    progress = job.progress()
    running = progress.state == "running"
    share = 1.0 if progress.state == "done" else progress.done / progress.total if progress.total else 0.0
    left = f"about {duration(progress.seconds_left)} left" if progress.seconds_left and running else ""
    count = f"{progress.done} of {progress.total}" if progress.total else place(job)
    phase = progress.phase if running else ""
    what = str(phase or WORDS.get(progress.state, progress.state))
    if job.cancelled and progress.state in queue.OPEN:
        what = "Stopping after this step"
    return Markup(
        '<div class="status {}"><div class="top"><span class="what">{}</span><span class="left">{}</span>'
        '</div><div class="bar"><i style="width:{:.1f}%"></i></div><div class="say">{}</div></div>'
    ).format(
        progress.state if progress.state in ("done", "failed") else "", what,
        " · ".join(part for part in (count, left) if part), 100 * min(1.0, share), progress.message or "",
    )  # fmt: skip


def facts(rows: list[tuple[str, str]]) -> Markup:
    """Figures with what they mean."""
    cells = Markup().join(Markup("<div><b>{}</b><span>{}</span></div>").format(*row) for row in rows)
    return Markup('<div class="facts">{}</div>').format(cells)


def card(title: str, inside: str, right: str = "") -> Markup:
    """A white card; `inside` stays text unless it is Markup."""
    top = Markup('<span class="what">{}</span><span class="left">{}</span>').format(title, right)
    return Markup('<div class="status"><div class="top">{}</div>{}</div>').format(top, inside)


def total(number: int, text: str) -> Markup:
    """How many a plan comes to, and of what."""
    return Markup('<div class="sum"><b>{}</b> {}</div>').format(number, text)


def hint(text: str) -> Markup:
    """A remark in small letters; empty for nothing."""
    return Markup('<p class="hint">{}</p>').format(text) if text else Markup()


def advice(text: str) -> Markup:
    """What to do, in a sentence; empty for nothing."""
    return Markup('<p class="advice">{}</p>').format(text) if text else Markup()


def finding(severity: str, text: str) -> Markup:
    """A sentence with a dot of its severity's colour ("good", "info", "warn" or "error")."""
    return Markup('<div class="finding {}"><i></i><div>{}</div></div>').format(severity, text)


def finding_lines(rows: Sequence[Finding]) -> Markup:
    """Findings, one a line, with a dot of their severity's colour."""
    return Markup().join(finding(row.severity, str(row)) for row in rows)


def worst_first(rows: Sequence[Finding]) -> list[Finding]:
    """As many findings as are shown, the worst first."""
    ordered = sorted(rows, key=lambda finding: SEVERITIES.index(finding.severity), reverse=True)
    return ordered[:MOST_FINDINGS]


def findings_of(job: Job) -> list[Finding]:
    """What a job found in its data, beyond mere remarks, the worst first."""
    rows = [row for event in job.history() if isinstance(event, Findings) for row in event.rows]
    return worst_first(list(dict.fromkeys(Finding(**row) for row in rows if row["severity"] != "info")))


def good(sentence: str) -> Markup:
    """A sentence with a green dot."""
    return finding("good", sentence)
