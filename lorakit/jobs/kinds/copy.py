"""The job that writes the copy of one brief, in several variants."""

import time
from typing import Annotated, Any

from pydantic import PlainValidator

from lorakit import durable, events
from lorakit.generation.copy.brief import FIELD_LIMITS, Brief
from lorakit.jobs import fields
from lorakit.jobs.context import Context
from lorakit.jobs.job import Job
from lorakit.jobs.kind import Kind
from lorakit.jobs.spec import Blank

STREAM_SECONDS = 0.15  # every event is synced to disk, and a page shows no more of a growing text


def _brief(value: Any) -> dict[str, Any]:
    known = list(FIELD_LIMITS)
    if not isinstance(value, dict) or set(value) - set(known) or "product" not in value:
        raise ValueError(f"must give product, and of the others only {', '.join(known[1:])}")
    return vars(Brief(**value))


class Spec(fields.OnBase):
    """One brief, in the voice of the mix."""

    mix: fields.MixOfVoices
    brief: Annotated[dict[str, Any], PlainValidator(_brief), Blank({"product": "not stated"})]
    variants: fields.Variants
    seed: fields.Seed


class _Stream:
    """Growing texts as events, several pieces at a time."""

    def __init__(self, job: Job):
        self.job, self.pieces, self.sent = job, dict[int, str](), 0.0

    def __call__(self, index: int, piece: str) -> None:
        self.pieces[index] = self.pieces.get(index, "") + piece
        if time.monotonic() - self.sent > STREAM_SECONDS:
            self.flush()

    def flush(self) -> None:
        for index, piece in sorted(self.pieces.items()):
            self.job.emit(events.Text(index, piece).row())
        self.pieces, self.sent = {}, time.monotonic()


def run(context: Context) -> bool:
    """Write the job's copy."""
    from lorakit.generation.copy.writing import write_copy

    job, base, spec = context.job, context.base(), context.job.spec
    mix = context.mix(base)
    job.emit(events.Phase("Writing").row())
    stream = _Stream(job)
    copies = write_copy(
        base, mix, Brief(**spec["brief"]), spec["variants"], spec["seed"], stream, context.should_stop
    )
    stream.flush()
    durable.write_json(job.folder / "result.json", [vars(copy) for copy in copies])
    return not context.should_stop()


KIND = Kind("copy", "copy", Spec, run, is_short=lambda spec: True, needs="text")
