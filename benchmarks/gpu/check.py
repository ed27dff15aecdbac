"""What every check is: a row of the table, a function, and where the function runs and reports to."""

import gc
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

# "unfinished": the time was up, or the process ended, before there was a verdict.
Verdict = Literal["ok", "wrong", "skipped", "unfinished"]


@dataclass(frozen=True)
class Here:
    """Where a check runs. `send` takes each figure as soon as there is one, so that none is lost."""

    device: torch.device
    tiny: bool
    folder: Path  # empty, for this check alone
    send: Callable[[str, Any], None]

    @property
    def on_gpu(self) -> bool:
        return self.device.type == "cuda"

    @property
    def dtype(self) -> torch.dtype:
        return torch.bfloat16 if self.on_gpu else torch.float32

    def of(self, full: Any, tiny: Any) -> Any:
        """A size: the true one, or the one that a CPU takes in a moment."""
        return tiny if self.tiny else full

    def figure(self, name: str, value: Any) -> Any:
        """Report a figure, and give it back."""
        self.send(name, _rounded(value))
        return value

    def wait(self) -> None:
        """Until the device has done all that it was told to do."""
        if self.on_gpu:
            torch.cuda.synchronize()

    def seconds(self, work: Callable[[], Any]) -> float:
        """Of one call, to its end on the device."""
        self.wait()
        begun = time.perf_counter()
        work()
        self.wait()
        return time.perf_counter() - begun

    def forget(self) -> None:
        """Give back what is no longer used, and count the peak anew."""
        gc.collect()
        if self.on_gpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def peak(self, work: Callable[[], Any]) -> float | None:
        """The most device memory during `work` beyond what is in use before, in GB; None without a GPU."""
        self.forget()
        before = torch.cuda.memory_allocated() if self.on_gpu else 0
        work()
        self.wait()
        return (torch.cuda.max_memory_allocated() - before) / 1e9 if self.on_gpu else None


Found = tuple[Verdict, str]  # and the words for it


@dataclass(frozen=True)
class Check:
    """One row. `needs_gpu` are checks whose good end on a CPU proves nothing: it counts as skipped."""

    name: str
    shows: str
    seconds: float
    look: Callable[[Here], Found]
    needs_gpu: bool = True


@dataclass
class Outcome:
    """How a check ended."""

    name: str
    shows: str
    verdict: Verdict = "unfinished"
    words: str = ""
    seconds: float = 0.0
    figures: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-able data."""
        return asdict(self)


def judged(good: bool, words: str) -> Found:
    """A verdict of two."""
    return ("ok" if good else "wrong"), words


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _rounded(each) for name, each in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value
