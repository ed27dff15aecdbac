"""FLUX.1 at its true size beside PEFT and diffusers: mixing, and a whole training."""

import importlib.util
from collections.abc import Callable
from typing import Any

import torch

from benchmarks import large_mixing, large_training, models
from benchmarks.gpu import bases
from benchmarks.gpu.check import Found, Here, judged

ABSENT = "PEFT is not installed; run it in the environment of tests/parity"
LIVE = (1, 2, 8)


def installed() -> bool:
    """Is there a peer to compare with?"""
    return importlib.util.find_spec("peft") is not None


def mixing(here: Here) -> Found:
    """Forwards with live and merged mixes, changes of the mix, and what is left of them."""
    base = bases.flux_denoiser(here)
    model: Any = base.model
    names = models.targets(model)
    given = large_mixing.inputs(model, here.of(1024, 64), here.device, here.dtype)

    @torch.no_grad()
    def run() -> Any:
        return model(**given)

    here.figure("layers", len(names))
    here.figure("base forward, s", large_mixing.seconds(here.device, run)[0])
    made = large_mixing.adapters(model, names, max(LIVE), here.device)
    ours = here.figure("ours", large_mixing.ours(model, run, made, here.device, LIVE))
    _peer(here, lambda: large_mixing.peer(model, run, names, here.device, LIVE))
    left = ours["left after 100 changes"]
    good = ours["base is what it was"] and not left
    return judged(good, "the base is what it was" if good else f"the base was changed, or {left} bytes left")


def _peer(here: Here, measure: Callable[[], Any]) -> None:
    here.figure("PEFT", measure() if installed() else ABSENT)


def training(here: Here) -> Found:
    """From the photos to the last step: preparation, seconds of a step, peak; and 1,000 steps from that."""
    sizes = here.of(large_training.FULL, large_training.SMALL)
    runs = large_training.RUNS if installed() else large_training.RUNS[:1]
    found = large_training.measured(sizes, here.of(1024, 64), here.of(8, 3), runs, here.figure)
    if not installed():
        here.figure("diffusers' script", ABSENT)
    return judged(all(each["step"] > 0 for each in found.values()), "measured")
