"""The worker: one process that owns the device, keeps bases warm, and runs jobs in fair order.

Long jobs let short ones in between their steps. What a worker that died was doing, the next one continues.
Not covered: several devices; one worker runs per workspace, a second one waits.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock, Timeout

from lorakit import events, workspace
from lorakit.families.sources import STARTERS
from lorakit.jobs import queue, retention
from lorakit.jobs.loaded_bases import Bases
from lorakit.jobs.queue import Job
from lorakit.jobs.run import run_job
from lorakit.jobs.supervisor import PARENT, STOP_SECONDS

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.3
FULL_DISK_SECONDS = 5.0


class Service:
    """The claiming of jobs by one process. `stop` is asked between steps by whatever runs."""

    def __init__(self, stop: threading.Event):
        self.stop, self.bases = stop, Bases()
        self.current: list[Job] = []  # a long job, and the short one that it let in

    def once(self) -> bool:
        """Run the next job, if one waits."""
        job = queue.claim()
        if job is not None:
            self.run(job)
        return job is not None

    def run(self, job: Job) -> None:
        """Run a job that this process has acquired; a long one lets short ones in between its steps."""
        self.current.append(job)
        try:
            between = None if job.is_short else lambda: self._let_in(job)
            run_job(job, self.bases, self.stop.is_set, between)
        finally:
            self.current.pop()

    def _let_in(self, long: Job) -> None:
        """Run the short jobs that wait, as far as they need no second large base in memory."""

        def fits(job: Job) -> bool:
            return self.bases.fits_beside(job.spec, long.spec)

        while not self.stop.is_set() and not long.cancelled:
            short = queue.claim(short_only=True, accept=fits)
            if short is None:
                return
            self.run(short)

    def leave(self) -> None:
        """End the process although something still runs: what its checkpoints hold is continued later."""
        for job in reversed(self.current):
            job.emit(events.Interrupted().row())
        os._exit(0)


def serve(preload: Iterable[str] = STARTERS) -> None:
    """Run jobs until told to stop (SIGTERM, or the parent's death), then end within 10 seconds."""
    logging.basicConfig(format="%(asctime)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # In a thread: a handler that runs while this one holds the event's lock would wait for itself.
        signal.signal(number, lambda *_: threading.Thread(target=stop.set).start())
    service = Service(stop)
    threading.Thread(target=_watch, args=(stop, service), daemon=True).start()
    lock = _only_one(workspace.home(), stop)
    if not stop.is_set():
        retention.keep_sweeping(stop)
    waiting = list(preload)
    while not stop.is_set():
        try:
            busy = service.once()
        except RuntimeError as error:  # the device is lost, and even leaving in order may hang on it
            log.error("the device is lost: %s", error)
            os._exit(1)
        except OSError as error:  # the disk is full or gone: nothing can even be noted
            log.warning("the workspace cannot be used: %s", error)
            stop.wait(FULL_DISK_SECONDS)
            continue
        if not busy and waiting:
            service.bases.warm(waiting.pop(0))
        elif not busy:
            stop.wait(IDLE_SECONDS)
    lock.release()


def run_slice(bases: Bases, seconds: float, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Run the next job for at most about `seconds`, in this process; returns whether there was one.

    For a host that lends its device for a limited call, as ZeroGPU does. What is not finished waits, with
    its checkpoint, for the next slice, and goes on bit for bit.
    """
    job = queue.claim()
    if job is not None:
        run_job(job, bases, stopping, max_seconds=seconds)
    return job is not None


def _only_one(home: Path, stop: threading.Event) -> FileLock:
    """Wait until no other worker has this workspace."""
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "worker.lock")
    while not stop.is_set():
        try:
            lock.acquire(timeout=1)
            break
        except Timeout:
            continue
    return lock


def _watch(stop: threading.Event, service: Service) -> None:
    """Stop when the parent dies; once stopped, do not let a long step hold the process."""
    parent = os.environ.get(PARENT)
    while not stop.wait(1):
        if parent and os.getppid() != int(parent):
            stop.set()
    threading.Event().wait(STOP_SECONDS - 2)
    service.leave()
