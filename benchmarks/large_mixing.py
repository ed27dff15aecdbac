"""Mixing at FLUX.1's true size on a GPU, beside PEFT: forwards at 1024 px, changes of the mix, what is left.

    python -m benchmarks.large_mixing

Random weights in bf16, rank-16 adapters on all 418 layers. Seconds are the median of several runs between two
synchronizations; ours and the peer's follow each other on the same model, each beside the base's own forward.
"""

import argparse
import gc
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import torch
from torch import Tensor, nn

import lorakit
from benchmarks import models
from benchmarks.large import random_base
from lorakit.lora.adapter import Adapter, Card, Factors

LIVE, RANK = (1, 2, 4, 8, 25), 16


def inputs(model: Any, side: int, device: torch.device, dtype: torch.dtype) -> dict[str, Any]:
    """One picture of `side` pixels and 512 words."""
    tokens, config = (side // 16) ** 2, model.config
    kind: dict[str, Any] = {"device": device, "dtype": dtype}
    guided = config.guidance_embeds
    return {
        "hidden_states": torch.randn(1, tokens, config.in_channels, **kind),
        "encoder_hidden_states": torch.randn(1, 512, config.joint_attention_dim, **kind),
        "pooled_projections": torch.randn(1, config.pooled_projection_dim, **kind),
        "timestep": torch.full((1,), 0.5, **kind), "guidance": torch.ones(1, **kind) if guided else None,
        "img_ids": torch.zeros(tokens, 3, **kind), "txt_ids": torch.zeros(512, 3, **kind),
        "return_dict": False,
    }  # fmt: skip


def adapters(model: nn.Module, names: list[str], count: int, device: torch.device) -> list[Adapter]:
    """Random updates of the layers `names`, small beside the weights."""
    random = torch.Generator(device).manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random, device=device).bfloat16() / 64

    found = []
    for number in range(count):
        modules = {}
        for name in names:
            layer = model.get_submodule(name)
            down, up = drawn(RANK, layer.in_features), drawn(layer.out_features, RANK)
            modules[f"transformer.{name}"] = Factors(down, up, 1.0)
        found.append(Adapter(modules, Card(name=f"bench {number}", family="flux")))
    return found


def seconds(device: torch.device, *works: Callable[[], Any], repeats: int = 4) -> list[float]:
    """Median seconds of each, called in turn."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(repeats + 1):
        for times, work in zip(found, works, strict=True):
            _wait(device)
            begun = time.perf_counter()
            work()
            _wait(device)
            times.append(time.perf_counter() - begun)
    return [statistics.median(times[1:]) for times in found]


def once(device: torch.device, work: Callable[[], Any]) -> float:
    """Seconds of what cannot be done twice."""
    _wait(device)
    begun = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - begun


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def prints(model: nn.Module) -> list[float]:
    """A number for each parameter that changes with every bit of it."""
    return [float(p.detach().view(torch.int16 if p.itemsize == 2 else torch.int32).double().sum())
            for p in model.parameters()]  # fmt: skip


def ours(
    model: Any, run: Callable[[], Any], made: list[Adapter], device: torch.device, live: Sequence[int] = LIVE
) -> dict[str, Any]:
    """Forwards over the base's, seconds of changes, bytes left, and whether the base is what it was."""
    before, found = prints(model), {"forward over base": {}, "change": {}, "new weights": {}}
    for count in live:
        with lorakit.applied(model, dict.fromkeys(made[:count], 0.5)):
            beside = seconds(device, run)[0]
        found["forward over base"][count] = beside / seconds(device, run)[0]
    with lorakit.applied(model, dict.fromkeys(made[:2], 0.5)):
        apart = run()[0].float()
    found["merge"] = once(device, lambda: lorakit.merge(model, dict.fromkeys(made[:2], 0.5)))
    merged, inside = seconds(device, run)[0], run()[0].float()
    found["unmerge"] = once(device, lambda: lorakit.unmerge(model))
    found["merged over base"] = merged / seconds(device, run)[0]
    found["merged beside live, relative"] = float((apart - inside).norm() / inside.norm())
    for loaded in (2, live[-1]):
        mixes, levels = cycle([{made[0]: 1.0}, {made[loaded - 1]: 0.8}]), cycle(range(1, 100))

        def change(mixes: Iterator[dict[Adapter, float]] = mixes) -> None:
            with lorakit.applied(model, next(mixes)):
                pass

        def reweigh(levels: Iterator[int] = levels) -> None:
            with lorakit.applied(model, {made[0]: next(levels) / 100, made[1]: 0.5}):
                pass

        found["change"][loaded], found["new weights"][loaded] = seconds(device, change, reweigh)
    found["left after 100 changes"] = _left(device, change)
    found["base is what it was"] = prints(model) == before
    return found


def _left(device: torch.device, change: Callable[[], None]) -> int | None:
    if device.type != "cuda":
        return None
    change()
    gc.collect()
    before = torch.cuda.memory_allocated()
    for _ in range(100):
        change()
    gc.collect()
    return torch.cuda.memory_allocated() - before


def peer(
    model: Any, run: Callable[[], Any], names: list[str], device: torch.device, live: Sequence[int] = LIVE
) -> dict[str, Any]:
    """The same of PEFT, through the functions that diffusers gives its models."""
    from peft import LoraConfig

    found: dict[str, Any] = {"forward over base": {}, "change": {}}
    added = 0
    for count in live:
        for number in range(added, count):
            model.add_adapter(LoraConfig(r=RANK, target_modules=names), adapter_name=f"a{number}")
        added = count
        model.set_adapters([f"a{n}" for n in range(count)], [0.5] * count)
        beside = seconds(device, run)[0]
        with _off(model):
            found["forward over base"][count] = beside / seconds(device, run)[0]
        turns = cycle(["a0", f"a{count - 1}"])
        if count in (2, live[-1]):
            found["change"][count] = seconds(device, lambda turns=turns: model.set_adapters([next(turns)]))[0]
        if count == 2:
            model.set_adapters(["a0", "a1"], [0.5] * 2)
            found["merge"] = once(device, lambda: model.fuse_lora(adapter_names=["a0", "a1"]))
            merged = seconds(device, run)[0]
            found["unmerge"] = once(device, model.unfuse_lora)
            with _off(model):
                found["merged over base"] = merged / seconds(device, run)[0]
    return found


@contextmanager
def _off(model: Any) -> Iterator[None]:
    model.disable_adapters()
    try:
        yield
    finally:
        model.enable_adapters()


def measured(shape: str, side: int) -> dict[str, Any]:
    """All figures, ours and the peer's."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    model: Any = random_base(shape, device, dtype, False, False).model
    names, given = models.targets(model), inputs(model, side, device, dtype)

    @torch.no_grad()
    def run() -> Any:
        return model(**given)

    forward = seconds(device, run)[0]
    made = adapters(model, names, max(LIVE), device)
    found = {"layers": len(names), "base forward, seconds": forward, "ours": ours(model, run, made, device)}
    print(json.dumps(found), flush=True)  # the peer takes a while to take 25 adapters in
    return found | {"peer": peer(model, run, names, device)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--side", type=int, default=1024, help="pixels of the picture's side")
    parser.add_argument("--shape", default="flux", choices=("flux", "flux-small"))
    options = parser.parse_args()
    print(json.dumps(measured(options.shape, options.side), indent=2))


if __name__ == "__main__":
    main()
