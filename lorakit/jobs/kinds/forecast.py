"""The job that says what a training will take."""

from pydantic import model_validator

from lorakit import durable
from lorakit.jobs import fields
from lorakit.jobs.context import Context
from lorakit.jobs.kind import Kind
from lorakit.jobs.loaded_bases import asked


class Spec(fields.OnBase):
    """A training's settings and data; to `measure` its time, the base model is loaded."""

    recipe: fields.Settings
    photos: fields.Place = ""
    texts: fields.Place = ""
    without: fields.LeftOut
    measure: bool = False

    @model_validator(mode="after")
    def _places(self) -> "Spec":
        try:
            fields.places(self.without if self.texts else [])
        except ValueError as error:
            raise ValueError(f"without {error}") from None
        return self


def run(context: Context) -> bool:
    """Memory at once, time as soon as it is measured on a base in memory."""
    from lorakit.training.forecast.ahead import look_ahead

    job, spec = context.job, context.job.spec
    warm = context.bases.has(*asked(spec)) or spec.get("measure")
    for report in look_ahead(spec, context.base if warm else None):
        durable.write_json(job.folder / "result.json", report)
        if context.should_stop():
            return False
    return True


KIND = Kind("forecast", "a forecast", Spec, run, is_short=lambda spec: True, passing=True, kept=20)
