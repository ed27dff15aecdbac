"""Training an adapter: prepare the data, run the loop, write a folder for the store."""

import hashlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from lorakit import durable, formats
from lorakit.families import Base, family_of
from lorakit.families.memory import recomputing
from lorakit.lora.adapter import Adapter, Card
from lorakit.lora.inject import Injection, trainable
from lorakit.lora.spectrum import spectrum
from lorakit.training import checkpoint, loop
from lorakit.training.examples import Examples, ImageExamples, TextExamples
from lorakit.training.monitor import Monitor
from lorakit.training.previews import Previews, image_previews, text_previews
from lorakit.training.recipe import Recipe


@dataclass
class TrainResult:
    """What a training gave. `adapter` is None when it was stopped before its end; then it can be resumed."""

    adapter: Adapter | None
    folder: Path
    stopped: bool
    steps: int
    final_loss: float | None
    summary: dict[str, Any] = field(default_factory=dict)


def train(
    base: Base,
    data: Any,
    recipe: Recipe,
    out: str | Path,
    resume: bool = True,
    on_event: Callable[[dict[str, Any]], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    between: Callable[[], None] | None = None,
    work: str | Path | None = None,
    name: str = "",
) -> TrainResult:
    """Train an adapter for `base` on a PhotoSet or a TextSet and write it to the folder `out`.

    Checkpoints lie in `work` (default: `out`/.training) until the adapter is saved; `resume=True` continues
    them. `on_event` gets dicts (see README, "Events"), `should_stop` is asked at every step, and `between`
    is called between steps while the model is bare. Raises DataError, RecipeError, or AdapterError.
    """
    out, work = Path(out), Path(work) if work else Path(out) / ".training"
    emit = on_event or (lambda event: None)
    stop = should_stop or (lambda: False)
    begun = time.monotonic()
    is_image = base.pipeline is not None
    if not resume:
        checkpoint.clear(work / "checkpoints")
    examples: Examples
    examples = (
        ImageExamples.prepare(base, data, recipe, emit, stop)
        if is_image
        else TextExamples.prepare(base, data, recipe, emit)
    )
    previews = image_previews(base, data, recipe, work) if is_image else text_previews(base, data, recipe)
    if is_image:
        family_of(base).free_encoders(base)
    if stop():
        return TrainResult(None, out, True, 0, None)
    injection = trainable(
        base.model, targets(base, recipe), recipe.rank, recipe.alpha,
        rslora=recipe.rslora, dora=recipe.dora, dropout=recipe.dropout, seed=recipe.seed,
    )  # fmt: skip
    monitor = Monitor(base, injection, examples, data, previews)

    def preview(step: int) -> None:
        previews.make(step, emit, stop)
        monitor.look(step, emit)

    try:
        hooks = loop.Hooks(emit, stop, between, preview)
        with recomputing(base.model, recipe.gradient_checkpointing or base.offloaded):
            outcome = loop.run(
                base, injection, examples, recipe, work / "checkpoints", _identity(base, data, recipe), hooks
            )
        if outcome.stopped:
            return TrainResult(None, out, True, outcome.steps, outcome.losses[-1] if outcome.losses else None)
        previews.make(outcome.steps, emit, lambda: False)
        monitor.look(outcome.steps, emit)
        summary = _summary(base, injection, outcome, time.monotonic() - begun)
        card = _card(base, data, recipe, summary, name or out.name)
        prefix = f"{family_of(base).component}." if is_image else ""
        modules = {prefix + module: factors for module, factors in injection.factors().items()}
        adapter = Adapter(modules, card, source=out.name)
        card.scores["spectrum"] = spectrum(adapter).to_dict()
    finally:
        injection.remove()
    _write(adapter, out, "diffusers" if is_image else "peft", previews)
    summary["size_bytes"] = sum(file.stat().st_size for file in out.glob("*.safetensors"))
    checkpoint.clear(work / "checkpoints")
    emit({"event": "result", "slug": out.name, "summary": summary})
    return TrainResult(
        adapter, out, False, outcome.steps, outcome.losses[-1] if outcome.losses else None, summary
    )


def targets(base: Base, recipe: Recipe) -> list[str]:
    """The layers that a training of this recipe gives an update, by name."""
    family = family_of(base)
    return family.targets(base, recipe.convolutions) if base.pipeline is not None else family.targets(base)


def _write(adapter: Adapter, out: Path, format: str, previews: Previews) -> None:
    """The adapter folder, all or nothing.

    What lies in an older one of that name (its checkpoints too) gives way.
    """
    from lorakit.card import model_card

    with durable.replacing_folder(out) as aside:
        weights = formats.save(adapter, aside, format)
        with open(weights, "rb") as file:
            adapter.card.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        previews.keep(aside / "previews")
        durable.write_text(
            aside / "README.md",
            model_card(adapter.card.to_dict(), sorted((aside / "previews").glob("*.png"))),
        )
        durable.write_json(aside / "card.json", adapter.card.to_dict())


def _identity(base: Base, data: Any, recipe: Recipe) -> str:
    """What makes two runs the same training: base, data and settings that change the result."""
    digest = hashlib.sha256()
    settings = {k: v for k, v in recipe.to_dict().items() if k != "checkpoint_every"}
    digest.update(json.dumps([base.source, base.quantized, settings], sort_keys=True).encode())
    if base.pipeline is not None:
        for photo in data.photos:
            digest.update(photo.caption.encode())
            digest.update(Path(photo.path).read_bytes())
    else:
        for sample in data.samples:
            digest.update(f"{sample.instruction}\0{sample.answer}\0".encode())
    return digest.hexdigest()


def _summary(base: Base, injection: Injection, outcome: loop.Outcome, seconds: float) -> dict[str, Any]:
    """The honest comparison with full fine-tuning, in figures of this run."""
    trained = sum(p.numel() for p in injection.parameters())
    whole = sum(p.numel() for p in base.model.parameters()) - trained
    peak = torch.cuda.max_memory_allocated(base.device) if base.device.type == "cuda" else _peak_host_memory()
    before = outcome.held_out[0][1] if outcome.held_out else None
    after = min((loss for step, loss in outcome.held_out if step), default=None)
    return {
        "steps": outcome.steps,
        "seconds": round(seconds, 1),
        "trained_parameters": trained,
        "base_parameters": whole,
        "share": trained / whole,
        "base_bytes": sum(p.numel() * p.element_size() for p in base.model.parameters()),
        "peak_memory_bytes": peak,
        "final_loss": sum(outcome.losses[-20:]) / max(1, len(outcome.losses[-20:])),
        "best_step": outcome.best_step,
        "held_out_before": before,
        "held_out_after": after,
    }


def _peak_host_memory() -> int:
    """The most memory this process ever held, in bytes."""
    if sys.platform == "win32":
        import psutil

        return psutil.Process().memory_info().peak_wset
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _card(base: Base, data: Any, recipe: Recipe, summary: dict[str, Any], name: str) -> Card:
    count = len(data.photos) if base.pipeline is not None else len(data.samples)
    return Card(
        name=name,
        trigger=getattr(data, "trigger", ""),
        base=base.source,
        family=base.family,
        rank=recipe.rank,
        alpha=recipe.alpha,
        recipe=recipe.to_dict(),
        data={"kind": "photos" if base.pipeline is not None else "texts", "count": count},
        licence=base.licence.name,
        commercial=base.licence.commercial,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        scores=summary,
    )
