"""The job that trains a voice on texts."""

from collections.abc import Callable
from typing import Any

from lorakit.jobs import fields, trainings
from lorakit.jobs.context import Context
from lorakit.jobs.job import Job
from lorakit.jobs.kind import Kind


class Spec(fields.OnBase):
    """`without`: the places of texts that were unticked, counted from 0, as text."""

    name: fields.Name
    texts: fields.Place
    recipe: fields.Settings
    without: fields.LeftOutTexts


def examples(spec: dict[str, Any]) -> Any:
    """The texts of a training, without those that were unticked: the same in every process."""
    from lorakit.data.texts.sets import TextSet

    return TextSet.from_file(spec["texts"]).without(map(int, spec.get("without", [])))


def run(context: Context) -> bool:
    """Train on the job's texts."""
    return trainings.run(context, examples)


def _share(job: Job, stopping: Callable[[], bool]) -> None:
    trainings.share(job, stopping, examples)


KIND = Kind("voice", "a training on texts", Spec, run, needs="text", share=_share)
