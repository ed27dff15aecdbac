"""A kind of job that only tests have, in one file as any other: it counts, a number a step."""

import time
from typing import Annotated

from pydantic import Field

from lorakit import durable
from lorakit.jobs.context import Context
from lorakit.jobs.fields import Name
from lorakit.jobs.kind import Kind
from lorakit.jobs.spec import Spec as Fields


class Spec(Fields):
    """How far to count, and for whom."""

    name: Name
    until: Annotated[int, Field(ge=1, le=1000)]
    loud: bool = False


def run(context: Context) -> bool:
    """Count on from where the job's file ends."""
    job, until = context.job, context.job.spec["until"]
    rows = job.folder / "numbers.jsonl"
    for number in range(len(durable.read_lines(rows)), until):
        if context.is_over():
            return False
        durable.append_line(rows, {"number": number})
        job.emit({"event": "checkpoint", "step": number})
        job.emit({"event": "phase", "name": "Counting", "done": number + 1, "total": until})
        if context.between:
            context.between()
        time.sleep(0.001)
    durable.write_json(job.folder / "result.json", {"counted": until})
    return True


KIND = Kind("count", "a count", Spec, run, is_short=lambda spec: spec["until"] <= 3)
