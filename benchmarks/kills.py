"""`kill -9` at random moments of a training: does it end, bit for bit, as one that nobody disturbed?

    python -m benchmarks.kills --kills 20

Each life is a process of its own, forked from one that has loaded the base and computes on one thread. So a
moment may fall into the preparation, a step, a preview, a checkpoint or the writing of the adapter. The next
life goes on with what it finds. A training that came to its end is compared; the next kills are another's.
"""

import argparse
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

import lorakit
from lorakit.starter import SAMPLE_PHOTOS, SAMPLE_VOICE
from lorakit.training.recipe import Recipe

Life = Callable[[Path], Any]
PHOTOS = 6
SETTINGS = {
    "steps": 6, "rank": 2, "alpha": 2.0, "learning_rate": 1e-3, "batch_size": 2, "preview_every": 3,
    "checkpoint_every": 1,
}  # fmt: skip


def text_life() -> Life:
    """A voice of a few texts on the starter text base, with dropout."""
    base = lorakit.load_base("starter-text")
    texts = lorakit.TextSet.from_file(SAMPLE_VOICE)
    few = replace(texts, samples=texts.samples[:12])
    recipe = Recipe.from_dict(SETTINGS | {"max_length": 64, "dropout": 0.1})
    return lambda out: lorakit.train(base, few, recipe, out)


def image_life(photos: Path) -> Life:
    """A few sample photos on the starter image base, with captions left out at random."""
    base = lorakit.load_base("starter-image")
    base.settings = replace(base.settings, steps=1)
    photos.mkdir()
    for file in sorted(SAMPLE_PHOTOS.glob("*.jpg"))[:PHOTOS]:
        (photos / file.name).write_bytes(file.read_bytes())
    recipe = Recipe.from_dict(SETTINGS | {"resolution": 64, "caption_dropout": 0.3})
    return lambda out: lorakit.train(base, lorakit.PhotoSet.from_folder(photos, "aurora bottle"), recipe, out)


def live(life: Life, out: Path, seconds: float | None = None) -> bool:
    """One life in a process of its own, killed after `seconds`; returns whether it came to its end first."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            life(out)
            status = 0
        finally:
            os._exit(status)
    until = time.monotonic() + seconds if seconds is not None else float("inf")
    while True:
        ended, code = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() >= until:
            os.kill(child, signal.SIGKILL)
            until = float("inf")
        time.sleep(0.002)
    killed = os.WIFSIGNALED(code) and os.WTERMSIG(code) == signal.SIGKILL
    if code and not killed:
        raise SystemExit(f"a life ended by itself with {code}")
    return not killed


def same(first: Path, second: Path) -> bool:
    """Do both folders hold the same adapter, bit for bit?"""
    a, b = (load_file(next(folder.glob("*.safetensors"))) for folder in (first, second))
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def survive(life: Life, work: Path, kills: int, seed: int) -> dict[str, int]:
    """Kill `kills` lives at random moments. Exits with the moment's number where the result differs."""
    begun = time.monotonic()
    live(life, work / "whole")
    seconds, moments = time.monotonic() - begun, random.Random(seed)
    killed = lives = ended = 0
    out = work / "0"
    while killed < kills:
        lives += 1
        fresh, begun = not out.exists(), time.monotonic()
        done = live(life, out, moments.uniform(0, 0.8 * seconds))
        killed += not done
        if done:
            seconds = min(seconds, time.monotonic() - begun) if fresh else seconds  # less busy than before
            ended += _compared(work / "whole", out, killed)
            out = work / str(lives)
    live(life, out)
    ended += _compared(work / "whole", out, killed)
    return {"killed": killed, "trainings": ended}


def _compared(whole: Path, out: Path, killed: int) -> int:
    if not same(whole, out):
        raise SystemExit(f"after {killed} kills the adapter differs from the undisturbed one")
    return 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=20, help="of each kind")
    parser.add_argument("--kinds", nargs="+", choices=("text", "image"), default=["text", "image"])
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)  # threads would not live on in a fork
    for kind in options.kinds:
        with tempfile.TemporaryDirectory() as place:
            work = Path(place)
            life = text_life() if kind == "text" else image_life(work / "photos")
            found = survive(life, work, options.kills, options.seed)
        print(
            f"{kind}: killed {found['killed']} times in {found['trainings']} trainings; each ended bit for "
            "bit as the undisturbed one",
            flush=True,
        )


if __name__ == "__main__":
    main()
