"""Run the comparison in the environment of tests/parity: `python -m benchmarks.run --json out.json`.

Each row is taken in the same process, ours and the peer's in turn; seconds are medians, and only the ratio
(peer's time over ours) is meant to travel to another machine.
"""

import argparse
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

import lorakit
from benchmarks import models
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.lora.inject import trainable

WIDTH, TOKENS, RANK = 1024, 512, 16  # the forward and training rows: a stack of four attention-sized layers
LIVE = (1, 2, 4, 8, 25)
REPEATS = 15


@dataclass
class Row:
    """One comparison: seconds, and how many times longer the peer takes."""

    name: str
    ours: float
    peer: float
    ratio: float
    note: str


def row(name: str, ours: float, peer: float, note: str) -> Row:
    """A finished row."""
    return Row(name, round(ours, 5), round(peer, 5), round(peer / ours, 2), note)


def seconds(work: Callable[[], Any]) -> float:
    """How long one call takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def in_turn(*works: Callable[[], Any], repeats: int = REPEATS) -> list[float]:
    """Median seconds of each, called in turn so that a busy machine slows all alike."""
    for work in works:
        work()
    times = [[seconds(work) for work in works] for _ in range(repeats)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def opening(folder: Path) -> list[Row]:
    """Open and attach adapter files, and change between two mixes, at FLUX's number of layers."""
    model = models.transformer()
    files = [models.adapter_file(model, folder / str(seed), seed) for seed in (1, 2)]
    pipe, rows, opened = models.pipeline(model), [], []

    def attach(file: Path) -> None:
        opened.append(lorakit.load_adapter(file))
        with lorakit.applied(model, {opened[-1]: 1.0}):
            pass

    ours = [seconds(lambda file=file: attach(file)) for file in files]
    both = [{opened[0]: 1.0}, {opened[1]: 1.0}]

    def change() -> None:
        for mix in both:
            with lorakit.applied(model, mix):
                pass

    change()
    switching = statistics.median(seconds(change) for _ in range(5)) / 2
    theirs = [
        seconds(lambda f=f, n=n: pipe.load_lora_weights(f, adapter_name=n))
        for f, n in zip(files, "ab", strict=True)
    ]
    for name, mine, peer in zip(("first", "second"), ours, theirs, strict=True):
        note = f"{len(opened[0].modules)} layers, rank 16, half of FLUX's width; load_lora_weights"
        rows.append(row(f"open and attach the {name} adapter", mine, peer, note))
    pipe.set_adapters(["a"])
    fusing = seconds(pipe.fuse_lora) + seconds(pipe.unfuse_lora)
    rows.append(row("change between two loaded mixes", switching, fusing, "fuse_lora and unfuse_lora"))
    setting = statistics.median(
        seconds(lambda n=n: pipe.set_adapters([n])) for n in ("a", "b", "a", "b")
    )  # fmt: skip
    rows.append(row("change between two loaded mixes, live", switching, setting, "set_adapters"))
    return rows


class Stack(nn.Module):
    """Four square layers, the q, k, v and output projections of one attention."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


def adapters(count: int) -> list[Adapter]:
    """Rank-16 adapters for `Stack`."""
    random = torch.Generator().manual_seed(0)

    def factors() -> Factors:
        down, up = torch.randn(RANK, WIDTH, generator=random), torch.randn(WIDTH, RANK, generator=random)
        return Factors(down / 32, up / 32, float(RANK))

    return [Adapter({f"layers.{i}": factors() for i in range(4)}, Card(name=str(n))) for n in range(count)]


def forwards() -> list[Row]:
    """Time of a forward with K live adapters over the base's own, ours and PEFT's."""
    torch.manual_seed(0)
    x, ours, rows = torch.randn(1, TOKENS, WIDTH), Stack().eval(), []
    config = LoraConfig(r=RANK, lora_alpha=RANK, target_modules=[f"layers.{i}" for i in range(4)])
    theirs = get_peft_model(Stack(), config, adapter_name="0").eval()
    for number in range(1, max(LIVE)):
        theirs.add_adapter(str(number), config)
    made = adapters(max(LIVE))
    for count in LIVE:
        theirs.base_model.set_adapter([str(n) for n in range(count)])
        mix = dict.fromkeys(made[:count], 1.0)
        with torch.no_grad(), lorakit.applied(ours, mix):
            live, peer = in_turn(lambda: ours(x), lambda: theirs(x))
        with torch.no_grad():
            (base,) = in_turn(lambda: ours(x))
        note = f"{live / base:.2f} and {peer / base:.2f} times the base's forward"
        rows.append(row(f"forward with {count} live adapters", live, peer, note))
    return rows


def training() -> list[Row]:
    """One optimizer step with equal settings, ours and PEFT's."""
    torch.manual_seed(0)
    x, ours = torch.randn(2, TOKENS, WIDTH), Stack()
    names = [f"layers.{i}" for i in range(4)]
    config = LoraConfig(r=RANK, lora_alpha=RANK, target_modules=names)
    theirs = get_peft_model(Stack(), config)
    injection = trainable(ours, names, RANK, float(RANK))
    works = []
    for model, parameters in (
        (ours, injection.parameters()),
        (theirs, [p for p in theirs.parameters() if p.requires_grad]),
    ):
        optimizer = torch.optim.AdamW(parameters, lr=1e-4)

        def step(model: nn.Module = model, optimizer: torch.optim.Optimizer = optimizer) -> None:
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()

        works.append(step)
    mine, peer = in_turn(*works)
    return [row("training step", mine, peer, "four layers of width 1024, rank 16, AdamW")]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the rows here")
    options = parser.parse_args()
    diffusers.logging.set_verbosity_error()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        rows = [*forwards(), *training(), *opening(Path(folder))]
    for one in rows:
        print(f"{one.name:40} ours {one.ours:9.5f} s  peer {one.peer:9.5f} s  x{one.ratio:<7} {one.note}")
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
