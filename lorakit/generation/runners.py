"""Campaigns: a checked request, and a folder that is brought to what the request asks for.

The folder is the state: `plan.json` says what is wanted, `manifest.jsonl` what is there (one line per
picture, written after the picture itself). Running the same campaign again renders only what is missing. It
does not lock its folder.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import lorakit
from lorakit import durable
from lorakit.errors import AdapterError, LoraKitError, RecipeError
from lorakit.families import Base, family_of
from lorakit.generation import plan as planning
from lorakit.generation.formats import OutputFormat
from lorakit.generation.provenance import SUFFIXES, adapter_row, public_name
from lorakit.generation.rendering import FULL, Emit, Stopped, Work
from lorakit.generation.results import PLAN, finished
from lorakit.lora.adapter import Mix
from lorakit.lora.inject import applied


class Campaign:
    """Scenes x formats x seeds of one mix, rendered into `out`. The whole request is checked at once.

    `mix` is {adapter: weight}; empty for the bare base. `trigger` defaults to the triggers of the mix.
    `steps` and `guidance` default to what the base works best with. `file_type` is "png", "jpg" or "webp".
    """

    def __init__(
        self,
        base: Base,
        mix: Mix,
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
        self.base, self.mix, self.out = base, dict(mix), Path(out)
        self.family = family_of(base)
        if not hasattr(self.family, "sample"):
            raise AdapterError(
                f"{public_name(base.source)} writes text; a campaign of pictures needs an image base"
            )
        self.steps, self.guidance = planning.check_sampling(
            base.settings.steps if steps is None else steps,
            base.settings.guidance if guidance is None else guidance,
        )
        self.negative = planning.check_negative(negative)
        self.file_type = file_type.lower().lstrip(".")
        if f".{self.file_type}" not in SUFFIXES:
            raise RecipeError(f"file type {file_type!r}: choose png, jpg or webp")
        self.adapters = [adapter_row(adapter, weight) for adapter, weight in self.mix.items()]
        triggers = [trigger] if trigger is not None else [a.trigger for a, w in self.mix.items() if w]
        made_with = {
            "base": public_name(base.source), "steps": self.steps, "guidance": self.guidance,
            "negative": self.negative, "file_type": self.file_type,
            "mix": sorted([row["sha256"], row["weight"]] for row in self.adapters),
        }  # fmt: skip
        self.plan = planning.plan(
            scenes, formats, seeds, triggers, base.settings.area, self.family.step, made_with
        )
        self.stopped = False

    def run(
        self,
        on_event: Emit | None = None,
        should_stop: Callable[[], bool] | None = None,
        between: Callable[[], None] | None = None,
    ) -> list[dict[str, Any]]:
        """Render what is missing and return one manifest entry per shot that has one, in the plan's order.

        Asks `should_stop` at every sampling step and calls `between` between batches, with the bare base. A
        shot that fails gets an entry with "error" and the others go on; raises LoraKitError when not one
        picture could be made, or the folder cannot be written. `stopped` tells whether it was stopped.
        """
        emit = on_event or (lambda event: None)
        stop = should_stop or (lambda: False)
        self.stopped = False
        with self.mixed():
            pass  # a mix that does not fit is refused before anything is written
        self._write_plan()
        emit({"event": "phase", "name": "Checking what is there", "done": 0, "total": len(self.plan)})
        entries = finished(self.out, [shot.id for shot in self.plan])
        work = Work(self, emit, stop, between, entries)
        try:
            work.go()
        except Stopped:
            self.stopped = True
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise LoraKitError(
                f"the campaign's folder cannot be written ({error.strerror}); make room or choose "
                "another place, then run it again: finished pictures are kept"
            ) from error
        made = [entries[shot.id] for shot in self.plan if shot.id in entries]
        failed = [entry for entry in made if "error" in entry]
        if failed and len(failed) == len(made) and not self.stopped:
            raise LoraKitError(f"none of the {len(self.plan)} pictures could be made: {failed[0]['error']}")
        if not self.stopped:
            emit(
                {
                    "event": "done",
                    "done": len(made) - len(failed),
                    "failed": len(failed),
                    "total": len(self.plan),
                }
            )
        return made

    def mixed(self) -> Any:
        """The base with the mix on it inside the block."""
        return applied(self.base.model, self.mix) if self.mix else nullcontext()

    def _write_plan(self) -> None:
        durable.write_json(
            self.out / PLAN,
            {
                "lorakit": lorakit.__version__, "base": public_name(self.base.source), "mix": self.adapters,
                "steps": self.steps, "guidance": self.guidance, "negative": self.negative,
                "shots": [shot.to_dict() for shot in self.plan],
            },
        )  # fmt: skip
