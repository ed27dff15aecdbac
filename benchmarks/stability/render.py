"""Render and judge: `python -m benchmarks.stability.render --adapters F --out G`.

First every product alone at several weights (what a stack is compared with), then the random stacks. Stacks
whose adapters are not trained yet are left for a later run.
"""

import argparse
from pathlib import Path

import torch

import lorakit
from benchmarks.stability import judge, stacks
from benchmarks.stability.adapters import SUBJECTS

COUNT = 64
ALONE = (0.3, 0.65, 1.0)  # weights of a product by itself; between them, the reference is interpolated
NAMES = [subject.id for subject in SUBJECTS]


def planned(count: int = COUNT) -> list[stacks.Weights]:
    """The references, then `count` random stacks."""
    alone = [{subject.id: weight} for subject in SUBJECTS if subject.product for weight in ALONE]
    return [*alone, *stacks.draw(count, NAMES)]


def load_judge(path: Path) -> judge.Judge:
    """The judge, trained once and kept."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(judge.make(), path)
    return torch.load(path, weights_only=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="render and judge the stacks of the stability study")
    parser.add_argument("--adapters", type=Path, default=Path("build/stability/adapters"))
    parser.add_argument("--out", type=Path, default=Path("build/stability/stacks"))
    parser.add_argument("--count", type=int, default=COUNT)
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), help="k of n processes, from 0")
    options = parser.parse_args()
    ready = {path.parent.name for path in options.adapters.glob("*/card.json")}
    loaded = {name: lorakit.load_adapter(options.adapters / name) for name in NAMES if name in ready}
    wanted = [mix for mix in planned(options.count) if set(mix) <= set(loaded)]
    part, parts = options.part
    stacks.run(
        lorakit.load_base("starter-image"),
        loaded,
        load_judge(options.out / "judge.pt"),
        wanted[part::parts],
        options.out,
    )
