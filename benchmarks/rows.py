"""What every comparison has in common: a row, how long things take in turn, and where rows are written."""

import importlib.metadata
import json
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import torch

BEGIN, END = "<!-- rows -->\n", "<!-- /rows -->\n"
LIBRARIES = ("torch", "peft", "diffusers", "transformers")


@dataclass
class Row:
    """One comparison. `ours` and `peer` are in `unit`; `peer` is None where no peer does the same. `ratio` is
    how many times more the peer takes.
    """

    name: str
    ours: float
    peer: float | None
    ratio: float | None
    note: str
    unit: str = "s"


def row(name: str, ours: float, peer: float | None, note: str, unit: str = "s") -> Row:
    """A finished row."""
    if peer is None:
        return Row(name, _rounded(ours), None, None, note, unit)
    ratio = 1.0 if peer == ours else peer / ours if ours else None
    return Row(name, _rounded(ours), _rounded(peer), ratio and round(ratio, 3), note, unit)


def seconds(work: Callable[[], Any]) -> float:
    """Processor seconds of one call: on one thread what it takes when nothing else runs."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def in_turn(*works: Callable[[], Any], repeats: int) -> list[list[float]]:
    """Seconds of every call of each, called in turn so that a busy machine's caches slow all alike."""
    for work in works:
        work()
    return [list(column) for column in zip(*([seconds(work) for work in works] for _ in range(repeats)),
                                           strict=True)]  # fmt: skip


def least(*works: Callable[[], Any], repeats: int) -> list[float]:
    """The least seconds of each: what it takes when nothing else runs."""
    return [min(times) for times in in_turn(*works, repeats=repeats)]


def usual(*works: Callable[[], Any], repeats: int) -> list[float]:
    """Median seconds of each, where calls differ by themselves."""
    return [statistics.median(times) for times in in_turn(*works, repeats=repeats)]


def show(rows: Sequence[Row]) -> None:
    """The rows in a terminal."""
    for one in rows:
        peer, ratio = (_shown(value) for value in (one.peer, one.ratio))
        print(
            f"{one.name:52} ours {_shown(one.ours):>10}  peer {peer:>10} {one.unit:9} x{ratio:<8} {one.note}"
        )


def write(rows: Sequence[Row], path: Path) -> None:
    """The rows as JSON, and as the table of the README.md beside it, if that has a place for one."""
    path.write_text(json.dumps([asdict(one) for one in rows], indent=2) + "\n")
    page = path.with_name("README.md")
    text = page.read_text() if page.is_file() else ""
    if BEGIN in text and END in text:
        head, rest = text.split(BEGIN, 1)
        page.write_text(head + BEGIN + table(rows) + END + rest.split(END, 1)[1])


def table(rows: Sequence[Row]) -> str:
    """The rows in markdown, with the machine, the versions and the date."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    where = f"{_machine()}, one thread, Python {platform.python_version()}, {versions}"
    lines = [
        f"{date.today().isoformat()}, {where}.",
        "",
        "| what | ours | peer | ratio | |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    for one in rows:
        peer, ratio = ("" if value is None else _shown(value) for value in (one.peer, one.ratio))
        unit = f" {one.unit}"
        lines.append(
            f"| {one.name} | {_shown(one.ours)}{unit} | {peer}{unit if peer else ''} | {ratio} | {one.note} |"
        )
    return "\n".join(lines) + "\n"


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines()
             if line.startswith("model name")] if info.is_file() else []  # fmt: skip
    return f"{names[0] if names else platform.machine()}, {len(names) or torch.get_num_threads()} cores"


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
