"""jobs, worker, clean and doctor: what the workspace does and has."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from lorakit.terminal.options import command
from lorakit.units import size

if TYPE_CHECKING:
    from lorakit.jobs.queue import Job


def add(commands: Any) -> None:
    """Add jobs, with its own commands, worker, clean and doctor."""
    parser = command(commands, "jobs", "list, show or cancel jobs")
    parser.set_defaults(run=list_all)
    own = parser.add_subparsers(metavar="command")
    command(own, "list", "list all jobs, newest first (also without a command)").set_defaults(run=list_all)
    for name, help, run in (
        ("show", "print what a job does and how far it is, as JSON", show),
        ("cancel", "cancel a job; finished work is kept", cancel),
    ):
        one = command(own, name, help)
        one.add_argument("job", help="ID of the job, from: jobs list")
        one.set_defaults(run=run)

    command(commands, "worker", "run jobs until stopped").set_defaults(run=worker)

    parser = command(commands, "clean", "remove old uploads, downloads, checkpoints and temporary files")
    parser.add_argument("--dry-run", action="store_true", help="only list what would be removed")
    parser.set_defaults(run=clean)

    command(commands, "doctor", "check this machine and the workspace").set_defaults(run=doctor)


def list_all(options: argparse.Namespace) -> int:
    """List the jobs, newest first."""
    from lorakit.jobs import queue

    for job in queue.list_jobs():
        print(_line(job))
    return 0


def _line(job: "Job") -> str:
    progress = job.progress()
    return f"{job.id:40} {progress.state:12} {progress.done}/{progress.total} {progress.message}".rstrip()


def show(options: argparse.Namespace) -> int:
    """Print one job."""
    from lorakit.jobs import queue

    job = queue.get(options.job)
    row = {"id": job.id, "kind": job.kind, "created": job.created, "folder": str(job.folder)}
    print(json.dumps({**row, **vars(job.progress()), "spec": job.spec}, indent=2, ensure_ascii=False))
    return 0


def cancel(options: argparse.Namespace) -> int:
    """Ask a job to stop."""
    from lorakit.jobs import queue

    job = queue.get(options.job)
    job.cancel()
    state = job.state
    print("it will stop at its next step" if state == "running" else _line(job))
    return 0


def worker(options: argparse.Namespace) -> int:
    """Run jobs until stopped."""
    from lorakit.jobs.worker import serve

    serve()
    return 0


def clean(options: argparse.Namespace) -> int:
    """Remove what is no longer needed, or list what would be removed."""
    from lorakit.jobs import retention

    gone = retention.going() if options.dry_run else retention.sweep()
    for one in gone:
        age = f"{one.days:.0f} days"
        print(f"{one.rule.what:16} {size(one.size):>9} {age:>9}  {one.path}  ({one.rule.why})")
    total = size(sum(one.size for one in gone))
    print(f"{'would free' if options.dry_run else 'freed'} {total}" if gone else "nothing to remove")
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Check this machine and the workspace."""
    from lorakit.terminal.doctor import lines

    for line in lines():
        print(line)
    return 0
