"""The worker: one process that owns the device, keeps bases warm, and runs jobs in fair order.

Long jobs let short ones in between their steps. A worker that dies is started again by `ensure_running`, and what it was
doing continues. Not covered: several devices; start one worker per workspace.
"""

import atexit
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from lorakit import durable, jobs, workspace
from lorakit.errors import LoraKitError
from lorakit.jobs import Job
from lorakit.store import Store, slug_of

if TYPE_CHECKING:
    from lorakit.families import Base

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.3
BACK_OFF = (0.5, 2, 5, 15, 60)  # seconds before a worker that died is started again
STOP_SECONDS = 10
MEMORY_ADVICE = "Choose a smaller base, batch size or resolution, or load the base in 4 bits."


class Bases:
    """Loaded bases. Demonstration bases may stay side by side; of real ones only the last used is kept."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, str | None], Base] = {}

    def get(self, source: str, quantize: str | None = None) -> "Base":
        """The base, loaded if need be."""
        key = source, quantize
        if key not in self._loaded:
            from lorakit.families import load_base

            for other in [k for k, base in self._loaded.items() if not base.settings.demonstration]:
                del self._loaded[other]
            self._loaded[key] = load_base(source, quantize=quantize)
        return self._loaded[key]


class Context:
    """What a running job may use: the bases, its events, and the questions it asks between steps."""

    def __init__(self, job: Job, bases: Bases, stopping: Callable[[], bool], between: Callable[[], None] | None):
        self.job, self.bases, self.between = job, bases, between
        self._stopping = stopping

    def should_stop(self) -> bool:
        """Was the job cancelled, or the worker told to end?"""
        return self._stopping() or self.job.cancelled

    def base(self) -> "Base":
        """The base the job names."""
        source = self.job.spec["base"]
        self.job.emit({"event": "phase", "name": "Loading the base model", "done": 0, "total": 0})
        return self.bases.get(source, self.job.spec.get("quantize"))

    def mix(self, base: "Base") -> dict[Any, float]:
        """The job's adapters with their weights, checked against the base."""
        store, mix = Store(), {}
        for slug, weight in self.job.spec["mix"].items():
            store.check_base(store.get(slug), base.family)
            mix[store.load(slug)] = float(weight)
        return mix


def run_train(context: Context) -> bool:
    """Train on photos. Returns whether it came to its end."""
    from lorakit.data.photos import PhotoSet

    spec = context.job.spec
    return _train(context, PhotoSet.from_folder(spec["photos"], spec["trigger"], spec.get("captions")))


def run_voice(context: Context) -> bool:
    """Train on texts."""
    from lorakit.data.texts import TextSet

    return _train(context, TextSet.from_file(context.job.spec["texts"]))


def _train(context: Context, data: Any) -> bool:
    from lorakit.training import train
    from lorakit.training.recipe import Recipe

    job = context.job
    result = train(
        context.base(), data, Recipe.from_dict(job.spec["recipe"]), workspace.adapters_folder() / _slug_for(job),
        on_event=job.emit, should_stop=context.should_stop, between=context.between, work=job.folder, name=job.spec["name"],
    )  # fmt: skip
    return not result.stopped


def _slug_for(job: Job) -> str:
    """The folder a training writes: a free one, the same again when it is continued."""
    chosen = next((event["slug"] for event in job.events() if event["event"] == "slug"), None)
    if chosen is None:
        chosen, number = slug_of(job.spec["name"]), 2
        while (workspace.adapters_folder() / chosen).exists():
            chosen, number = f"{slug_of(job.spec['name'])}-{number}", number + 1
        job.emit({"event": "slug", "slug": chosen})
    return chosen


def run_campaign(context: Context) -> bool:
    """Render a campaign's missing pictures."""
    from lorakit.generation.runners import Campaign

    job, base = context.job, context.base()
    options = {name: job.spec[name] for name in ("steps", "guidance", "negative", "trigger") if name in job.spec}
    campaign = Campaign(
        base, context.mix(base), job.spec["scenes"], job.spec["formats"], job.spec["seeds"],
        workspace.campaigns_folder() / job.id, **options,
    )  # fmt: skip
    begun, first = time.monotonic(), None

    def emit(event: dict[str, Any]) -> None:
        nonlocal first
        if event["event"] == "image":
            first = event["done"] - 1 if first is None else first
            made = event["done"] - first
            event = {**event, "seconds_left": (time.monotonic() - begun) / made * (event["total"] - event["done"])}
        if event["event"] != "done":  # a job is done when its worker says so
            job.emit(event)

    campaign.run(on_event=emit, should_stop=context.should_stop, between=context.between)
    return not campaign.stopped


def run_copy(context: Context) -> bool:
    """Write copy."""
    from lorakit.generation.copy import Brief, write_copy

    job, base = context.job, context.base()
    spec = job.spec

    def stream(index: int, piece: str) -> None:
        job.emit({"event": "text", "index": index, "piece": piece})

    copies = write_copy(
        base, context.mix(base), Brief(**spec["brief"]), spec["variants"], spec["seed"], stream, context.should_stop
    )
    durable.write_json(job.folder / "result.json", [vars(copy) for copy in copies])
    return not context.should_stop()


RUNNERS: dict[str, Callable[[Context], bool]] = {
    "train": run_train, "voice": run_voice, "campaign": run_campaign, "copy": run_copy,
}  # fmt: skip


def run_job(
    job: Job, bases: Bases, stopping: Callable[[], bool] = lambda: False, between: Callable[[], None] | None = None
) -> None:
    """Run a job that this process has acquired, and write how it ended. Never raises for the job's own faults."""
    try:
        complete = RUNNERS[job.kind](Context(job, bases, stopping, between))
        if complete:
            job.emit({"event": "done"})
        elif job.cancelled:
            job.emit({"event": "cancelled"})
    except LoraKitError as error:
        job.emit({"event": "failed", "error": str(error), "advice": ""})
    except Exception as error:
        (job.folder / "log.txt").write_text(traceback.format_exc(), encoding="utf-8")
        job.emit({"event": "failed", **_in_words(error)})
    finally:
        job.release()


def _in_words(error: Exception) -> dict[str, str]:
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return {"error": "The memory was not enough.", "advice": MEMORY_ADVICE}
    if isinstance(error, OSError) and error.errno is not None:
        what = os.strerror(error.errno)
        return {"error": f"A file could not be read or written ({what}).", "advice": "Make room, then start it again."}
    return {"error": f"Something unexpected happened ({type(error).__name__}).",
            "advice": "The details are in log.txt of the job's folder."}  # fmt: skip


def serve(preload: str | None = "starter-image") -> None:
    """Run jobs until told to stop (SIGTERM, or the parent's death). A second worker waits until the first is gone."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    parent = os.getppid() if os.environ.get("LORAKIT_SUPERVISED") else None
    threading.Thread(target=_watch_parent, args=(parent, stop), daemon=True).start()
    workspace.home().mkdir(parents=True, exist_ok=True)
    lock = FileLock(workspace.home() / "worker.lock")
    while not stop.is_set():
        try:
            lock.acquire(timeout=1)
            break
        except Timeout:
            continue
    bases = Bases()

    def between() -> None:
        while not stop.is_set() and (short := jobs.claim(short_only=True)) is not None:
            run_job(short, bases, stop.is_set)

    while not stop.is_set():
        job = jobs.claim()
        if job is not None:
            run_job(job, bases, stop.is_set, None if job.is_short else between)
        elif preload is not None:
            _warm(bases, preload)
            preload = None
        else:
            stop.wait(IDLE_SECONDS)
    lock.release()


def _warm(bases: Bases, source: str) -> None:
    try:
        bases.get(source)
    except LoraKitError as error:
        log.warning("not preloaded: %s", error)


def _watch_parent(parent: int | None, stop: threading.Event) -> None:
    while parent is not None and not stop.wait(1):
        if os.getppid() != parent:
            stop.set()


def ensure_running() -> None:
    """Start the worker process and keep it running until this process ends."""
    state: dict[str, Any] = {"process": None, "ending": False}

    def supervise() -> None:
        failures = 0
        while not state["ending"]:
            begun = time.monotonic()
            state["process"] = _spawn()
            state["process"].wait()
            if state["ending"]:
                return
            failures = 0 if time.monotonic() - begun > 60 else failures + 1
            time.sleep(BACK_OFF[min(failures, len(BACK_OFF) - 1)])

    def end() -> None:
        state["ending"] = True
        process = state["process"]
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    threading.Thread(target=supervise, daemon=True).start()
    atexit.register(end)


def _spawn() -> subprocess.Popen[bytes]:
    home = workspace.home()
    home.mkdir(parents=True, exist_ok=True)
    root = str(Path(__file__).parent.parent)
    path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
    with open(home / "worker.log", "ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "lorakit", "worker"], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
            env={**os.environ, "LORAKIT_SUPERVISED": "1", "PYTHONPATH": path},
        )  # fmt: skip
