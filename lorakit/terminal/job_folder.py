"""A job's folder run where it lies, in this process or in several that `accelerate launch` started."""

from pathlib import Path

from lorakit.errors import LoraKitError
from lorakit.terminal.progress import Teller
from lorakit.terminal.stopping import STOPPED, stoppable
from lorakit.training import processes


def run_folder(folder: Path, max_seconds: float | None = None) -> int:
    """Run a job folder, or resume it; returns the exit code.

    Raises LoraKitError for a job that was cancelled, or that another process runs.
    """
    from lorakit.jobs.kinds import KINDS
    from lorakit.jobs.loaded_bases import Bases
    from lorakit.jobs.queue import open_folder
    from lorakit.jobs.run import run_job

    job = open_folder(folder)
    if job.state == "done":
        print("already done")
        return 0
    if job.cancelled:
        raise LoraKitError(
            f"{folder.name} was cancelled; start a new job, or delete the file “cancel” in its folder to "
            "resume"
        )
    if processes.launched():
        share = KINDS[job.kind].share
        if share is None:
            raise LoraKitError(
                f"{job.kind} job: only a training can run on several processes; start it without "
                "accelerate launch"
            )
        if processes.join().rank:
            with stoppable() as stop:
                share(job, stop)
            return 0
    if not job.acquire():
        raise LoraKitError(f"{folder.name} is being run by another process; wait for it, or stop that one")
    job.start()
    job.on_event = Teller()
    with stoppable() as stop:
        run_job(job, Bases(), stop, max_seconds=max_seconds)
    progress = job.progress()
    print(f"{progress.state} {progress.message}".strip())
    return {"done": 0, "interrupted": STOPPED}.get(progress.state, 1)
