"""Small pieces of HTML that the tabs share. Everything a person typed or a file carried is escaped here."""

from html import escape
from typing import Any

BASES = {
    "image": [
        ("Starter image base (in this app, small)", "starter-image"),
        ("FLUX.1-schnell (Apache-2.0, needs a GPU)", "black-forest-labs/FLUX.1-schnell"),
        ("FLUX.1-dev (non-commercial, needs a GPU)", "black-forest-labs/FLUX.1-dev"),
    ],
    "text": [
        ("Starter text base (in this app, small)", "starter-text"),
        ("Qwen3-0.6B (Apache-2.0)", "Qwen/Qwen3-0.6B"),
        ("Qwen3-4B-Instruct (Apache-2.0, needs a GPU)", "Qwen/Qwen3-4B-Instruct-2507"),
    ],
}
STARTERS = ("starter-image", "starter-text")

HEADER = """<div class="studio-head"><div class="mark"></div><div><h1>LoraKit Studio</h1>
<p>Teach a model your product and your voice. Then make every scene and every line.</p></div></div>"""

DEMO_NOTE = """<div class="note"><b>You are on the starter bases.</b> They are small demonstration models that run on any
laptop: pictures are drawn at about 128 pixels and enlarged, copy is simple. Choose a real base (FLUX, Qwen, or a folder of
your own) under "Base model" when you have a GPU: every step stays the same.</div>"""

WORDS = {"queued": "Waiting for its turn", "running": "Working", "done": "Finished", "failed": "Stopped by a problem",
         "cancelled": "Cancelled", "interrupted": "Interrupted: continues by itself"}  # fmt: skip


def step(number: int, title: str, hint: str = "") -> str:
    """A numbered heading of a form."""
    return f'<p class="step"><span>{number}</span>{escape(title)}<em>{escape(hint)}</em></p>'


def hero(title: str, hint: str) -> str:
    """The invitation at the top of a tab."""
    return f"<h2>{escape(title)}</h2><p>{escape(hint)}</p>"


def empty(title: str, hint: str) -> str:
    """What stands where nothing is yet."""
    return f'<div class="empty"><b>{escape(title)}</b>{escape(hint)}</div>'


def status(job: Any) -> str:
    """Progress of a job: what, how far, how long still."""
    progress = job.progress()
    share = 1.0 if progress.state == "done" else progress.done / progress.total if progress.total else 0.0
    left = f"about {duration(progress.seconds_left)} left" if progress.seconds_left and progress.state == "running" else ""
    count = f"{progress.done} of {progress.total}" if progress.total else ""
    what = progress.phase if progress.state == "running" and progress.phase else WORDS.get(progress.state, progress.state)
    style = {"done": "done", "failed": "failed"}.get(progress.state, "")
    return (
        f'<div class="status {style}"><div class="top"><span class="what">{escape(str(what))}</span>'
        f'<span class="left">{escape(" · ".join(part for part in (count, left) if part))}</span></div>'
        f'<div class="bar"><i style="width:{100 * min(1.0, share):.1f}%"></i></div>'
        f'<div class="say">{escape(progress.message or "")}</div></div>'
    )


def duration(seconds: float) -> str:
    """"40 s", "3 min", "1 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def size(count: float) -> str:
    """Bytes in words."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def facts(rows: list[tuple[str, str]]) -> str:
    """Figures with what they mean."""
    cells = "".join(f"<div><b>{escape(value)}</b><span>{escape(label)}</span></div>" for value, label in rows)
    return f'<div class="facts">{cells}</div>'


def training_facts(summary: dict[str, Any]) -> str:
    """The honest comparison with full fine-tuning, after a training."""
    rows = [
        (f"{summary['share']:.1%}", "of the base's parameters were trained"),
        (size(summary.get("size_bytes", 0)), f"adapter, against {size(summary['base_bytes'])} for the base"),
        (duration(summary["seconds"]), f"for {summary['steps']} steps"),
        (size(summary["peak_memory_bytes"]), "memory at the most"),
    ]
    before, after = summary.get("held_out_before"), summary.get("held_out_after")
    if before is not None and after is not None:
        from math import exp

        rows.append((f"{exp(before):.1f} → {exp(after):.1f}", "perplexity on texts kept aside (lower is better)"))
    return facts(rows)


def findings(report: Any) -> str:
    """The quality gate's findings, worst first."""
    order = {"error": 0, "warn": 1, "info": 2}
    rows = sorted(report.findings, key=lambda finding: order[finding.severity])
    lines = "".join(f'<div class="finding {escape(f.severity)}"><i></i><div>{escape(str(f))}</div></div>' for f in rows[:40])
    more = f'<div class="finding"><i></i><div>and {len(rows) - 40} more</div></div>' if len(rows) > 40 else ""
    verdict = "ready to train" if report.score >= 70 else "usable, see below" if report.score >= 40 else "needs better photos"
    return (
        f'<div class="status"><div class="top"><span class="what">{report.photos} photos: {verdict}</span>'
        f'<span class="left">quality {report.score} of 100</span></div>{lines}{more}</div>'
    )
