"""Running one job: what each kind does, how it ends, and what a person is told when it does not work out."""

import errno
import logging
import math
import os
import shutil
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from lorakit import durable, workspace
from lorakit.errors import (
    BaseError,
    DataError,
    LoraKitError,
    is_device_lost,
    is_out_of_memory,
)
from lorakit.families import offered
from lorakit.jobs import measurements
from lorakit.jobs.kinds.caption import run_caption
from lorakit.jobs.kinds.catalogue import run_catalogue
from lorakit.jobs.kinds.combine import run_combine
from lorakit.jobs.loaded_bases import Bases, asked, free_memory
from lorakit.jobs.queue import ENDS, Job, list_jobs
from lorakit.jobs.specs import mixes_of
from lorakit.lora.strength import Strength
from lorakit.store.store import WEIGHTS, Store

if TYPE_CHECKING:
    from lorakit.families import Base

log = logging.getLogger(__name__)

EITHER = ("check", "combine", "forecast")  # kinds that work on any base, of pictures or of text
OPTIONAL = ("steps", "guidance", "negative", "trigger")  # of a campaign
FORECASTS = 20  # that are kept
STREAM_SECONDS = 0.15  # every event is synced to disk, and a page shows no more of a growing text
MEMORY_ADVICE = "Choose a smaller base, batch size or resolution, or load the base in 4 bits."


class Context:
    """What a running job may use: the bases, its events, and the questions it asks between steps."""

    def __init__(
        self,
        job: Job,
        bases: Bases,
        stopping: Callable[[], bool],
        between: Callable[[], None] | None,
        max_seconds: float | None = None,
    ):
        self.job, self.bases, self.between = job, bases, between
        self._stopping = stopping
        self._until = math.inf if max_seconds is None else time.monotonic() + max_seconds

    @property
    def seconds_left(self) -> float | None:
        """Of the slice of time that the job has; None when there is no end."""
        return None if self._until == math.inf else max(0.0, self._until - time.monotonic())

    def should_stop(self) -> bool:
        """Was the job cancelled, or the worker told to end?"""
        return self._stopping() or self.job.cancelled

    def is_over(self) -> bool:
        """The same, or has the job's slice of time passed?"""
        return self.should_stop() or time.monotonic() > self._until

    def base(self) -> "Base":
        """The base the job names. Adapters and family are checked before anything is loaded."""
        spec = self.job.spec
        check_fit(self.job)
        self.job.emit({"event": "phase", "name": "Loading the base model", "done": 0, "total": 0})
        return self.bases.get(*asked(spec))

    def mixes(self, base: "Base | None") -> list[dict[Any, Any]]:
        """The job's mixes, each adapter opened once, for this job alone; they fit `base` if one is given."""
        store, opened = Store(), {}
        stated = mixes_of(self.job.spec)
        for slug in dict.fromkeys(slug for mix in stated for slug in mix):
            if base is not None:
                store.check_base(store.get(slug), base.family)
            opened[slug] = store.load(slug)
        return [{opened[slug]: Strength.from_dict(value) for slug, value in mix.items()} for mix in stated]

    def mix(self, base: "Base | None") -> dict[Any, Any]:
        """The job's adapters with their weights, opened for this job alone."""
        return self.mixes(base)[0]


Runner = Callable[[Context], bool]  # returns whether the job came to its end


def check_fit(job: Job) -> None:
    """Raise LoraKitError when the base is of the wrong kind, an adapter is gone or of another family, or
    a training cannot run on the device.
    """
    store = Store()
    entries = [store.get(slug) for mix in mixes_of(job.spec) for slug in mix]
    from lorakit.families import family_of  # seconds, when it is the first
    from lorakit.families.numbers import check_trains, default_device

    if job.kind in ("train", "voice"):
        check_trains(default_device())
    source, makes_pictures = job.spec["base"], job.kind in ("train", "campaign")
    family = family_of(source)
    if job.kind not in EITHER and not hasattr(family, "sample" if makes_pictures else "generate"):
        is_, needed = ("a text", "an image") if makes_pictures else ("an image", "a text")
        raise BaseError(f"{source}: is {is_} base, and this needs {needed} base; choose another base")
    for entry in entries:
        store.check_base(entry, family.name)


def run_train(context: Context) -> bool:
    """Train on photos or on texts."""
    return _train(context, lambda: _examples(context.job))


def _examples(job: Job) -> Any:
    """The photos or texts of a training, without those that were unticked: the same in every process."""
    spec = job.spec
    if job.kind == "train":
        from lorakit.data.photos.sets import PhotoSet

        found = PhotoSet.from_folder(spec["photos"], spec["trigger"], spec.get("captions"))
        return found.without(spec.get("without", []))
    from lorakit.data.texts.sets import TextSet

    return TextSet.from_file(spec["texts"]).without(map(int, spec.get("without", [])))


def _train(context: Context, data: Callable[[], Any]) -> bool:
    from lorakit.training import train
    from lorakit.training.recipe import Recipe

    job, store = context.job, Store()
    slug = _slug_for(job, store)
    out = store.folder / slug
    if any(event["event"] == "result" and event.get("slug") == slug for event in job.events()):
        return True  # it was finished, only the worker died before it said so
    keep = False
    try:
        examples = data()
        result = train(
            context.base(), examples, Recipe.from_dict(job.spec["recipe"]), out, on_event=job.emit,
            should_stop=context.should_stop, between=context.between, work=job.folder, name=job.spec["name"],
            max_seconds=context.seconds_left, class_photos=_class_photos(job.spec),
        )  # fmt: skip
        keep = not job.cancelled
    finally:
        if not keep:
            with suppress(OSError):  # the held name; a folder with an adapter in it is not empty, and stays
                os.rmdir(out)
    return not result.stopped


def _class_photos(spec: dict[str, Any]) -> Any:
    from lorakit.data.photos.sets import PhotoSet

    return PhotoSet.from_folder(spec["class_photos"], "") if spec.get("class_photos") else None


def help_train(job: Job, stopping: Callable[[], bool]) -> None:
    """Do a further process's share of a training that the first process runs, writes and tells of."""
    from lorakit.training import train
    from lorakit.training.recipe import Recipe

    spec, data = job.spec, _examples(job)
    base = Bases().get(*asked(spec))
    recipe, of_class = Recipe.from_dict(spec["recipe"]), _class_photos(spec)
    train(base, data, recipe, job.folder, should_stop=stopping, work=job.folder, class_photos=of_class)


def _slug_for(job: Job, store: Store) -> str:
    """The folder a training writes: a free one, and the same again when the training is continued."""
    slug = next((event["slug"] for event in reversed(job.events()) if event["event"] == "slug"), None)
    finished = any(event["event"] in ("saved", "result") for event in job.events())
    if slug is not None and (finished or not any((store.folder / slug / name).exists() for name in WEIGHTS)):
        return slug
    slug = store.reserve(job.spec["name"])
    job.emit({"event": "slug", "slug": slug})
    return slug


def _measure_all(job: Job, mixes: list[dict[Any, Any]], base: "Base") -> None:
    """Measure what the meter could not, for want of the base, which a campaign has in memory anyway."""
    for stated, mix in zip(mixes_of(job.spec), mixes, strict=True):
        request = {**measurements.request(job.spec["base"], stated), "quantize": job.spec.get("quantize")}
        if mix and measurements.find(request) is None:
            opened = dict(zip(stated, mix, strict=True))
            with suppress(LoraKitError):  # the campaign refuses what does not fit, in its own words
                shapes = {opened[s]: Strength.from_dict(shape) for s, shape in request["mix"].items()}
                measure(request, shapes, base)


def run_campaign(context: Context) -> bool:
    """Render a campaign's missing pictures."""
    from lorakit.generation.pictures.campaign import Campaign

    job, base = context.job, context.base()
    options = {name: job.spec[name] for name in OPTIONAL if name in job.spec}
    mixes = context.mixes(base)
    _measure_all(job, mixes, base)
    campaign = Campaign(
        base, mixes, job.spec["scenes"], job.spec["formats"], job.spec["seeds"],
        workspace.campaigns_folder() / job.id, **options,
    )  # fmt: skip
    begun, first = time.monotonic(), None

    def emit(event: dict[str, Any]) -> None:
        nonlocal first
        if event["event"] == "image":
            first = event["done"] - 1 if first is None else first
            each = (time.monotonic() - begun) / (event["done"] - first)
            event = {**event, "seconds_left": each * (event["total"] - event["done"])}
        if event["event"] != "done":  # a job is done when its worker says so
            job.emit(event)

    campaign.run(on_event=emit, should_stop=context.is_over, between=context.between)
    return not campaign.stopped


class _Stream:
    """Growing texts as events, several pieces at a time."""

    def __init__(self, job: Job):
        self.job, self.pieces, self.told = job, {}, 0.0  # type: ignore[var-annotated]

    def __call__(self, index: int, piece: str) -> None:
        self.pieces[index] = self.pieces.get(index, "") + piece
        if time.monotonic() - self.told > STREAM_SECONDS:
            self.flush()

    def flush(self) -> None:
        for index, piece in sorted(self.pieces.items()):
            self.job.emit({"event": "text", "index": index, "piece": piece})
        self.pieces, self.told = {}, time.monotonic()


def run_copy(context: Context) -> bool:
    """Write copy."""
    from lorakit.generation.copy.writing import Brief, write_copy

    job, base, spec = context.job, context.base(), context.job.spec
    mix = context.mix(base)
    job.emit({"event": "phase", "name": "Writing", "done": 0, "total": 0})
    stream = _Stream(job)
    copies = write_copy(
        base, mix, Brief(**spec["brief"]), spec["variants"], spec["seed"], stream, context.should_stop
    )
    stream.flush()
    durable.write_json(job.folder / "result.json", [vars(copy) for copy in copies])
    return not context.should_stop()


def run_check(context: Context) -> bool:
    """Measure what adapters do to a base, if that is in memory anyway: a slider must not load one."""
    job = context.job
    check_fit(job)
    if context.bases.has(*asked(job.spec)):
        base = context.base()
        measure(job.spec, context.mix(base), base)
    return True


def run_forecast(context: Context) -> bool:
    """Say what a training will take: memory at once, time as soon as it is measured on a base in memory."""
    from lorakit.training.forecast.ahead import look_ahead

    job, spec = context.job, context.job.spec
    warm = context.bases.has(*asked(spec)) or spec.get("measure")
    for report in look_ahead(spec, context.base if warm else None):
        durable.write_json(job.folder / "result.json", report)
        if context.should_stop():
            return False
    for old in list_jobs(["forecast"])[FORECASTS:]:  # what nobody looks at any more
        if old.state in ENDS:
            shutil.rmtree(old.folder, ignore_errors=True)
    return True


def measure(spec: dict[str, Any], mix: dict[Any, Any], base: "Base") -> None:
    """Keep the figures of a check's adapters. Raises AdapterError when one does not fit the base."""
    from lorakit.lora.diagnose import stack_report

    report = stack_report(mix, base.model)
    layers = [(layer.name, [round(size, 5) for size in layer.sizes]) for layer in report.layers]
    measurements.keep(spec, [list(row) for row in report.load.products], layers)


RUNNERS: dict[str, Runner] = {
    "train": run_train, "voice": run_train, "campaign": run_campaign, "copy": run_copy,
    "check": run_check, "combine": run_combine, "forecast": run_forecast,
    "catalogue": run_catalogue, "caption": run_caption,
}  # fmt: skip


def run_job(
    job: Job,
    bases: Bases,
    stopping: Callable[[], bool] = lambda: False,
    between: Callable[[], None] | None = None,
    runners: dict[str, Runner] | None = None,
    max_seconds: float | None = None,
) -> None:
    """Run a job that this process has acquired, write how it ended, and give it back.

    With `max_seconds` a training or a campaign ends in time as interrupted, to be continued by the next call.

    Raises only OSError, when not even the end can be written, and torch.AcceleratorError when this process
    has lost its device; the job then counts as interrupted, for another process to continue.
    """
    try:
        if job.lacks:
            raise DataError(
                f"this job has no {', '.join(job.lacks)}: another version of the studio wrote it; "
                "start it again from the page"
            )
        with offered.working_for(visitor=bool(job.owner)):
            complete = (runners or RUNNERS)[job.kind](Context(job, bases, stopping, between, max_seconds))
        job.emit({"event": "done" if complete else "cancelled" if job.cancelled else "interrupted"})
    except LoraKitError as error:
        log.warning("job %s failed: %s", job.id, error)
        job.emit({"event": "failed", "error": str(error), "advice": ""})
    except Exception as error:
        if is_device_lost(error):
            raise  # counted as an attempt, so that a job that does this each time ends
        details = traceback.format_exc()
        log.error("job %s: %s", job.id, details)
        with suppress(OSError):
            (job.folder / "log.txt").write_text(details, encoding="utf-8")
        job.emit({"event": "failed", **in_words(error)})
    finally:
        job.release()
        if job.state == "failed":
            free_memory()


def in_words(error: Exception) -> dict[str, str]:
    """An unexpected error as "error" and "advice" for the person at the page: no path, no trace."""
    if is_out_of_memory(error):
        return {"error": "The memory was not enough.", "advice": MEMORY_ADVICE}
    if isinstance(error, OSError) and error.errno is not None:
        advice = {
            errno.ENOSPC: "Make room, then start it again.",
            errno.EDQUOT: "Make room, then start it again.",
            errno.ENOENT: "It was moved or removed; bring it back, then start it again.",
        }.get(error.errno, "Check the permissions of the workspace, then start it again.")
        return {
            "error": f"A file could not be read or written ({os.strerror(error.errno)}).",
            "advice": advice,
        }
    return {
        "error": f"Something unexpected happened ({type(error).__name__}).",
        "advice": "The details are in log.txt of the job's folder.",
    }
