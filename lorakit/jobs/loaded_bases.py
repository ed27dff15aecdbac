"""The bases that a worker keeps loaded. No torch at the top."""

import gc
import logging
import sys
from typing import TYPE_CHECKING, Any

from lorakit.errors import LoraKitError
from lorakit.families.sources import STARTERS

if TYPE_CHECKING:
    from lorakit.families import Base

log = logging.getLogger(__name__)


class Bases:
    """Loaded bases. Demonstration bases may stay side by side; of real ones only the last used is kept."""

    def __init__(self) -> None:
        self._loaded: dict[tuple[str, str | None, bool], Base] = {}

    def get(self, source: str, quantize: str | None = None, offload: bool = False) -> "Base":
        """The base, loaded if need be."""
        key = source, quantize, offload
        if key not in self._loaded:
            from lorakit.families import load_base

            if source not in STARTERS:
                self.make_room()
            self._loaded[key] = load_base(source, quantize=quantize, offload=offload)
        from lorakit.lora.merging import is_merged, unmerge

        base = self._loaded[key]
        if is_merged(base.model):  # by a long campaign, which lets another job in between its batches
            unmerge(base.model)
        return base

    def has(self, source: str, quantize: str | None = None, offload: bool = False) -> bool:
        """Is it in memory, or so small that it soon is?"""
        return source in STARTERS or (source, quantize, offload) in self._loaded

    def fits_beside(self, spec: dict[str, Any], running: dict[str, Any]) -> bool:
        """May a job of `spec` run while one of `running` keeps its base? No second large base fits."""
        key = asked(spec)
        if key == asked(running) or key[0] in STARTERS:
            return True
        return key in self._loaded and self._loaded[key].settings.demonstration

    def make_room(self) -> None:
        """Let go of all but the demonstration bases."""
        self._loaded = {k: base for k, base in self._loaded.items() if base.settings.demonstration}
        free_memory()

    def warm(self, source: str) -> None:
        """Load a base before somebody asks for it; one that cannot be loaded is no fault yet."""
        try:
            self.get(source)
        except (LoraKitError, OSError, ImportError) as error:
            log.warning("not preloaded: %s", error)


def asked(spec: dict[str, Any]) -> tuple[str, str | None, bool]:
    """The base that a job names and how it is to be kept: what `Bases.get` and `has` take."""
    return spec["base"], spec.get("quantize"), bool(spec.get("offload"))


def free_memory() -> None:
    """Give back what nothing refers to any more, on the device too."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
