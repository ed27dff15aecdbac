"""The job that measures what adapters do to a base, for the stability meter."""

from lorakit.jobs import fields, measurements
from lorakit.jobs.context import Context, check_fit
from lorakit.jobs.kind import Kind
from lorakit.jobs.loaded_bases import asked


class Spec(fields.OnBase):
    """A mix whose adapters are measured, whatever their strengths."""

    mix: fields.MixOfVoices


def run(context: Context) -> bool:
    """Measure, if the base is in memory anyway: a slider must not load one."""
    check_fit(context.kind, context.job.spec)
    if context.bases.has(*asked(context.job.spec)):
        base = context.base()
        measurements.measure(context.job.spec, context.mix(base), base)
    return True


KIND = Kind("check", "a check of a mix", Spec, run, is_short=lambda spec: True, passing=True)
