"""Random stacks of the study's adapters, rendered and judged.

Every line of the log is one rendered mix and what the judge said of it; a run skips what the log has. Each
product of a stack is asked for in turn, with the trigger words of the stack's styles, in scenes that its
photos had and in scenes they had not.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.stability.adapters import ADAPTERS, subject
from benchmarks.stability.judge import Judge
from lorakit.families import Base
from lorakit.lora.adapter import Adapter
from lorakit.lora.live import applied

SCENES = {
    "wood": "on a wooden table", "garden": "in a green garden",
    "snow": "in the snow", "neon": "in a neon street at night",
}  # fmt: skip
PICTURES = 8
SIDE = 128
STEPS = 10  # the base's own are 16; ten tell the same story at two thirds of the time
LOWEST, HIGHEST = 0.3, 2.0
MOST = 6
SEED = 20_260
Weights = dict[str, float]  # adapter folder -> weight


@dataclass(frozen=True)
class Ask:
    """One picture of a stack."""

    product: str
    scene: str
    prompt: str
    seed: int


def subject_of(adapter: str) -> str:
    """What an adapter of ADAPTERS learned."""
    return next(what for name, what, _ in ADAPTERS if name == adapter)


def is_product(adapter: str) -> bool:
    return subject(subject_of(adapter)).product is not None


def draw(count: int, names: list[str]) -> list[Weights]:
    """`count` stacks of 2 to 6 of the adapters `names`: at least one product, no subject twice, weights
    0.3 to 2.
    """
    random = np.random.default_rng(SEED)
    stacks: list[Weights] = []
    while len(stacks) < count:
        size = int(random.integers(2, MOST + 1))
        chosen: list[str] = []
        for name in random.permutation(names):
            if len(chosen) < size and subject_of(name) not in map(subject_of, chosen):
                chosen.append(str(name))
        weights = {name: round(float(random.uniform(LOWEST, HIGHEST)), 2) for name in chosen}
        if any(map(is_product, chosen)):
            stacks.append(weights)
    return stacks


def asks(weights: Weights) -> list[Ask]:
    """The pictures of one stack: its products in turn, each in every scene."""
    products = sorted(name for name in weights if is_product(name))
    words = [subject(subject_of(name)).trigger for name in sorted(weights) if not is_product(name)]
    rows = []
    for number in range(PICTURES):
        scene = list(SCENES)[number % len(SCENES)]
        what = subject_of(products[(number // len(SCENES) + number) % len(products)])
        prompt = ", ".join([f"{subject(what).trigger} {SCENES[scene]}", *words])
        rows.append(Ask(what, scene, prompt, 300 + number))
    return rows


def key(weights: Weights) -> str:
    """A short name for a mix, the same in every run."""
    text = json.dumps(sorted((name, round(weight, 4)) for name, weight in weights.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@torch.no_grad()
def pictures(base: Base, mix: dict[Adapter, float], wanted: list[Ask]) -> np.ndarray:
    """(N, SIDE, SIDE, 3) uint8, one per ask, in one batch."""
    family = base.kind
    words = family.encode_prompts(base, [ask.prompt for ask in wanted])
    negative = family.encode_prompts(base, [""])
    seeds = [ask.seed for ask in wanted]
    with applied(base.model, mix):
        found = family.sample(base, words, negative, SIDE, SIDE, seeds, STEPS, base.settings.guidance)
    return np.stack([np.array(image) for image in found])


def run(base: Base, adapters: dict[str, Adapter], judge: Judge, stacks: list[Weights], out: Path) -> None:
    """Render and judge every mix of `stacks` that the log `out`/stacks.jsonl lacks."""
    out.mkdir(parents=True, exist_ok=True)
    log = out / "stacks.jsonl"
    done = read(out)
    for number, weights in enumerate(stacks):
        name = key(weights)
        if name in done:
            continue
        wanted = asks(weights)
        images = pictures(base, {adapters[one]: weight for one, weight in weights.items()}, wanted)
        scores = judge.scores(images, [ask.product for ask in wanted], [ask.scene for ask in wanted])
        Image.fromarray(np.concatenate(list(images), 1)).save(out / f"{name}.png")
        with open(log, "a", encoding="utf-8") as file:
            file.write(json.dumps({"key": name, "weights": weights, **scores}) + "\n")
        done[name] = scores
        print(f"{number + 1}/{len(stacks)}", weights, scores, flush=True)


def read(out: Path) -> dict[str, dict]:
    """The log's lines by key."""
    log = out / "stacks.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return {row["key"]: row for row in map(json.loads, lines)}
