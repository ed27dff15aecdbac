"""A text base of 8 billion parameters: memory of what is held out, and what writing spends outside of it."""

import time
from typing import Any

import torch

from benchmarks.gpu import bases
from benchmarks.gpu.check import Found, Here
from benchmarks.gpu.steps import training
from lorakit.data.texts.sets import Tokens
from lorakit.families import Base
from lorakit.training.arithmetic import precision, steady
from lorakit.training.recipe import Recipe
from lorakit.training.text_examples import TextExamples, answer_loss

ROWS, WRITTEN, MOST_OUTSIDE = 8, 16, 0.5


def eight_billion(here: Here) -> Found:
    """What is held out takes no more than a step, and the time of writing is the base's own."""
    base = bases.qwen3(here)
    length = here.of(1024, 32)
    ids = torch.randint(3, 200, (ROWS, length), generator=torch.Generator().manual_seed(0)).tolist()
    rows = [[Tokens(row, [0] * (length // 2) + [1] * (length - length // 2))] for row in ids]
    step, held = _step_peak(here, base, rows), _held_out_peak(here, base, rows)
    here.figure("a training step of one text, peak GB", step)
    here.figure(f"held-out loss of {ROWS} texts, peak GB", held)
    outside = _outside(here, base)
    if step is None or held is None:
        return "ok", "no device memory was measured"
    faults = []
    if held > step:
        faults.append("what is held out takes more than a step")
    if outside > MOST_OUTSIDE:
        faults.append("most of the time of writing is spent outside of the base")
    return ("wrong", "; ".join(faults)) if faults else ("ok", "no more memory than a step, no more time")


def _step_peak(here: Here, base: Base, rows: list[Any]) -> float | None:
    with training(base) as parameters, steady(here.device, True):

        def step() -> None:
            with precision(base):
                loss = answer_loss(base, rows[:1], 0)[0]
            loss.backward()

        peak = here.peak(step)
        for each in parameters:
            each.grad = None
    return peak


def _held_out_peak(here: Here, base: Base, rows: list[Any]) -> float | None:
    examples = TextExamples([], rows, 0, Recipe(batch_size=1))

    def look() -> None:
        with torch.no_grad(), precision(base):
            examples.held_out_loss(base)

    return here.peak(look)


def _outside(here: Here, base: Base) -> float:
    """The share of the time of writing texts, all at once, that is not the base's."""
    begun, inside = 0.0, 0.0

    def enter(*_: Any) -> None:
        nonlocal begun
        here.wait()
        begun = time.perf_counter()

    def leave(*_: Any) -> None:
        nonlocal inside
        here.wait()
        inside += time.perf_counter() - begun

    hooks = [base.model.register_forward_pre_hook(enter), base.model.register_forward_hook(leave)]
    asked = [[{"role": "user", "content": f"Write about bottle number {n}."}] for n in range(WRITTEN)]
    most = here.of(40, 4)

    def write() -> None:
        base.kind.generate(base, asked, list(range(WRITTEN)), most, 0.7, 0.95)

    try:
        whole = here.seconds(write)
    finally:
        for hook in hooks:
            hook.remove()
    here.figure(f"{WRITTEN} texts at once, s a token of each", whole / most)
    return here.figure("share of it outside of the base", 1 - inside / whole)
