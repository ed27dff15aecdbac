"""Campaigns: a checked request, and a folder that is brought to what the request asks for.

The folder is the state: `plan.json` says what is wanted, `manifest.jsonl` what is there (one line per
picture, written after the picture itself). Running the same campaign again renders only what is missing. It
does not lock its folder.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import lorakit
from lorakit import durable, events
from lorakit.errors import AdapterError, DataError, LoraKitError, RecipeError
from lorakit.families import Base
from lorakit.generation.pictures import plan as planning
from lorakit.generation.pictures.formats import OutputFormat
from lorakit.generation.pictures.provenance import SUFFIXES, adapter_row, effect, public_name
from lorakit.generation.pictures.rendering import FULL, Run, Stopped
from lorakit.generation.pictures.request import Request
from lorakit.generation.pictures.results import PLAN, finished, rounds_of
from lorakit.lora.adapter import Mix


class Campaign:
    """Scenes x formats x seeds x mixes, rendered into `out`. The whole request is checked at once.

    `mix` is {adapter: number or Strength}, empty for the bare base; or a list of such, to see them side by
    side on the same seeds. `trigger` defaults to the triggers of the mix; of several mixes each adapter keeps
    its trigger at weight 0 too, so that the weight is all that differs. `steps` and `guidance` default to
    what the base works best with. `file_type` is "png", "jpg" or "webp".
    """

    def __init__(
        self,
        base: Base,
        mix: Mix | Sequence[Mix],
        scenes: Sequence[str],
        formats: "Sequence[str | OutputFormat]",
        seeds: Iterable[int],
        out: str | Path,
        steps: int | None = None,
        guidance: float | None = None,
        negative: str = "",
        trigger: str | None = None,
        file_type: str = "png",
    ):
        self.base, self.out = base, Path(out)
        self.family = base.kind
        if self.family.makes != "image":
            raise AdapterError(f"{public_name(base.source)} writes text; a campaign needs an image model")
        self.steps, self.guidance = planning.check_sampling(
            base.settings.steps if steps is None else steps,
            base.settings.guidance if guidance is None else guidance,
        )
        self.negative = planning.check_negative(negative)
        self.file_type = file_type.lower().lstrip(".")
        if f".{self.file_type}" not in SUFFIXES:
            raise RecipeError(f"file type {file_type!r}: choose png, jpg or webp")
        self.mixes, self.adapters = _distinct([mix] if isinstance(mix, Mapping) else mix)
        self.plan = planning.side_by_side(
            [self._shots(number, scenes, formats, seeds, trigger) for number in range(len(self.mixes))]
        )
        self.stopped = False

    def _shots(
        self, number: int, scenes: Any, formats: Any, seeds: Any, trigger: str | None
    ) -> list[planning.Shot]:
        mix, several = self.mixes[number], len(self.mixes) > 1
        triggers = [trigger] if trigger is not None else [a.trigger for a, w in mix.items() if w or several]
        made_with = {
            "base": public_name(self.base.source), "steps": self.steps, "guidance": self.guidance,
            "negative": self.negative, "file_type": self.file_type,
            "mix": sorted((effect(row) for row in self.adapters[number]), key=str),
        }  # fmt: skip
        settings, count = self.base.settings, len(self.mixes)
        return planning.plan(
            scenes, formats, seeds, triggers, settings.area, self.family.step, made_with, number, count
        )

    def run(
        self,
        on_event: events.Emit | None = None,
        should_stop: Callable[[], bool] | None = None,
        between: Callable[[], None] | None = None,
    ) -> list[dict[str, Any]]:
        """Render what is missing and return one manifest entry per shot that has one, in the plan's order.

        Asks `should_stop` at every sampling step and calls `between` between batches; in a long run the base
        then carries the mix (`folding`), and who uses it calls `unmerge` first, as a worker's `Bases` do. A
        shot that fails gets an entry with "error" and the others go on; raises LoraKitError when not one
        picture could be made, or the folder cannot be written. `stopped` tells whether it was stopped.
        """
        emit = on_event or events.ignore
        stop = should_stop or (lambda: False)
        self.stopped = False
        request = self.request()
        for number in range(len(self.mixes)):
            with request.mixed(number):
                pass  # a mix that does not fit is refused before anything is written
        self._write_plan(request.rounds)
        emit(events.Phase("Looking for finished images", 0, len(self.plan)).row())
        entries = finished(self.out, [shot.id for shot in self.plan])
        run = Run(request, emit, stop, between, entries)
        try:
            run.go()
        except Stopped:
            self.stopped = True
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise LoraKitError(
                f"the campaign's folder can't be written to ({error.strerror}); free up space or choose "
                "another folder, then run it again: finished images are kept"
            ) from error
        made = [entries[shot.id] for shot in self.plan if shot.id in entries]
        failed = [entry for entry in made if "error" in entry]
        if failed and len(failed) == len(made) and not self.stopped:
            raise LoraKitError(
                f"none of the {len(self.plan)} images could be generated: {failed[0]['error']}"
            )
        if not self.stopped:
            emit(events.Done(len(made) - len(failed), len(failed), len(self.plan)).row())
        return made

    def request(self) -> Request:
        """What a run renders; shots that the folder's plan did not have yet are of a new edit."""
        earlier = rounds_of(self.out)
        new = max(earlier.values(), default=-1) + 1
        return Request(
            base=self.base,
            family=self.family,
            out=self.out,
            plan=self.plan,
            rounds={shot.id: earlier.get(shot.id, new) for shot in self.plan},
            mixes=self.mixes,
            adapters=self.adapters,
            steps=self.steps,
            guidance=self.guidance,
            negative=self.negative,
            file_type=self.file_type,
        )

    def _write_plan(self, rounds: Mapping[str, int]) -> None:
        durable.write_json(
            self.out / PLAN,
            {
                "lorakit": lorakit.__version__, "base": public_name(self.base.source),
                "mixes": self.adapters, "steps": self.steps, "guidance": self.guidance,
                "negative": self.negative,
                "shots": [{**shot.to_dict(), "round": rounds[shot.id]} for shot in self.plan],
            },
        )  # fmt: skip


def _distinct(mixes: Iterable[Mix]) -> tuple[list[Mix], list[list[dict[str, Any]]]]:
    """The mixes without repeats, and the rows that a record names each by."""
    kept: dict[str, tuple[Mix, list[dict[str, Any]]]] = {}
    for mix in islice(mixes, planning.MOST_MIXES + 1):
        rows = [adapter_row(adapter, weight) for adapter, weight in mix.items()]
        kept.setdefault(json.dumps(sorted(rows, key=str)), (dict(mix), rows))
    if not 1 <= len(kept) <= planning.MOST_MIXES:
        raise DataError(f"mixes: {len(kept)} given; use 1 to {planning.MOST_MIXES}")
    return [mix for mix, _ in kept.values()], [rows for _, rows in kept.values()]
