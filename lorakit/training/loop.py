"""The only training loop. It knows parameters, a loss per step, and events; nothing of images or texts.

All randomness is a function of (seed, step), so the state is: the factors, the optimizer, their average,
the best state so far, and the step. A resumed run equals an uninterrupted one bit for bit on the same
machine.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lorakit.errors import RecipeError
from lorakit.families import Base
from lorakit.lora.inject import Injection
from lorakit.training import checkpoint
from lorakit.training.examples import Examples
from lorakit.training.recipe import Recipe

EVENT_SECONDS = 0.5  # a page cannot show more


@dataclass
class Hooks:
    """What the outside may do during a training."""

    emit: Callable[[dict[str, Any]], None]
    should_stop: Callable[[], bool] = lambda: False
    between: Callable[[], None] | None = None
    preview: Callable[[int], None] | None = None


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
    injection: Injection,
    examples: Examples,
    recipe: Recipe,
    folder: Path,
    identity: str,
    hooks: Hooks,
) -> Outcome:
    """Train `injection` for `recipe.steps`, continuing the newest checkpoint of `identity` in `folder`.

    Stops at a step boundary, with a checkpoint, when `hooks.should_stop()` says so. Raises RecipeError when
    the loss is no longer a number; the last checkpoint stays.
    """
    training = _Training(base, injection, examples, recipe, folder, identity, hooks)
    training.restore()
    return training.go()


class _Training:
    def __init__(self, base, injection, examples, recipe, folder, identity, hooks):  # type: ignore[no-untyped-def]
        self.base, self.injection, self.examples, self.recipe = base, injection, examples, recipe
        self.folder, self.identity, self.hooks = folder, identity, hooks
        self.parameters: dict[str, torch.nn.Parameter] = injection.named_parameters()
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
        )
        self.average = (
            {name: p.detach().clone() for name, p in self.parameters.items()} if recipe.ema else None
        )
        self.best: dict[str, Any] | None = None
        self.losses: list[float] = []
        self.held_out: list[tuple[int, float]] = []
        self.step = 0

    def go(self) -> Outcome:
        begun, first, told = time.monotonic(), self.step, 0.0
        if self.step == 0:
            self._measure_held_out()
        while self.step < self.recipe.steps:
            if self.hooks.should_stop():
                self.save()
                return self._outcome(stopped=True)
            if self.hooks.between is not None:
                with self.injection.suspended():
                    self.hooks.between()
            loss = self._update()
            self.losses.append(loss)
            self.step += 1
            now = time.monotonic()
            if now - told > EVENT_SECONDS or self.step == self.recipe.steps:
                told = now
                left = (now - begun) / (self.step - first) * (self.recipe.steps - self.step)
                self.hooks.emit({"event": "step", "step": self.step, "total": self.recipe.steps,
                                 "loss": _smooth(self.losses), "seconds_left": left})  # fmt: skip
            if self._every(self.recipe.preview_every) and self.step < self.recipe.steps:
                self._measure_held_out()
                if self.hooks.preview is not None:
                    self._with_average(self.hooks.preview)
            if self._every(self.recipe.checkpoint_every) and self.step < self.recipe.steps:
                self.save()
                self.hooks.emit({"event": "checkpoint", "step": self.step})
        self._measure_held_out()
        self.save()
        return self._outcome(stopped=False)

    def _update(self) -> float:
        recipe = self.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * rate(recipe, self.step)
        # Dropout draws from the global generator.
        torch.manual_seed((recipe.seed * 1_000_003 + self.step) % 2**63)
        with precision(self.base):
            loss = self.examples.loss(self.base, self.step)
        value = loss.item()
        if not math.isfinite(value):
            raise RecipeError(
                f"the loss is no longer a number at step {self.step + 1}; lower learning_rate "
                f"(it is {recipe.learning_rate:g}) and start again"
            )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters.values(), recipe.max_grad_norm)
        self.optimizer.step()
        if self.average is not None:
            with torch.no_grad():
                for name, p in self.parameters.items():
                    self.average[name].lerp_(p, 1 - recipe.ema)
        return value

    def _every(self, count: int) -> bool:
        return bool(count) and self.step % count == 0

    def _measure_held_out(self) -> None:
        self._set_mode(training=False)
        loss = self.examples.held_out_loss(self.base)
        self._set_mode(training=True)
        if loss is None:
            return
        self.held_out.append((self.step, loss))
        self.hooks.emit({"event": "held_out", "step": self.step, "loss": loss})
        if self.step and (self.best is None or loss < self.best["loss"]):
            self.best = {"step": self.step, "loss": loss, "state": self._state()}

    def _set_mode(self, training: bool) -> None:
        for layer in self.injection.layers.values():
            layer.training = training

    def _with_average(self, action: Callable[[int], None]) -> None:
        own = {name: p.detach().clone() for name, p in self.parameters.items()}
        self._load(self._state())
        self._set_mode(training=False)
        try:
            action(self.step)
        finally:
            self._load(own)
            self._set_mode(training=True)

    def _state(self) -> dict[str, Tensor]:
        source = self.average or self.parameters
        return {name: p.detach().cpu().clone() for name, p in source.items()}

    def _load(self, state: dict[str, Tensor]) -> None:
        with torch.no_grad():
            for name, p in self.parameters.items():
                p.copy_(state[name])

    def save(self) -> None:
        state = {
            "step": self.step,
            "parameters": {name: p.detach().cpu() for name, p in self.parameters.items()},
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "best": self.best,
            "losses": self.losses,
            "held_out": self.held_out,
        }
        checkpoint.save(self.folder, self.step, state, self.identity)

    def restore(self) -> None:
        state = checkpoint.latest(self.folder, self.identity)
        if state is None:
            return
        self.step, self.best = state["step"], state["best"]
        self.losses, self.held_out = state["losses"], [tuple(pair) for pair in state["held_out"]]
        self._load(state["parameters"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average is not None:
            self.average = {name: value.to(self.base.device) for name, value in state["average"].items()}
        self.hooks.emit({"event": "note", "text": f"Continued at step {self.step} of {self.recipe.steps}"})

    def _outcome(self, stopped: bool) -> Outcome:
        best = None if stopped else self.best
        state = best["state"] if best else self._state()
        self._load(state)
        self._set_mode(training=False)
        return Outcome(self.step, stopped, self.losses, state, best["step"] if best else None, self.held_out)


def rate(recipe: Recipe, step: int) -> float:
    """The factor on the learning rate at `step`: linear warm-up, then constant or half a cosine down to 0."""
    warmup = max(1, round(recipe.warmup * recipe.steps))
    if step < warmup:
        return (step + 1) / warmup
    if recipe.schedule == "constant":
        return 1.0
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, recipe.steps - warmup)))


def _smooth(losses: list[float]) -> float:
    recent = losses[-20:]
    return sum(recent) / len(recent)


def precision(base: Base) -> Any:
    """bf16 arithmetic where the device has it; the factors themselves stay in float32."""
    cpu_has_it = base.device.type == "cpu" and torch.backends.mkldnn.is_available() and _fast_bf16_on_cpu()
    # Each factor is used once in a step, so autocast's copies would only lie there until its end.
    on = base.device.type == "cuda" or cpu_has_it
    return torch.autocast(base.device.type, torch.bfloat16, enabled=on, cache_enabled=False)


def _fast_bf16_on_cpu() -> bool:
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
