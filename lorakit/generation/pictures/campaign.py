"""Campaigns: a checked request, and a folder that is brought to what the request asks for.

The folder is the state: `plan.json` says what is wanted, `manifest.jsonl` what is there (one line per
picture, written after the picture itself). Running the same campaign again renders only what is missing. It
does not lock its folder.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import lorakit
from lorakit import durable, events
from lorakit.errors import AdapterError, DataError, LoraKitError, RecipeError
from lorakit.families import Base
from lorakit.generation.pictures import plan as planning
from lorakit.generation.pictures.formats import OutputFormat
from lorakit.generation.pictures.layouts import placements
from lorakit.generation.pictures.provenance import SUFFIXES, adapter_row, effect, public_name
from lorakit.generation.pictures.rendering import FULL, Run, Stopped
from lorakit.generation.pictures.request import Request
from lorakit.generation.pictures.results import PLAN, finished, rounds_of
from lorakit.generation.pictures.showing import Exact, check_shows, products, read_cutouts, stage_of
from lorakit.lora.adapter import Mix


@dataclass(frozen=True)
class Column:
    """What is drawn of one mix in one way to show the product: the mix `asked` for, the one that draws, and
    the rows that a record names it by.
    """

    mix: Mix
    rows: list[dict[str, Any]]
    show: str
    asked: Mix


class Campaign:
    """Scenes x formats x seeds x mixes, rendered into `out`. The whole request is checked at once.

    `mix` is {adapter: number or Strength}, empty for the bare base; or a list of such, to see them side by
    side on the same seeds. `trigger` defaults to the triggers of the mix; of several mixes each adapter keeps
    its trigger at weight 0 too, so that the weight is all that differs. `steps` and `guidance` default to
    what the base works best with. `file_type` is "png", "jpg" or "webp".

    `show` is "free", "guided" or "exact", or a list of them, to see them side by side. Exact puts the
    cut-outs in `product` (files or images; photos are cut out) into empty scenes, one after the other for
    the seeds, at `placement` (`layouts.placements`), their light matched within a limit by `match_light`.
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
        show: str | Sequence[str] = "free",
        product: Sequence[Any] = (),
        placement: Any = None,
        match_light: bool = True,
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
        shows = check_shows(show, base)
        self.exact = _exact(product, placement, match_light) if "exact" in shows else None
        self.stage = stage_of(base) if self.exact else None
        self.columns = self._columns([mix] if isinstance(mix, Mapping) else mix, shows)
        self.mixes = [column.mix for column in self.columns]
        self.adapters = [column.rows for column in self.columns]
        self.plan = planning.side_by_side(
            [self._shots(number, scenes, formats, seeds, trigger) for number in range(len(self.columns))]
        )
        self.stopped = False

    def _columns(self, mixes: Iterable[Mix], shows: Sequence[str]) -> list[Column]:
        """What is drawn beside each other, without repeats: every mix in every way to show the product."""
        distinct: dict[str, Column] = {}
        for asked in islice(mixes, planning.MOST_MIXES + 1):
            for show in shows:
                drawn = self.stage.mix(asked) if self.stage and show == "exact" else dict(asked)
                rows = [adapter_row(adapter, weight) for adapter, weight in drawn.items()]
                key = json.dumps([show, sorted(rows, key=str)])
                distinct.setdefault(key, Column(drawn, rows, show, dict(asked)))
        if not 1 <= len(distinct) <= planning.MOST_MIXES:
            raise DataError(f"mixes: {len(distinct)} given; use 1 to {planning.MOST_MIXES}")
        return list(distinct.values())

    def _shots(
        self, number: int, scenes: Any, formats: Any, seeds: Any, trigger: str | None
    ) -> list[planning.Shot]:
        column, several = self.columns[number], len(self.columns) > 1
        made_with = {
            "base": public_name(self.base.source),
            "steps": self.steps,
            "guidance": self.guidance,
            "negative": self.negative,
            "file_type": self.file_type,
            "mix": sorted((effect(row) for row in column.rows), key=str),
        }
        area, step, count = self.base.settings.area, self.family.step, len(self.columns)
        if self.stage and self.exact and column.show == "exact":
            names = [adapter.trigger for adapter in products(column.asked)]
            styles = [adapter.trigger for adapter in column.mix if adapter is not self.stage.adapter]
            return planning.plan(
                scenes, formats, seeds, [self.stage.words, *styles], self.stage.area, step, made_with, number,
                count, self.exact.standing, [*names, trigger or ""],
            )  # fmt: skip
        triggers = (
            [trigger] if trigger is not None else [a.trigger for a, w in column.mix.items() if w or several]
        )
        return planning.plan(scenes, formats, seeds, triggers, area, step, made_with, number, count)

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
            exact=self.exact,
        )

    def _write_plan(self, rounds: Mapping[str, int]) -> None:
        durable.write_json(
            self.out / PLAN,
            {
                "lorakit": lorakit.__version__, "base": public_name(self.base.source),
                "mixes": self.adapters, "steps": self.steps, "guidance": self.guidance,
                "negative": self.negative,
                "shows": [column.show for column in self.columns],
                "product": self.exact.keep(self.out) if self.exact else [],
                "shots": [{**shot.to_dict(), "round": rounds[shot.id]} for shot in self.plan],
            },
        )  # fmt: skip


def _exact(product: Any, placement: Any, match_light: bool) -> Exact:
    cutouts = read_cutouts(product)
    if not cutouts:
        raise DataError(
            "product: exact needs a photo or a cut-out of the product; give at least one, or choose free"
        )
    return Exact(tuple(cutouts), placements(placement), match_light)
