"""The only training loop. It knows parameters, a loss per batch, and events; nothing of images or texts.

All randomness is a function of (seed, batch number), so the state is: the factors, the optimizer, their
average, the best state so far, and the step. A resumed run equals an uninterrupted one bit for bit on the
same machine. Several processes share an update's batches, and a checkpoint of theirs goes on in one.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from lorakit import events
from lorakit.errors import RecipeError
from lorakit.families import Base
from lorakit.training import checkpoint, optimizers, processes
from lorakit.training.arithmetic import is_inexact, precision, steady
from lorakit.training.examples import Examples
from lorakit.training.limits import Pace, kept_words, memory_told
from lorakit.training.recipe import Recipe

EVENT_SECONDS = 0.5  # a page cannot show more


class Trained(Protocol):
    """What is trained: an Injection, or a whole model."""

    def named_parameters(self) -> Mapping[str, torch.nn.Parameter]: ...
    def fixed(self) -> Mapping[str, Tensor]: ...
    def set_training(self, training: bool) -> None: ...
    def suspended(self) -> Any: ...


@dataclass
class Hooks:
    """What the outside may do during a training. `until` is when it must end, by time.monotonic()."""

    emit: Callable[[dict[str, Any]], None]
    should_stop: Callable[[], bool] = lambda: False
    between: Callable[[], None] | None = None
    preview: Callable[[int], None] | None = None
    until: float = math.inf


@dataclass
class Outcome:
    """How a training ended. `state` holds the factors to keep, by parameter name."""

    steps: int
    stopped: bool
    losses: list[float]
    state: dict[str, Tensor]
    best_step: int | None = None
    held_out: list[tuple[int, float]] = field(default_factory=list)


def run(
    base: Base,
    trained: Trained,
    examples: Examples,
    recipe: Recipe,
    folder: Path,
    identity: str,
    hooks: Hooks,
) -> Outcome:
    """Train `trained` for the recipe's steps or epochs, from the newest checkpoint of `identity` in `folder`.

    Stops at a step boundary, with a checkpoint, when `hooks.should_stop()` says so or the time is up; a call
    makes at least one step before its time is up. Raises RecipeError when the loss is no longer a number or
    the memory is not enough, LoraKitError when the disk is full; the last checkpoint stays.
    """
    training = _Training(base, trained, examples, recipe, folder, identity, hooks)
    training.restore()
    return training.go()


class _Training:
    def __init__(self, base, trained, examples, recipe, folder, identity, hooks):  # type: ignore[no-untyped-def]
        self.base, self.trained, self.examples, self.recipe = base, trained, examples, recipe
        self.folder, self.identity, self.hooks = folder, identity, hooks
        self.processes = processes.join()
        self.first = self.processes.rank == 0
        self.parameters: Mapping[str, torch.nn.Parameter] = trained.named_parameters()
        self.optimizer: Any = optimizers.make(self.parameters, recipe)
        self.average = (
            {name: p.detach().clone() for name, p in self.parameters.items()} if recipe.ema else None
        )
        self.per_update = recipe.accumulate * self.processes.count  # batches
        self.total = recipe.steps
        if recipe.epochs:
            self.total = max(1, math.ceil(recipe.epochs * examples.per_epoch / self.per_update))
        self.best: dict[str, Any] | None = None
        self.losses: list[float] = []
        self.held_out: list[tuple[int, float]] = []
        self.step = 0
        self.exact = True
        self.pace = Pace(hooks.until)

    def go(self) -> Outcome:
        begun, first, told = time.monotonic(), self.step, 0.0
        self.trained.set_training(True)  # a layer beside a base that rests would rest too
        if self.step == 0:
            self._measure_held_out()
        while self.step < self.total:
            if self.processes.agree(self.hooks.should_stop() or self.pace.is_over()):
                self.save()
                return self._outcome(stopped=True)
            if self.hooks.between is not None and self.first:
                with self.trained.suspended():
                    self.hooks.between()
            with self.pace.step(), memory_told(self.recipe, self.step, self.folder):
                loss = self._update()
            self.losses.append(loss)
            self.step += 1
            now = time.monotonic()
            if now - told > EVENT_SECONDS or self.step == self.total:
                told = now
                left = (now - begun) / (self.step - first) * (self.total - self.step)
                self._emit(events.Step(self.step, self.total, _smooth(self.losses), left))
            if self.step < self.total:
                self._save_and_look()
        self._measure_held_out()
        self.save()
        return self._outcome(stopped=False)

    def _save_and_look(self) -> None:
        looks = self._every(self.recipe.preview_every)
        if looks:
            self._measure_held_out()
        saves = self._every(self.recipe.checkpoint_every) or self.pace.save_is_due(
            self.recipe.checkpoint_minutes
        )
        if saves or looks:  # a preview may end the process, and must not end it again after every restart
            self.save()
            self._emit(events.Checkpoint(self.step))
        if looks and self.hooks.preview is not None and self.first:
            with self._kept_state():
                self.hooks.preview(self.step)

    def _update(self) -> float:
        try:
            with steady(self.base.device, self.exact):
                return self._step()
        except RuntimeError as error:  # before the optimizer has changed anything
            if not (self.exact and is_inexact(error)):
                raise
        # Some layers, such as a UNet's upsampling, have gradients on CUDA that come out differently each
        # time: such a training goes on from a checkpoint closely, not bit for bit. Out of the except, whose
        # traceback would keep the first graph alive.
        self.exact = False
        return self._update()

    def _step(self) -> float:
        """One step of the optimizer on the losses of `per_update` batches, this process's share of them."""
        recipe, begin = self.recipe, self.step * self.per_update
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * group["ratio"] * rate(recipe, self.step, self.total)
        numbers = range(begin, begin + self.per_update)
        batches = [self.examples.batch(number) for number in numbers]
        whole = sum(self.examples.weight(batch) for batch in batches)
        self.optimizer.zero_grad(set_to_none=True)
        loss = torch.zeros((), device=self.base.device)
        for number in numbers[self.processes.rank :: self.processes.count]:
            # Dropout draws from the global generator.
            torch.manual_seed((recipe.seed * 1_000_003 + number) % 2**63)
            with precision(self.base):
                part = self.examples.loss(self.base, batches[number - begin]) / whole
            part.backward()
            loss = loss + part.detach()
        if self.processes.count > 1:
            for p in self.parameters.values():
                p.grad = torch.zeros_like(p) if p.grad is None else p.grad
            self.processes.add_up([loss, *(p.grad for p in self.parameters.values())])
        norm = torch.nn.utils.clip_grad_norm_(self.parameters.values(), recipe.max_grad_norm)
        value, length = torch.stack([loss, norm.to(loss.device)]).tolist()
        if not (math.isfinite(value) and math.isfinite(length)):
            what = "loss" if not math.isfinite(value) else "gradients"
            raise RecipeError(
                f"the {what} became invalid (NaN) at step {self.step + 1}; lower learning_rate (now "
                f"{recipe.learning_rate:g}) and start over{kept_words(self.folder)}"
            )
        self.optimizer.step()
        if self.average is not None:
            with torch.no_grad():
                for name, p in self.parameters.items():
                    self.average[name].lerp_(p, 1 - recipe.ema)
        return value

    def _every(self, count: int) -> bool:
        return bool(count) and self.step % count == 0

    def _emit(self, event: events.Event) -> None:
        if self.first:
            self.hooks.emit(event.row())

    def _measure_held_out(self) -> None:
        if not self.first or (self.held_out and self.held_out[-1][0] == self.step):
            return
        with self._kept_state(), torch.no_grad(), precision(self.base):
            loss = self.examples.held_out_loss(self.base)
        if loss is None:
            return
        self.held_out.append((self.step, loss))
        self._emit(events.HeldOut(self.step, loss))
        if self.step and (self.best is None or loss < self.best["loss"]):
            self.best = {"step": self.step, "loss": loss, "state": self._state()}

    @contextmanager
    def _kept_state(self) -> Iterator[None]:
        """What would be kept now, in the model, for looking at it."""
        own = {name: p.detach().clone() for name, p in self.parameters.items()}
        self._load(self._state())
        self.trained.set_training(False)
        try:
            yield
        finally:
            self._load(own)
            self.trained.set_training(True)

    def _state(self) -> dict[str, Tensor]:
        source = self.average or optimizers.settled(self.optimizer, self.parameters)
        return {name: p.detach().cpu().clone() for name, p in source.items()}

    def _load(self, state: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, p in self.parameters.items():
                p.copy_(state[name])

    def save(self) -> None:
        if not self.first:
            return
        if not all(bool(torch.isfinite(p).all()) for p in self.parameters.values()):
            raise RecipeError(
                f"the adapter became invalid (NaN) after step {self.step}; lower learning_rate (now "
                f"{self.recipe.learning_rate:g}) and start over{kept_words(self.folder)}"
            )
        state = {
            "step": self.step,
            "total": self.total,
            "per_update": self.per_update,
            "parameters": {name: p.detach().cpu() for name, p in self.parameters.items()},
            "fixed": {name: value.cpu() for name, value in self.trained.fixed().items()},
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "best": self.best,
            "losses": self.losses,
            "held_out": self.held_out,
        }
        with self.pace.saving():
            checkpoint.save(self.folder, self.step, state, self.identity)

    def restore(self) -> None:
        state = self.processes.from_first(
            checkpoint.latest(self.folder, self.identity) if self.first else None
        )
        if state is None:
            return
        self.step, self.best = state["step"], state["best"]
        self.total, self.per_update = state["total"], state["per_update"]
        self.losses, self.held_out = state["losses"], [tuple(pair) for pair in state["held_out"]]
        self._load(state["parameters"])
        with torch.no_grad():
            for name, value in self.trained.fixed().items():
                value.copy_(state["fixed"][name])
        optimizers.resume(self.optimizer, state["optimizer"])
        if self.average is not None:
            self.average = {name: value.to(self.base.device) for name, value in state["average"].items()}
        self._emit(events.Note(text=f"Resumed at step {self.step} of {self.total}"))

    def _outcome(self, stopped: bool) -> Outcome:
        best = None if stopped else self.best
        state = best["state"] if best else self._state()
        self._load(state)
        self.trained.set_training(False)
        return Outcome(self.step, stopped, self.losses, state, best["step"] if best else None, self.held_out)


def rate(recipe: Recipe, step: int, total: int) -> float:
    """The factor on the learning rate at `step`: linear warm-up, then constant or half a cosine down to 0."""
    warmup = max(1, round(recipe.warmup * total))
    if step < warmup:
        return (step + 1) / warmup
    if recipe.schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup)))


def _smooth(losses: list[float]) -> float:
    recent = losses[-20:]
    return sum(recent) / len(recent)
