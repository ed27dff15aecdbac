"""A mix on its base for a long run: folded into the weights where that is possible, live otherwise.

Folded, a picture costs what the bare base's does; live, a mix of two costs about an eighth more on the
starter base. Between two batches the base may carry the mix: who borrows it calls `unmerge` first, and the
next batch folds it in again.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from lorakit.errors import AdapterError
from lorakit.families import Base
from lorakit.families.host import free_bytes
from lorakit.lora.adapter import Mix
from lorakit.lora.layers import weight_shape
from lorakit.lora.live import applied
from lorakit.lora.merging import is_merged, merge, unmerge
from lorakit.lora.mixes import match_mix
from lorakit.lora.modules import modules_of
from lorakit.lora.strength import Strength

FROM = 16  # pictures of one mix: with fewer, folding saves less than it may cost on a large base
ROOM = 2.5  # times the changed weights in float32 that must be free: their deltas, the originals, and air


class Folding:
    """One mix, put onto `base` batch by batch. `pictures`: how many will be made with it."""

    def __init__(self, base: Base, mix: Mix, pictures: int):
        self.base, self.mix = base, mix
        self.folds = bool(mix) and pictures >= FROM and _constant(mix) and _fits(base, mix)

    def on(self) -> AbstractContextManager[Any]:
        """The base with the mix on it inside the block."""
        if self.folds and not is_merged(self.base.model):
            try:
                merge(self.base.model, self.mix)
            except AdapterError:  # what cannot be folded in runs live; what does not fit was refused before
                self.folds = False
        if self.folds or not self.mix:
            return nullcontext()
        return applied(self.base.model, self.mix)

    def end(self) -> None:
        """The bare base again."""
        if self.folds:
            unmerge(self.base.model)


def _constant(mix: Mix) -> bool:
    """Does every adapter act in the whole sampling? Weights cannot change between its steps."""
    return all(Strength.of(value).whole for value in mix.values())


def _fits(base: Base, mix: Mix) -> bool:
    """Is there room for the originals and the deltas of what the mix changes?"""
    if base.quantized or base.offloaded:
        return False
    layers = modules_of(base.model)
    changed = {name for placed in match_mix(mix, base.model) for name in placed.modules}
    count = 0
    for name in changed:
        size = 1
        for side in weight_shape(layers[name]) or ():
            size *= side
        count += size
    return ROOM * 4 * count < free_bytes()
