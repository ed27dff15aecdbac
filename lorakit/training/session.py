"""Training an adapter: prepare the data, run the loop, write a folder for the store."""

import hashlib
import json
import math
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from lorakit import durable, events, formats
from lorakit.data.photos.sets import PhotoSet
from lorakit.families import Base, pairs
from lorakit.families.memory import recomputing
from lorakit.families.numbers import check_trains
from lorakit.lora.adapter import Adapter, Card
from lorakit.lora.inject import Injection, trainable
from lorakit.lora.live import forget
from lorakit.lora.spectrum import spectrum
from lorakit.store.model_card import refresh
from lorakit.training import checkpoint, loop, processes
from lorakit.training.advice import rank_advice
from lorakit.training.coverage import notes, targets
from lorakit.training.examples import Examples
from lorakit.training.limits import unharmed
from lorakit.training.medium import medium_of
from lorakit.training.recipe import Recipe
from lorakit.training.record import card_of, summary_of
from lorakit.training.watch.few_shot import few_shot_loss, side_by_side
from lorakit.training.watch.monitor import Monitor
from lorakit.training.watch.previews import Previews

# Settings that do not change what is learned, or show in the captions themselves. A training whose previews
# cannot be made must be continued with fewer or none of them.
UNCHANGING = ("checkpoint_every", "checkpoint_minutes", "caption_template", "preview_every")


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
    on_event: events.Emit | None = None,
    should_stop: Callable[[], bool] | None = None,
    between: Callable[[], None] | None = None,
    work: str | Path | None = None,
    name: str = "",
    max_seconds: float | None = None,
    class_photos: Any = None,
) -> TrainResult:
    """Train an adapter for `base` on a PhotoSet or a TextSet and write it to the folder `out`.

    Checkpoints lie in `work` (default: `out`/.training) until the adapter is saved; `resume=True` continues
    them. `on_event` gets dicts (see README, "Events"), `should_stop` is asked at every step, and `between`
    is called between steps while the model is bare. With `max_seconds` it stops in time to be continued by
    the next call, after one step at least. `class_photos`, a PhotoSet, are pictures of other things of the
    product's kind. Under `accelerate launch` all processes train together and the first one writes. Raises
    DataError, RecipeError, AdapterError, or LoraKitError when the disk is full; checkpoints stay.
    """
    begun = time.monotonic()
    first = processes.join().rank == 0
    out, work = Path(out), Path(work) if work else Path(out) / ".training"
    emit = on_event if on_event and first else events.ignore
    stop = should_stop or (lambda: False)
    if isinstance(data, PhotoSet):
        data = data.phrased(recipe.caption_template, recipe.class_prompt)
    if not resume and first:
        checkpoint.clear(work / "checkpoints")
    layers, left = _begin(base, recipe, emit)
    examples, previews = medium_of(base).prepare(base, data, recipe, work, emit, stop, class_photos)
    if processes.join().agree(stop()):
        return TrainResult(None, out, True, 0, None)
    injection = trainable(
        base.model, layers, recipe.rank, recipe.alpha, rslora=recipe.rslora, dora=recipe.dora,
        pissa=recipe.pissa, dropout=recipe.dropout, seed=recipe.seed,
    )  # fmt: skip
    monitor = Monitor(base, injection, examples, data, previews)

    def preview(step: int) -> None:
        with unharmed(base, "Making previews", emit):
            previews.make(step, emit, stop)
            monitor.observe(step, emit)

    until = math.inf if max_seconds is None else begun + max_seconds
    identity = _identity(base, data, recipe, class_photos)
    try:
        hooks = loop.Hooks(emit, stop, between, preview, until)
        with recomputing(base.model, recipe.gradient_checkpointing or base.offloaded):
            outcome = loop.run(base, injection, examples, recipe, work / "checkpoints", identity, hooks)
        final_loss = outcome.losses[-1] if outcome.losses else None
        if outcome.stopped or not first:
            return TrainResult(None, out, outcome.stopped, outcome.steps, final_loss)
        if outcome.best_step is not None:
            emit(events.Note(text=f"Kept step {outcome.best_step}, the best on the held-out data").row())
        summary = summary_of(base, injection, outcome, time.monotonic() - begun) | {"notes": left}
        card = card_of(base, data, recipe, summary, name or out.name)
        adapter = _learned(base, injection, card, recipe, out.name)
        _write(adapter, out, base.kind.layout)
        emit(events.Saved(out.name).row())
        with unharmed(base, "Making the last previews", emit):
            previews.make(outcome.steps, emit, lambda: False)
            monitor.observe(outcome.steps, emit)
        with unharmed(base, "The comparison with the base model", emit):
            _compare(base, injection, examples, data, recipe, summary, emit)
    finally:
        injection.remove()
    _complete(adapter, out, previews, summary)
    emit(events.Trained(out.name, summary).row())
    checkpoint.clear(work / "checkpoints")
    if work.parent == out:
        shutil.rmtree(work, ignore_errors=True)
    return TrainResult(adapter, out, False, outcome.steps, final_loss, summary)


def _begin(base: Base, recipe: Recipe, emit: events.Emit) -> tuple[list[str], list[str]]:
    """The layers to train, and what of the base gets less or nothing, in words, which are said with a warning
    of a distilled base; and all the room there is.
    """
    check_trains(base.device)
    layers = targets(base, recipe)
    left = notes(base, recipe, layers)
    for words in (pairs.warning(base.source), *left):
        if words:
            emit(events.Note(text=words).row())
    forget(base.model)
    if base.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(base.device)
    return layers, left


def _learned(base: Base, injection: Injection, card: Card, recipe: Recipe, name: str) -> Adapter:
    """What was learned, as an adapter whose card says which rank would have been right."""
    modules = {base.kind.prefix + module: factors for module, factors in injection.factors().items()}
    adapter = Adapter(modules, card, source=name)
    card.rank = adapter.rank
    card.alpha = max(modules.values(), key=lambda factors: factors.rank).alpha
    learned = spectrum(adapter)
    # PiSSA's file holds what the base was moved by too, so its directions say nothing of the rank.
    advice = None if recipe.pissa else asdict(rank_advice(learned.shares, adapter.rank))
    card.scores |= {"spectrum": learned.to_dict(), "rank": adapter.rank, "advice": advice}
    return adapter


def _write(adapter: Adapter, out: Path, format: str) -> None:
    """The adapter folder, all or nothing.

    What lies in an older one of that name (its checkpoints too) gives way.
    """
    with durable.replacing_folder(out) as temporary:
        weights = formats.save(adapter, temporary, format)
        adapter.card.sha256 = durable.sha256(weights)
        durable.write_json(temporary / "card.json", adapter.card.to_dict())
        refresh(temporary)


def _compare(
    base: Base,
    injection: Injection,
    examples: Examples,
    data: Any,
    recipe: Recipe,
    summary: dict[str, Any],
    emit: events.Emit,
) -> None:
    """Put the base with a few texts in its prompt beside the voice: loss in `summary`, texts as an event."""
    summary["held_out_few_shot"] = few_shot_loss(base, injection, examples, data, recipe)
    compared = side_by_side(base, injection, data, recipe)
    if compared is not None:
        emit(events.Compared(summary["steps"], **compared).row())


def _complete(adapter: Adapter, out: Path, previews: Previews, summary: dict[str, Any]) -> None:
    """Put what the last look gave beside the saved weights: previews, and figures in the card."""
    summary["size_bytes"] = sum(file.stat().st_size for file in out.glob("*.safetensors"))
    adapter.card.scores |= summary
    previews.keep(out / "previews")
    durable.write_json(out / "card.json", adapter.card.to_dict())
    refresh(out)


def _identity(base: Base, data: Any, recipe: Recipe, class_photos: Any = None) -> str:
    """What makes two runs the same training: base, data and settings that change the result."""
    digest = hashlib.sha256()
    settings = {k: v for k, v in recipe.to_dict().items() if k not in UNCHANGING}
    digest.update(json.dumps([base.source, base.quantized, settings], sort_keys=True).encode())
    for part in medium_of(base).contents(data, class_photos):
        digest.update(part)
    return digest.hexdigest()
