"""Mixing beside PEFT and diffusers: forwards, files, switching, what is left behind, what is compiled."""

import gc
import statistics
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import cycle
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch import nn

import lorakit
from benchmarks import models
from benchmarks.rows import Row, least, row, seconds, usual
from lorakit.lora.adapter import Adapter, Card, Factors

WIDTH, TOKENS, RANK = 1024, 512, 16  # of the forward rows: a stack of four attention-sized layers
LIVE = {1: 1.06, 2: 1.10, 4: 1.12, 8: 1.26, 25: 1.8}  # adapters: the most that we mean to take over the base
REPEATS = 15
LOADED = (2, 10)  # adapters that are in memory while two mixes are switched


class Stack(nn.Module):
    """Four square layers, the q, k, v and output projections of one attention."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


NAMES = [f"layers.{i}" for i in range(4)]


def adapters(count: int) -> list[Adapter]:
    """Rank-16 adapters for `Stack`."""
    random = torch.Generator().manual_seed(0)

    def factors() -> Factors:
        down, up = torch.randn(RANK, WIDTH, generator=random), torch.randn(WIDTH, RANK, generator=random)
        return Factors(down / 32, up / 32, float(RANK))

    return [Adapter({name: factors() for name in NAMES}, Card(name=str(n))) for n in range(count)]


def peer(count: int) -> Any:
    """`Stack` with as many adapters of PEFT's, named by their number."""
    config = LoraConfig(r=RANK, lora_alpha=RANK, target_modules=NAMES)
    model = get_peft_model(Stack(), config, adapter_name="0").eval()
    for number in range(1, count):
        model.add_adapter(str(number), config)
    return model


@torch.no_grad()
def forwards() -> list[Row]:
    """Time of a forward with K live adapters over the base's own, and with a merged mix."""
    torch.manual_seed(0)
    x, ours, base, rows = torch.randn(1, TOKENS, WIDTH), Stack().eval(), Stack().eval(), []
    theirs, made = peer(max(LIVE)), adapters(max(LIVE))
    for count, goal in LIVE.items():
        theirs.base_model.set_adapter([str(n) for n in range(count)])
        with lorakit.applied(ours, dict.fromkeys(made[:count], 1.0)):
            bare, live, other = least(lambda: base(x), lambda: ours(x), lambda: theirs(x), repeats=REPEATS)
        note = f"the base's own forward is 1; goal {goal}; {live * 1e3:.1f} and {other * 1e3:.1f} ms"
        rows.append(row(f"forward with {count} live adapters", live / bare, other / bare, note, "x base"))
    mixes = [{}, *({one: 1.0} for one in made[:7])]
    batch = torch.randn(8, TOKENS // 8, WIDTH)

    def one_by_one() -> None:
        for mix, line in zip(mixes, batch.split(1), strict=True):
            with lorakit.applied(ours, mix or {made[0]: 0.0}):
                ours(line)

    def together() -> None:
        with lorakit.applied_rows(ours, mixes):
            ours(batch)

    mine, alone = least(together, one_by_one, repeats=REPEATS)
    rows.append(row("8 rows with 8 mixes in one batch", mine, alone, "our own, one row after the other"))
    theirs.base_model.set_adapter(["0", "1"])
    theirs.merge_adapter()
    lorakit.merge(ours, dict.fromkeys(made[:2], 1.0))
    bare, live, other = least(lambda: base(x), lambda: ours(x), lambda: theirs(x), repeats=REPEATS)
    lorakit.unmerge(ours)
    rows.append(row("forward with a merged mix", live / bare, other / bare, "goal 1.01", "x base"))
    return rows


def files() -> list[Row]:
    """Open and attach adapter files, and change between loaded mixes, at FLUX's number of layers."""
    with tempfile.TemporaryDirectory() as folder:
        return _files(Path(folder))


def _files(folder: Path) -> list[Row]:
    model = models.transformer()
    paths = [models.adapter_file(model, folder / str(seed), seed) for seed in range(max(LOADED))]
    pipe, rows, opened = models.pipeline(models.transformer()), [], []

    def attach(path: Path) -> None:
        opened.append(lorakit.load_adapter(path))
        with lorakit.applied(model, {opened[-1]: 1.0}):
            pass

    def load(path: Path, name: str) -> None:
        pipe.load_lora_weights(path, adapter_name=name)

    what = f"{len(models.adapter(model, 0).modules)} layers, rank 16, width {models.NARROW * models.HEAD}"
    attach(paths[0])  # what is imported at the first use is no part of it
    opened.clear()
    for number, path in enumerate(paths):
        mine = _once(lambda p=path: attach(p), opened.pop)
        name = f"a{number}"
        other = _once(lambda p=path, n=name: load(p, n), lambda n=name: pipe.delete_adapters(n))
        if number in (0, 1, max(LOADED) - 1):
            rows.append(
                row(f"open and attach adapter {number + 1}", mine, other, f"{what}; load_lora_weights")
            )
        if number + 1 in LOADED:
            rows += _switching(model, pipe, opened)
    rows += _left(model, pipe, opened)
    return rows


def _once(work: Callable[[], Any], undo: Callable[[], Any], times: int = 3) -> float:
    """Median seconds of what can be done once only before it is undone; the last time it stays done."""
    found = []
    for left in reversed(range(times)):
        gc.collect()  # so that the garbage of one is not charged to the other
        found.append(seconds(work))
        if left:
            undo()
    return statistics.median(found)


def _switching(model: nn.Module, pipe: Any, opened: list[Adapter]) -> list[Row]:
    loaded, ours = len(opened), cycle([{opened[0]: 1.0}, {opened[1]: 0.8}])
    theirs, levels = cycle([("a0", 1.0), ("a1", 0.8)]), cycle(range(1, 100))

    def change() -> None:
        with lorakit.applied(model, next(ours)):
            pass

    def change_weights() -> None:
        with lorakit.applied(model, {opened[0]: next(levels) / 100, opened[1]: 0.5}):
            pass

    def set_adapters() -> None:
        name, weight = next(theirs)
        pipe.set_adapters([name], [weight])

    def set_weights() -> None:
        pipe.set_adapters(["a0", "a1"], [next(levels) / 100, 0.5])

    def fuse() -> None:
        pipe.fuse_lora()
        pipe.unfuse_lora()

    where = f"{loaded} adapters loaded"
    mine, other = usual(change, set_adapters, repeats=9)
    rows = [row(f"change between two mixes, {where}", mine, other, "put on and taken off; set_adapters")]
    mine, other = usual(change_weights, set_weights, repeats=9)
    rows.append(row(f"set other weights of two adapters, {where}", mine, other, "new weights; set_adapters"))
    if loaded == LOADED[0]:
        pipe.set_adapters(["a0"])
        mine, other = usual(change, fuse, repeats=5)
        rows.append(
            row(f"change between two mixes, fused, {where}", mine, other, "fuse_lora and unfuse_lora")
        )
    return rows


def _held() -> int:
    """Bytes of all tensors that are alive."""
    gc.collect()
    storages = {
        one.untyped_storage().data_ptr(): one.untyped_storage().nbytes()
        for one in gc.get_objects()
        if type(one) in (torch.Tensor, nn.Parameter) and one.device.type == "cpu"
    }
    return sum(storages.values())


def _left(model: nn.Module, pipe: Any, opened: list[Adapter]) -> list[Row]:
    """Bytes that 100 changes leave behind."""

    def ours(number: int) -> None:
        one, two = opened[number % len(opened)], opened[(number + 1) % len(opened)]
        with lorakit.applied(model, {one: 1.0, two: 0.01 * (number % 50)}):
            pass

    def theirs(number: int) -> None:
        pipe.set_adapters([f"a{number % len(opened)}", f"a{(number + 1) % len(opened)}"])

    left = []
    for change in (ours, theirs):
        for number in range(10):
            change(number)
        before = _held()
        for number in range(100):
            change(number)
        left.append(_held() - before)
    return [row("left after 100 changes of the mix", *left, "all tensors alive; set_adapters", "bytes")]


def compiled() -> list[Row]:
    """How often torch.compile compiles while mixes of equal total rank take turns."""
    x, made, theirs, ours = torch.randn(1, 8, WIDTH), adapters(4), peer(4), Stack().eval()
    pairs = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)]

    def count(model: nn.Module, put_on: Callable[[tuple[int, int]], AbstractContextManager[Any]]) -> int:
        graphs = []

        def backend(graph: Any, inputs: Any) -> Any:
            graphs.append(graph)
            return graph.forward

        torch._dynamo.reset()
        run = torch.compile(model, backend=backend)
        with torch.no_grad():
            for pair in pairs:
                with put_on(pair):
                    run(x)
        torch._dynamo.reset()
        return len(graphs)

    def set_adapter(pair: tuple[int, int]) -> AbstractContextManager[Any]:
        theirs.base_model.set_adapter([str(n) for n in pair])
        return torch.no_grad()

    mine = count(
        ours, lambda pair: lorakit.applied(ours, {made[pair[0]]: 0.1 * sum(pair), made[pair[1]]: 0.5})
    )
    other = count(theirs, set_adapter)
    return [
        row(
            f"compilations for {len(pairs)} mixes of two",
            mine,
            other,
            "equal total rank; set_adapter",
            "graphs",
        )
    ]


def report() -> list[Row]:
    """What the stack report of four adapters of FLUX's full width takes."""
    model = models.transformer(models.FULL)
    mix = {models.adapter(model, seed): 0.8 for seed in range(4)}
    norms = dict.fromkeys(dict(model.named_modules()), 1.0)
    (mine,) = least(lambda: lorakit.stack_report(mix, model, norms), repeats=3)
    return [row("stack report of four adapters", mine, None, "418 layers, rank 16, width 3072; goal 1 s")]
