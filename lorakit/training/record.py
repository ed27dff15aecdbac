"""What is recorded of a training: the figures of its summary, and the adapter's card."""

import sys
from datetime import UTC, datetime
from typing import Any

import psutil
import torch

from lorakit.families import Base, quantize
from lorakit.lora.adapter import Card
from lorakit.lora.inject import Injection
from lorakit.training import loop
from lorakit.training.medium import medium_of
from lorakit.training.recipe import Recipe


def summary_of(base: Base, injection: Injection, outcome: loop.Outcome, seconds: float) -> dict[str, Any]:
    """The honest comparison with full fine-tuning, in figures of this run."""
    learning = {id(p) for p in injection.parameters()}
    trained = sum(p.numel() for p in injection.parameters())
    frozen = [p for p in base.model.parameters() if id(p) not in learning]
    whole = quantize.numbers_in(frozen)
    peak = torch.cuda.max_memory_allocated(base.device) if base.device.type == "cuda" else _peak_host_memory()
    before = outcome.held_out[0][1] if outcome.held_out else None
    after = min((loss for step, loss in outcome.held_out if step), default=None)
    return {
        "steps": outcome.steps,
        "seconds": round(seconds, 1),
        "trained_parameters": trained,
        "base_parameters": whole,
        "share": trained / whole,
        "base_bytes": quantize.bytes_in(frozen),
        "peak_memory_bytes": peak,
        "final_loss": sum(outcome.losses[-20:]) / max(1, len(outcome.losses[-20:])),
        "best_step": outcome.best_step,
        "held_out_before": before,
        "held_out_after": after,
    }


def _peak_host_memory() -> int:
    """The most memory this process ever held, in bytes."""
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def card_of(base: Base, data: Any, recipe: Recipe, summary: dict[str, Any], name: str) -> Card:
    medium = medium_of(base)
    return Card(
        name=name,
        trigger=getattr(data, "trigger", ""),
        base=base.source,
        family=base.family,
        rank=recipe.rank,
        alpha=recipe.alpha,
        recipe=recipe.to_dict(),
        data={"kind": medium.name, "count": medium.count(data)},
        licence=base.licence.name,
        commercial=base.licence.commercial,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        scores=summary,
    )
