"""Compare scores with damage: `python -m benchmarks.stability.study --adapters F --out G`.

Stacks of `render` and, for the red ones, what balancing gives. Of the stacks in the order they were drawn,
the first, third, ... were for finding the limits and the balance's rule; the others are for testing.

Damage of a stack = what its products reach by themselves at their weights (at most 1) less what they reach
in the stack; "reach" is the judge's mean probability of the right product and of the right scene.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

import lorakit
from benchmarks.stability import stacks
from benchmarks.stability.render import ALONE, COUNT, NAMES, load_judge
from lorakit import durable
from lorakit.families import Base
from lorakit.lora.adapter import Adapter
from lorakit.lora.diagnose import StackReport, stack_report
from lorakit.lora.stability import GREEN, RED


def spearman(first: list[float], second: list[float]) -> float:
    """Rank correlation; ties share their mean rank."""
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: list[float]) -> np.ndarray:
    array = np.asarray(values)
    return np.array([(array < value).sum() + ((array == value).sum() - 1) / 2 for value in array])


def reached(row: dict[str, Any]) -> float:
    """One number per rendered mix, 0 to 1."""
    return (row["product"] + row["scene"]) / 2


def reference(rows: dict[str, dict], weights: stacks.Weights) -> float:
    """What the stack's products reach alone, each at its weight but at most 1, between measured weights."""
    alone = []
    for name, weight in weights.items():
        if stacks.is_product(name):
            known = [reached(rows[stacks.key({name: at})]) for at in ALONE]
            alone.append(np.interp(min(weight, 1.0), ALONE, known))
    return float(np.mean(alone))


def candidates(report: StackReport) -> dict[str, float]:
    """Every score that was tried, from the report's figures; larger is meant to be worse."""
    weights, products = np.array(report.weights), np.array(report.load.products)
    sizes = np.array(report.load.sizes(report.weights))
    unit = report.load.unit
    layers = np.array([layer.size for layer in report.layers])
    own = np.array([layer.sizes for layer in report.layers])
    is_product = np.array([stacks.is_product(adapter.source) for adapter in report.adapters])
    asked = weights * is_product
    others = weights * ~is_product
    kept = np.sqrt(np.clip(asked @ products @ asked, 1e-12, None))
    rest = np.sqrt(np.clip(others @ products @ others, 0, None))
    overlap = sum(sizes[p.first] * sizes[p.second] * (p.rows + p.columns) / 2 for p in report.pairs) / max(
        1e-12, float(sum(sizes[p.first] * sizes[p.second] for p in report.pairs))
    )
    worst = max(weights[i] * sizes.sum() / sizes[i] for i in range(len(sizes)) if is_product[i])
    return {
        "sum of weights": float(np.abs(weights).sum()),
        "number of adapters": float(len(weights)),
        "largest weight": float(np.abs(weights).max()),
        "size of the sum over the base": report.load.size(report.weights),
        "size of the sum over one adapter": report.score,
        "sum of the sizes over one adapter": float(sizes.sum() / unit),
        "largest layer": float(layers.max()),
        "mean layer": float(layers.mean()),
        "largest adapter over one adapter": float(sizes.max() / unit),
        "overlap of rows and columns": float(overlap),
        "overlap times size": float(overlap * report.score),
        "cancelled": report.cancelled,
        "styles over products": float(rest / kept),
        "everything over the weakest product": float(worst),
        "mean of the layers' largest adapter": float(own.max(1).mean()),
    }  # fmt: skip


def table(base: Base, adapters: dict[str, Adapter], out: Path) -> list[dict[str, Any]]:
    """One row per stack, as drawn: weights, damage, candidates."""
    rows = stacks.read(out)
    found = []
    for weights in stacks.draw(COUNT, NAMES):
        row = rows[stacks.key(weights)]
        mix = {adapters[name]: weight for name, weight in row["weights"].items()}
        expected = reference(rows, row["weights"])
        report = stack_report(mix, base.model)
        found.append(
            {"weights": row["weights"], "expected": expected, "reached": reached(row),
             "damage": expected - reached(row), "report": report, "scores": candidates(report)}
        )  # fmt: skip
    return found


def balanced_mixes(found: list[dict[str, Any]]) -> list[stacks.Weights]:
    """For every red stack, the weights that the report suggests."""
    return [
        dict(zip(row["weights"], row["report"].suggested, strict=True))
        for row in found if row["report"].verdict == "red"
    ]  # fmt: skip


def won_back(found: list[dict[str, Any]], out: Path) -> dict[str, Any]:
    """What balancing gives the red stacks: mean accuracy alone, stacked, balanced; the share of the lost
    accuracy that comes back, of all together.
    """
    rows = stacks.read(out)
    red = [row for row in found if row["report"].verdict == "red"]
    after = [reached(rows[stacks.key(mix)]) for mix in balanced_mixes(found)]
    before, alone = ([row[name] for row in red] for name in ("reached", "expected"))
    lost, won = np.subtract(alone, before), np.subtract(after, before)
    return {"stacks": len(red), "alone": float(np.mean(alone)), "stacked": float(np.mean(before)),
            "balanced": float(np.mean(after)), "won back": float(won.sum() / lost.sum()),
            "median": float(np.median(won / lost))}  # fmt: skip


def scatter(found: list[dict[str, Any]], path: Path) -> None:
    """Score against damage: dots for the testing half, rings for the other; bands for the verdicts."""
    wide, high, left, foot = 460, 300, 44, 34
    top = max(row["report"].score for row in found) * 1.05
    canvas = Image.new("RGB", (wide, high), "white")
    draw = ImageDraw.Draw(canvas)

    def at(score: float, damage: float) -> tuple[float, float]:
        return left + score / top * (wide - left - 10), high - foot - damage * (high - foot - 10)

    edges, tints = (0.0, GREEN, RED, top), ("#e3f4e3", "#fdf1d3", "#fbe0dc")
    for low, end, tint in zip(edges, edges[1:], tints, strict=False):
        draw.rectangle((*at(low, 1.0), *at(end, 0.0)), fill=tint)
    for step in range(0, 11, 2):
        x, y = at(0, step / 10)
        draw.text((x - 24, y - 6), f"{step / 10:.1f}", fill="black")
    for step in range(int(top) + 1):
        x, y = at(step, 0)
        draw.text((x - 3, y + 4), str(step), fill="black")
    draw.text((wide / 2 - 120, high - 14), "score (size of the sum in adapters)", fill="black")
    draw.text((left + 4, 10), "damage", fill="black")
    for number, row in enumerate(found):
        x, y = at(row["report"].score, max(0.0, row["damage"]))
        draw.ellipse((x - 3, y - 3, x + 3, y + 3), outline="#333", fill="#333" if number % 2 else None)
    with durable.replacing(path) as aside:
        canvas.save(aside, "PNG", optimize=True)


def report(found: list[dict[str, Any]], out: Path) -> dict[str, Any]:
    """All figures of the study."""
    halves = {"all": found, "calibrating": found[::2], "testing": found[1::2]}
    ranked = {
        name: {
            half: round(spearman([r["scores"][name] for r in rows], [r["damage"] for r in rows]), 2)
            for half, rows in halves.items()
        }
        for name in found[0]["scores"]
    }
    verdicts = {
        colour: [row["damage"] for row in found if row["report"].verdict == colour]
        for colour in ("green", "amber", "red")
    }
    return {
        "stacks": {half: len(rows) for half, rows in halves.items()},
        "spearman": ranked,
        "damage": {
            c: {"stacks": len(d), "mean": round(float(np.mean(d)), 3)} for c, d in verdicts.items() if d
        },
        "balanced": {half: won_back(rows, out) for half, rows in halves.items()},
    }


def load(folder: Path) -> dict[str, Adapter]:
    """The study's adapters by folder name."""
    adapters = {name: lorakit.load_adapter(folder / name) for name in NAMES}
    for name, adapter in adapters.items():
        adapter.source = name
    return adapters


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="compare the report's score with what stacks do to pictures")
    parser.add_argument("--adapters", type=Path, default=Path("build/stability/adapters"))
    parser.add_argument("--out", type=Path, default=Path("build/stability/stacks"))
    parser.add_argument("--plot", type=Path, default=Path("docs/stability.png"))
    parser.add_argument("--part", type=int, nargs=2, default=(0, 1), help="only render, part k of n, from 0")
    options = parser.parse_args()
    base, adapters = lorakit.load_base("starter-image"), load(options.adapters)
    stacks_found = table(base, adapters, options.out)
    mixes = balanced_mixes(stacks_found)[options.part[0] :: options.part[1]]
    stacks.run(base, adapters, load_judge(options.out / "judge.pt"), mixes, options.out)
    if options.part[1] == 1:
        scatter(stacks_found, options.plot)
        print(json.dumps(report(stacks_found, options.out), indent=2))
