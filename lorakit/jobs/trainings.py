"""Running a training: on photos or on texts, in one process or as one of several. No torch at the top."""

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lorakit import events
from lorakit.jobs.context import Context
from lorakit.jobs.job import Job
from lorakit.jobs.loaded_bases import Bases, asked
from lorakit.store.entries import WEIGHTS
from lorakit.store.store import Store
from lorakit.training.recipe import Recipe


def run(context: Context, examples: Callable[[dict[str, Any]], Any], of_class: Any = None) -> bool:
    """Train on the `examples` of the job's spec; True when it came to its end.

    `of_class` are photos of other things of the product's kind, as a function of the spec.
    """
    from lorakit.training import train

    job, store = context.job, Store()
    slug = _slug_for(job, store)
    out = store.folder / slug
    if any(isinstance(event, events.Trained) and event.slug == slug for event in job.history()):
        return True  # it was finished, only the worker died before it said so
    keep = False
    try:
        data = examples(job.spec)
        result = train(
            context.base(), data, Recipe.from_dict(job.spec["recipe"]), out, on_event=job.emit,
            should_stop=context.should_stop, between=context.between, work=job.folder, name=job.spec["name"],
            max_seconds=context.seconds_left, class_photos=of_class(job.spec) if of_class else None,
        )  # fmt: skip
        keep = not job.cancelled
    finally:
        if not keep:
            with suppress(OSError):  # the held name; a folder with an adapter in it is not empty, and stays
                os.rmdir(out)
    return not result.stopped


def share(
    job: Job, stopping: Callable[[], bool], examples: Callable[[dict[str, Any]], Any], of_class: Any = None
) -> None:
    """Do a further process's share of a training that the first process runs, writes and reports."""
    from lorakit.training import train

    spec, data = job.spec, examples(job.spec)
    base, photos = Bases().get(*asked(spec)), of_class(spec) if of_class else None
    recipe = Recipe.from_dict(spec["recipe"])
    train(base, data, recipe, job.folder, should_stop=stopping, work=job.folder, class_photos=photos)


def _slug_for(job: Job, store: Store) -> str:
    """The folder a training writes: a free one, and the same again when the training is resumed."""
    history = job.history()
    slug = next((event.slug for event in reversed(history) if isinstance(event, events.Slug)), None)
    finished = any(isinstance(event, events.Saved | events.Trained) for event in history)
    if slug is not None and (finished or not any((store.folder / slug / name).exists() for name in WEIGHTS)):
        return slug
    slug = store.reserve(job.spec["name"])
    job.emit(events.Slug(slug).row())
    return slug
