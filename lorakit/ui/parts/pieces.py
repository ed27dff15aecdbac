"""Small pieces of HTML that the tabs share. Everything a person typed or a file carried is escaped here."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import gradio as gr

from lorakit.data.findings import SEVERITIES, Finding
from lorakit.errors import LoraKitError
from lorakit.families.licences import KNOWN, Known, licence_of
from lorakit.families.sources import STARTERS
from lorakit.jobs import queue
from lorakit.jobs.queue import Job
from lorakit.jobs.retention import UNUSED_DAYS, USED_DAYS
from lorakit.ui import visitors
from lorakit.units import duration

# Handlers belong to the page alone; those that run by themselves or answer at once show no spinner.
HIDDEN: dict[str, Any] = {"api_visibility": "private"}
QUIET: dict[str, Any] = {**HIDDEN, "show_progress": "hidden"}
MOST_FINDINGS = 40

DEMONSTRATIONS = {
    "starter-image": "Draws at about 128 pixels, then enlarges. Free to use (Apache-2.0).",
    "starter-text": "Writes simple copy. Free to use (Apache-2.0).",
}
# May pictures and texts made with a base be used commercially? -> style of its badge, and its title.
ALLOWED = {
    True: ("free", "Commercial use allowed"),
    False: ("limited", "No commercial use"),
    None: ("own", "Your own choice"),
}

HEADER = """<div class="studio-head"><div class="mark"></div><div><h1>LoraKit Studio</h1>
<p>Teach a model your product and your voice. Then make every scene and every line.</p></div></div>"""

DEMO_NOTE = """<div class="note"><b>You are on the starter bases:</b> small demonstration models that run on
any laptop. Pictures are drawn at about 128 pixels and enlarged; copy is simple. With a GPU, choose
FLUX.2-klein, Qwen or your own under “Base model”: every step stays the same.</div>"""

KEPT = (
    f'<p class="hint">What you upload is kept for {UNUSED_DAYS} days, or until {USED_DAYS} days after the '
    "last training with it.</p>"
)

# On a phone the progress stands below the form that started it.
SCROLL: dict[str, Any] = {
    "fn": None,
    "js": """() => {
      const view = [...document.querySelectorAll('.progress-view')].find(view => view.offsetParent);
      if (view && view.getBoundingClientRect().top > innerHeight) view.scrollIntoView({behavior: 'smooth'});
    }""",
    **QUIET,
}

# And the form above its progress.
SCROLL_UP: dict[str, Any] = {"fn": None, "js": "() => scrollTo({top: 0, behavior: 'smooth'})", **QUIET}

WORDS = {
    "queued": "Waiting for its turn",
    "running": "Working",
    "done": "Finished",
    "failed": "Stopped by a problem",
    "cancelled": "Cancelled",
    "interrupted": "Interrupted: continues by itself",
}


def step(number: int, title: str, hint: str = "") -> str:
    """A heading of a form, with its number when it has one (not 0)."""
    circle = f"<span>{number}</span>" if number else ""
    return f'<p class="step">{circle}{escape(title)}<em>{escape(hint)}</em></p>'


def bases(kind: str) -> list[tuple[str, str]]:
    """The choices for "image" or "text": a label with what the base's licence allows, and its id."""
    return [(_label(known), known.id) for known in KNOWN if known.kind == kind]


def _label(known: Known) -> str:
    if known.id in STARTERS:
        return known.label
    licence = licence_of(known.id)
    facts = [licence.name if licence.commercial else "non-commercial", "needs a GPU" if known.needs else ""]
    return f"{known.label} ({', '.join(fact for fact in facts if fact)})"


def badge(base: str | None) -> str:
    """What one may do with a base, and what it needs."""
    if base in STARTERS:
        style, title, about = "demo", "Demonstration model", DEMONSTRATIONS[base]
    else:
        licence, known = licence_of(base or ""), next((row for row in KNOWN if row.id == base), None)
        style, title = ALLOWED[licence.commercial]
        facts = [licence.name, licence.terms]
        if licence.commercial is None:
            facts = ["Look up its licence before you publish with it."]
        if known and known.needs:
            facts.append(f"Needs {known.needs}.")
        if known and known.gated:
            facts.append("Ask for access on the hub first, and set HF_TOKEN.")
        about = " ".join(fact if fact.endswith(".") else f"{fact}." for fact in facts if fact)
    return f'<div class="badge {style}"><b>{escape(title)}</b> {escape(about)}</div>'


def strip(addresses: list[str]) -> str:
    """Small pictures side by side."""
    return (
        '<div class="strip">' + "".join(f'<img alt="" src="{escape(a)}">' for a in addresses if a) + "</div>"
    )


def hero(title: str, hint: str) -> str:
    """The invitation at the top of a tab."""
    return f"<h2>{escape(title)}</h2><p>{escape(hint)}</p>"


def problem(error: LoraKitError) -> gr.Error:
    """What a person is told at the top of the page, where Gradio shows HTML: it may name what a file said."""
    return gr.Error(escape(str(error), quote=False), print_exception=False)


def empty(title: str, hint: str) -> str:
    """What stands where nothing is yet."""
    return f'<div class="empty"><b>{escape(title)}</b>{escape(hint)}</div>'


def latest(kind: str) -> Callable[[], str]:
    """A handler: the job of a kind that a page opened now should show."""

    def read() -> str:
        found = visitors.list_jobs([kind])
        return found[0].id if found else ""

    return read


def result(job: Job) -> dict[str, Any] | None:
    """What a finished training says it made."""
    if job.state != "done":
        return None
    return next((event for event in reversed(job.events()) if event["event"] == "result"), None)


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


def cancel(job_id: str) -> str:
    """Ask a job to stop at its next step; what is finished stays."""
    job = find(job_id)
    if job is None:
        return empty("Nothing to cancel", "This job is gone.")
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


def status(job: Job) -> str:
    """Progress of a job: what, how far, how long still."""
    progress = job.progress()
    share = 1.0 if progress.state == "done" else progress.done / progress.total if progress.total else 0.0
    left = (
        f"about {duration(progress.seconds_left)} left"
        if progress.seconds_left and progress.state == "running"
        else ""
    )
    count = f"{progress.done} of {progress.total}" if progress.total else place(job)
    what = (
        progress.phase
        if progress.state == "running" and progress.phase
        else WORDS.get(progress.state, progress.state)
    )
    if job.cancelled and progress.state in queue.OPEN:
        what = "Stopping after this step"
    style = {"done": "done", "failed": "failed"}.get(progress.state, "")
    return (
        f'<div class="status {style}"><div class="top"><span class="what">{escape(str(what))}</span>'
        f'<span class="left">{escape(" · ".join(part for part in (count, left) if part))}</span></div>'
        f'<div class="bar"><i style="width:{100 * min(1.0, share):.1f}%"></i></div>'
        f'<div class="say">{escape(progress.message or "")}</div></div>'
    )


def facts(rows: list[tuple[str, str]]) -> str:
    """Figures with what they mean."""
    cells = "".join(f"<div><b>{escape(value)}</b><span>{escape(label)}</span></div>" for value, label in rows)
    return f'<div class="facts">{cells}</div>'


def card(title: str, inside: str, right: str = "") -> str:
    """A white card; `inside` is HTML that is safe already."""
    top = f'<span class="what">{escape(title)}</span><span class="left">{escape(right)}</span>'
    return f'<div class="status"><div class="top">{top}</div>{inside}</div>'


def finding_lines(rows: Sequence[Finding]) -> str:
    """Findings, one a line, with a dot of their severity's colour."""
    return "".join(
        f'<div class="finding {escape(row.severity)}"><i></i><div>{escape(str(row))}</div></div>'
        for row in rows
    )


def worst_first(rows: Sequence[Finding]) -> list[Finding]:
    """As many findings as are shown, the worst first."""
    ordered = sorted(rows, key=lambda finding: SEVERITIES.index(finding.severity), reverse=True)
    return ordered[:MOST_FINDINGS]


def findings_of(job: Job) -> list[Finding]:
    """What a job found in its data, beyond mere remarks, the worst first."""
    rows = [row for event in job.events() if event["event"] == "findings" for row in event["rows"]]
    found = dict.fromkeys(Finding(**row) for row in rows if row["severity"] != "info")
    return worst_first(list(found))


def good(said: str) -> str:
    """A sentence with a green dot."""
    return f'<div class="finding good"><i></i><div>{escape(said)}</div></div>'
