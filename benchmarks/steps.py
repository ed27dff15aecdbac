"""Training beside PEFT: one optimizer step, what it allocates, and a whole training as a person has it."""

from collections.abc import Callable

import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from benchmarks import models, training
from benchmarks.mixing import NAMES, RANK, TOKENS, WIDTH, Stack
from benchmarks.rows import Row, least, row
from lorakit.lora.inject import trainable
from lorakit.training.optimizers import make
from lorakit.training.recipe import Recipe

REPEATS = 15


def _step(run: Callable[[], torch.Tensor], optimizer: torch.optim.Optimizer) -> Callable[[], None]:
    def step() -> None:
        optimizer.zero_grad()
        run().square().mean().backward()
        optimizer.step()

    return step


def steps() -> list[Row]:
    """One optimizer step with equal settings, ours and PEFT's: seconds, and the most that is allocated."""
    torch.manual_seed(0)
    x, stacks = torch.randn(2, TOKENS, WIDTH), (Stack(), Stack())
    (ours, inputs), (theirs, _) = models.small(), models.small()
    return [
        *_rows("four layers of width 1024, 1024 tokens", NAMES, *stacks, lambda model: model(x)),
        *_rows("a FLUX of 35 M parameters", models.targets(ours), ours, theirs, lambda m: m(**inputs)[0]),
    ]


def _rows(
    what: str, names: list[str], ours: nn.Module, theirs: nn.Module, run: Callable[[nn.Module], torch.Tensor]
) -> list[Row]:
    peer = get_peft_model(theirs, LoraConfig(r=RANK, lora_alpha=RANK, target_modules=names))
    learned = [p for p in peer.parameters() if p.requires_grad]
    trained = trainable(ours, names, RANK, float(RANK)).named_parameters()
    optimizers = make(trained, Recipe(learning_rate=1e-4)), torch.optim.AdamW(learned, lr=1e-4)
    works = _step(lambda: run(ours), optimizers[0]), _step(lambda: run(peer), optimizers[1])
    note = f"rank {RANK} on {len(names)} layers, AdamW as ours makes it and as torch does; PEFT"
    rows = [row(f"training step, {what}", *least(*works, repeats=REPEATS), note)]
    peaks = [training.allocated(work) / 2**20 for work in works]
    return [*rows, row(f"most allocated in a step, {what}", *peaks, note, "MiB")]


def trainings() -> list[Row]:
    """A whole training beside the recipe of diffusers and PEFT; `training` says what both do."""
    found = training.measured()
    rows, memory = [], found["peak bytes beyond the base"]
    whole, step = found["seconds of a training"], found["seconds of a step"]
    for name in ("peer", "peer, cached"):
        what = "that encodes once" if "cached" in name else "with a caption for each picture"
        note = f"diffusers' script {what}"
        until = f"photos to the last of {training.STEPS} steps; {note}"
        peaks = memory["ours"] / 2**20, memory[name] / 2**20
        rows += [
            row(f"a step of a training, {name}", step["ours"], step[name], note),
            row(f"a whole training, {name}", whole["ours"], whole[name], until),
            row(f"most allocated in a training, {name}", *peaks, "beyond the base", "MiB"),
        ]
    few, many = found["seconds of a step, by photos"].values()
    return [*rows, row("a step with 1,000 photos", many, few, "our own, with 10 photos")]
