"""Running one job: how it ends, and what a person is told when it does not work out."""

import errno
import logging
import os
import shutil
import traceback
from collections.abc import Callable
from contextlib import suppress

from lorakit import events
from lorakit.errors import DataError, LoraKitError, is_device_lost, is_out_of_memory
from lorakit.families import offered
from lorakit.jobs.context import Context
from lorakit.jobs.job import ENDS, Job
from lorakit.jobs.kinds import KINDS
from lorakit.jobs.loaded_bases import Bases, free_memory
from lorakit.jobs.queue import list_jobs

log = logging.getLogger(__name__)

MEMORY_ADVICE = "Choose a smaller base model, batch size or resolution, or load the base model in 4-bit."


def run_job(
    job: Job,
    bases: Bases,
    stopping: Callable[[], bool] = lambda: False,
    between: Callable[[], None] | None = None,
    max_seconds: float | None = None,
) -> None:
    """Run a job that this process has acquired, write how it ended, and give it back.

    With `max_seconds` a training or a campaign ends in time as interrupted, to be resumed by the next call.

    Raises only OSError, when not even the end can be written, and torch.AcceleratorError when this process
    has lost its device; the job then counts as interrupted, for another process to resume.
    """
    try:
        if job.lacks:
            raise DataError(
                f"this job has no {', '.join(job.lacks)}: another version of the studio wrote it; "
                "start it again from the page"
            )
        kind = KINDS[job.kind]
        with offered.working_for(visitor=bool(job.owner)):
            complete = kind.run(Context(job, kind, bases, stopping, between, max_seconds))
        ending = events.Done() if complete else events.Cancelled() if job.cancelled else events.Interrupted()
        job.emit(ending.row())
        if complete and kind.kept is not None:
            _sweep(kind.name, kind.kept)
    except LoraKitError as error:
        log.warning("job %s failed: %s", job.id, error)
        job.emit(events.Failed(str(error)).row())
    except Exception as error:
        if is_device_lost(error):
            raise  # counted as an attempt, so that a job that does this each time ends
        details = traceback.format_exc()
        log.error("job %s: %s", job.id, details)
        with suppress(OSError):
            (job.folder / "log.txt").write_text(details, encoding="utf-8")
        job.emit(events.Failed(**in_words(error)).row())
    finally:
        job.release()
        if job.state == "failed":
            free_memory()


def _sweep(kind: str, kept: int) -> None:
    """Remove what nobody looks at any more: of the jobs that have ended, all but the newest."""
    for old in list_jobs([kind])[kept:]:
        if old.state in ENDS:
            shutil.rmtree(old.folder, ignore_errors=True)


def in_words(error: Exception) -> dict[str, str]:
    """An unexpected error as "error" and "advice" for the person at the page: no path, no trace."""
    if is_out_of_memory(error):
        return {"error": "Out of memory.", "advice": MEMORY_ADVICE}
    if isinstance(error, OSError) and error.errno is not None:
        advice = {
            errno.ENOSPC: "Free up disk space, then try again.",
            errno.EDQUOT: "Free up disk space, then try again.",
            errno.ENOENT: "It was moved or deleted. Put it back, then try again.",
        }.get(error.errno, "Check the permissions of the workspace, then try again.")
        return {
            "error": f"A file could not be read or written ({os.strerror(error.errno)}).",
            "advice": advice,
        }
    return {
        "error": f"Something unexpected happened ({type(error).__name__}).",
        "advice": "The details are in log.txt of the job's folder.",
    }
