"""The job that trains an adapter on photos."""

from collections.abc import Callable
from typing import Any, Literal

from lorakit.jobs import fields, trainings
from lorakit.jobs.context import Context
from lorakit.jobs.job import Job
from lorakit.jobs.kind import Kind


class Spec(fields.OnBase):
    """`subject`: what the photos have in common; `without`: photos by name that were unticked;
    `class_photos`: a folder of similar products.
    """

    name: fields.Name
    trigger: fields.Trigger
    photos: fields.Place
    recipe: fields.Settings
    subject: Literal["product", "style"] | None = None
    captions: fields.Captions
    without: fields.LeftOut
    class_photos: fields.Place = ""


def examples(spec: dict[str, Any]) -> Any:
    """The photos of a training, without those that were unticked: the same in every process."""
    from lorakit.data.photos.sets import PhotoSet

    photos = PhotoSet.from_folder(spec["photos"], spec["trigger"], spec.get("captions"))
    return photos.without(spec.get("without", []))


def run(context: Context) -> bool:
    """Train on the job's photos."""
    return trainings.run(context, examples, _class_photos)


def _share(job: Job, stopping: Callable[[], bool]) -> None:
    trainings.share(job, stopping, examples, _class_photos)


def _class_photos(spec: dict[str, Any]) -> Any:
    from lorakit.data.photos.sets import PhotoSet

    return PhotoSet.from_folder(spec["class_photos"], "") if spec.get("class_photos") else None


KIND = Kind("train", "a training on photos", Spec, run, needs="image", share=_share)
