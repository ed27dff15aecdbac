"""The job that proposes captions for photos without one. A person reads them before anything is learned.

What it writes is a captions table of its own (`file_name`, `text`, one JSON line a photo); no caption that
somebody wrote is touched. No torch at the top.
"""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lorakit import durable, events
from lorakit.errors import DataError
from lorakit.jobs import fields
from lorakit.jobs.context import Context
from lorakit.jobs.kind import Kind
from lorakit.jobs.loaded_bases import free_memory
from lorakit.jobs.spec import Spec as Fields

OUT = "captions.jsonl"  # in the job's folder
MODEL = "LORAKIT_CAPTIONER"  # the environment's variable that names the model


class Spec(Fields):
    """`base` is the captioning model; `without` and `captions` as in a training."""

    base: fields.BaseModelName
    photos: fields.Place
    without: fields.LeftOut
    captions: fields.Captions


def configured() -> str:
    """The captioning model that this installation names: a folder or a hub id; "" when it names none."""
    return os.environ.get(MODEL, "").strip()


def proposed(table: Path) -> dict[str, str]:
    """The captions of a table so far, by the photos' names."""
    rows = durable.read_lines(table)
    return {row["file_name"]: row["text"] for row in rows if {"file_name", "text"} <= set(row)}


def propose(
    photos: Iterable[Any],
    describe: Callable[[Any], str],
    table: Path,
    on_event: events.Emit,
    should_stop: Callable[[], bool],
) -> int:
    """Describe each Photo that has no caption and is not in the table, and add it there at once.

    Returns how many of them the table has. A photo that cannot be read is told of and left out.
    """
    bare = [photo for photo in photos if not photo.written]
    done = set(proposed(table))
    waiting = [photo for photo in bare if photo.name not in done]
    begun = time.monotonic()
    for number, photo in enumerate(waiting):
        if should_stop():
            break
        try:
            row = {"file_name": photo.name, "text": describe(photo.open())}
            durable.append_line(table, row)
            on_event(events.Caption(**row).row())
        except DataError as error:
            on_event(events.Note(text=str(error)).row())
        left = (time.monotonic() - begun) / (number + 1) * (len(waiting) - number - 1)
        ready = len(bare) - len(waiting) + number + 1
        on_event(events.Checkpoint().row())  # what is written, no crash takes back
        on_event(events.Phase("Describing photos", ready, len(bare), left).row())
    return len(set(proposed(table)) & {photo.name for photo in bare})


def run(context: Context) -> bool:
    """Describe a job's photos with the model it names, which is let go of afterwards."""
    from lorakit.data.photos.sets import PhotoSet
    from lorakit.families.captioner import load_captioner

    job, spec = context.job, context.job.spec
    photos = PhotoSet.from_folder(spec["photos"], "", spec.get("captions")).without(spec.get("without", []))
    table, model = job.folder / OUT, None

    def describe(image: Any) -> str:
        nonlocal model
        if model is None:
            job.emit(events.Phase("Loading the captioning model").row())
            context.bases.make_room()
            model = load_captioner(spec["base"])
        return model.describe(image)

    try:
        done = propose(photos.photos, describe, table, job.emit, context.should_stop)
    finally:
        model = None
        free_memory()
    if context.should_stop():
        return False
    job.emit(events.Captioned(len(photos.photos), done).row())
    return True


# Not of a base model's kind: the model that describes photos is one of its own.
KIND = Kind("caption", "a captioning", Spec, run, is_short=lambda spec: True)
