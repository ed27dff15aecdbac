"""The job that generates a campaign: scenes x formats x seeds, of one mix or of several that are compared."""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, PlainValidator, model_validator

from lorakit import events, workspace
from lorakit.errors import LoraKitError
from lorakit.generation.pictures.layouts import SHOWS, placements
from lorakit.generation.pictures.plan import (
    MAX_SHOTS,
    MOST_MIXES,
    check_negative,
    check_sampling,
    check_seeds,
    plan,
)
from lorakit.jobs import fields, measurements
from lorakit.jobs.context import Context, Pace
from lorakit.jobs.job import Job
from lorakit.jobs.kind import Kind
from lorakit.jobs.spec import Blank
from lorakit.lora.strength import Strength

if TYPE_CHECKING:
    from lorakit.families import Base

SHORT_SHOTS = 8  # a campaign of at most this many images is a click somebody waits for
OPTIONAL = (
    "steps",
    "guidance",
    "negative",
    "trigger",
    "show",
    "product",
    "placement",
    "match_light",
)  # what is handed on as it was asked for


def _listed(values: Any) -> Sequence[Any]:
    if isinstance(values, str) or not isinstance(values, Sequence):
        raise ValueError("must be a list")
    # A range of 10^12 seeds is refused by the plan; it must not become a list first.
    return values if len(values) > 1_000_000 else list(values)


def _mix(value: Any) -> Any:
    """One mix, or the mixes to compare."""
    if not isinstance(value, list):
        return fields.checked_mix(value)
    if not 1 <= len(value) <= MOST_MIXES:
        raise ValueError(f"has {len(value)} mixes to compare; give 1 to {MOST_MIXES}")
    return [fields.checked_mix(mix) for mix in value]


def _scenes(values: Any) -> Sequence[Any]:
    scenes = _listed(values)
    plan(scenes, ["1:1"], [0])
    return scenes


def _formats(values: Any) -> Sequence[Any]:
    formats = _listed(values)
    plan(["on a table"], formats, [0])
    return formats


def _seeds(values: Any) -> Sequence[Any]:
    seeds = _listed(values)
    check_seeds(seeds, MAX_SHOTS)
    return seeds


def _negative(text: Any) -> Any:
    check_negative(text)
    return text


def _steps(value: Any) -> Any:
    if value is not None:
        check_sampling(value, 1.0)
    return value


def _guidance(value: Any) -> Any:
    if value is not None:
        check_sampling(1, value)
    return value


def _show(value: Any) -> Any:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not given or any(each not in SHOWS for each in given):
        raise ValueError(f"must be one or more of {', '.join(SHOWS)}")
    return value


def _product(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(path, str) and path for path in value):
        raise ValueError("must be a list of photos or cut-outs of the product")
    return value


def _placement(value: Any) -> Any:
    placements(value)
    return value


class Spec(fields.OnBase):
    """What to generate; the plan's own limits are the spec's."""

    mix: Annotated[dict[str, Any] | list[dict[str, Any]], PlainValidator(_mix), Blank({})]
    scenes: Annotated[list[Any], PlainValidator(_scenes), Blank([])]
    formats: Annotated[list[Any], PlainValidator(_formats), Blank([])]
    seeds: Annotated[list[Any], PlainValidator(_seeds), Blank([])]
    steps: Annotated[int | None, PlainValidator(_steps)] = None
    guidance: Annotated[float | None, PlainValidator(_guidance)] = None
    negative: Annotated[str, PlainValidator(_negative)] = ""
    trigger: fields.Trigger = ""
    show: Annotated[str | list[str], PlainValidator(_show)] = "free"
    product: Annotated[
        list[str],
        PlainValidator(_product),
        fields.AsItIs(),
        fields.OnThisMachine(),
        Field(default_factory=list),
    ]
    placement: Annotated[Any, PlainValidator(_placement)] = None
    match_light: bool = True

    @model_validator(mode="after")
    def _as_a_whole(self) -> "Spec":
        number = len(self.mix) if isinstance(self.mix, list) else 1
        plan(self.scenes, self.formats, self.seeds, self.trigger, mixes=number)
        return self


def is_short(spec: dict[str, Any]) -> bool:
    """Is it a click that somebody waits for?"""
    shots = math.prod(len(spec.get(name, ())) for name in ("scenes", "formats", "seeds"))
    return shots * len(fields.mixes_of(spec)) <= SHORT_SHOTS


def run(context: Context) -> bool:
    """Generate a campaign's missing images."""
    from lorakit.generation.pictures.campaign import Campaign
    from lorakit.generation.pictures.credentials import check_signer

    check_signer()
    job, base = context.job, context.base()
    options = {name: job.spec[name] for name in OPTIONAL if name in job.spec}
    mixes = context.mixes(base)
    _measure_all(job, mixes, base)
    campaign = Campaign(
        base, mixes, job.spec["scenes"], job.spec["formats"], job.spec["seeds"],
        workspace.campaigns_folder() / job.id, **options,
    )  # fmt: skip
    pace = Pace()

    def emit(row: dict[str, Any]) -> None:
        match events.read(row):
            case events.Image(done=done, total=total) as image:
                job.emit(replace(image, seconds_left=pace.left(done, total, made=1)).row())
            case events.Done():
                pass  # a job is done when its worker says so
            case _:
                job.emit(row)

    campaign.run(on_event=emit, should_stop=context.is_over, between=context.between)
    return not campaign.stopped


def _measure_all(job: Job, mixes: list[dict[Any, Any]], base: "Base") -> None:
    """Measure what the meter could not, for want of the base, which a campaign has in memory anyway."""
    for stated, mix in zip(fields.mixes_of(job.spec), mixes, strict=True):
        request = {**measurements.request(job.spec["base"], stated), "quantize": job.spec.get("quantize")}
        if mix and measurements.find(request) is None:
            opened = dict(zip(stated, mix, strict=True))
            with suppress(LoraKitError):  # the campaign refuses what does not fit, in its own words
                shapes = {opened[s]: Strength.from_dict(shape) for s, shape in request["mix"].items()}
                measurements.measure(request, shapes, base)


KIND = Kind("campaign", "a campaign", Spec, run, is_short, needs="image")
