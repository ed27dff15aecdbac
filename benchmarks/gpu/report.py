"""The outcomes as JSON and as a Markdown table."""

import importlib.metadata
import json
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu.check import Outcome
from lorakit import durable

LIBRARIES = ("torch", "diffusers", "transformers", "bitsandbytes", "peft")


def machine() -> dict[str, Any]:
    """What the figures were taken on."""
    gpu = torch.cuda.is_available()
    found = {name: version for name in LIBRARIES if (version := _version(name))}
    return {
        "date": date.today().isoformat(),
        "device": torch.cuda.get_device_name() if gpu else "no GPU",
        "memory_gb": round(torch.cuda.get_device_properties(0).total_memory / 1e9, 1) if gpu else None,
        "cuda": torch.version.cuda,
        "python": platform.python_version(),
        "versions": found,
    }


def write_json(outcomes: Sequence[Outcome], tiny: bool, path: Path) -> None:
    """Everything."""
    rows = [each.to_dict() for each in outcomes]
    durable.write_json(path, {"machine": machine(), "tiny": tiny, "checks": rows})


def markdown(outcomes: Sequence[Outcome], tiny: bool) -> str:
    """A table of the verdicts, and what each check measured."""
    about = machine()
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    sizes = "tiny shapes, which say nothing of true ones" if tiny else "true sizes, random weights"
    lines = [
        f"{about['date']}, {about['device']}, Python {about['python']}, {versions}; {sizes}.",
        "",
        "| check | outcome | seconds | figures |",
        "| --- | --- | ---: | --- |",
    ]
    for each in outcomes:
        figures = "; ".join(f"{name}: {_shown(value)}" for name, value in each.figures.items())
        ended = f"**{each.verdict}**: {each.words}" if each.words else f"**{each.verdict}**"
        cells = f"`{each.name}`: {each.shows}", ended, f"{each.seconds:g}", figures
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value).replace('"', "")
    return "none" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
