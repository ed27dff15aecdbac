"""What a run of a campaign is asked for: the checked plan, and how each of its mixes is put onto the base."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from lorakit.families import Base
from lorakit.generation.pictures.fitting import deliver
from lorakit.generation.pictures.plan import Shot
from lorakit.generation.pictures.showing import Exact
from lorakit.lora.adapter import Mix
from lorakit.lora.live import applied

WORDS = ("text_encoder.", "text_encoder_2.", "text_encoder_3.")  # an adapter's modules that read the prompt


@dataclass(frozen=True)
class Request:
    """`plan` in the order that its pictures are made in, each with the edit that asked for it in `rounds`, by
    its id; `adapters[i]` are the rows that a record names `mixes[i]` by.
    """

    base: Base
    family: Any
    out: Path
    plan: Sequence[Shot]
    rounds: Mapping[str, int]
    mixes: Sequence[Mix]
    adapters: Sequence[list[dict[str, Any]]]
    steps: int
    guidance: float
    negative: str
    file_type: str
    exact: Exact | None = None

    def delivered(self, image: Image.Image, shot: Shot) -> Image.Image:
        """The rendered `image` as the shot's format wants it, with the product in it where it shows one."""
        fitted = deliver(image, shot.output)
        return self.exact.compose(fitted, shot.cut, shot.output) if self.exact and shot.cut else fitted

    def standing(self, shot: Shot) -> dict[str, Any]:
        """What of a real product stands in a shot, as its record says it; empty where the base drew it."""
        return self.exact.record(shot.cut, shot.output) if self.exact and shot.cut else {}

    def mixed(self, number: int = 0) -> Any:
        """The base with one of the mixes on it inside the block."""
        mix = self.drawing_mix(number)
        return applied(self.base.model, mix) if mix else nullcontext()

    def drawing_mix(self, number: int) -> Mix:
        """The mix less the adapters that act on text encoders alone, of which the denoiser has no module."""
        return {
            adapter: weight
            for adapter, weight in self.mixes[number].items()
            if not all(name.startswith(WORDS) for name in adapter.modules)
        }

    def words_mix(self, number: int) -> int:
        """`number` when that mix reaches the text encoders too, otherwise -1: it leaves the words alone."""
        names = (name for adapter in self.mixes[number] for name in adapter.modules)
        return number if any(name.startswith(WORDS) for name in names) else -1

    def mixed_words(self, number: int) -> Any:
        """The whole pipeline with a mix on it inside the block; the bare one for -1."""
        if number < 0:
            return nullcontext()
        from lorakit.families.pictures import bring  # diffusers, which a campaign has loaded by now

        # First: an update is made on the device that its layer is on, and does not follow a layer that moves.
        bring(self.base)
        return applied(self.base.pipeline, self.mixes[number])
