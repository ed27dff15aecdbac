"""`REPORT.md` of the starter bases: sections between markers, so that each can be measured and replaced
alone.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from lorakit import durable
from lorakit.starter import HERE

REPORT = HERE / "REPORT.md"
PICTURES = HERE / "report"
HEAD = """# What the starter models can do

Two small demo models, trained from scratch by `python -m lorakit.starter.build`: what they can and cannot do.
They are for trying out the studio; to publish images and copy, choose a larger base model.
"""
ORDER = ("run", "image", "adapter", "text", "voice")


def write_section(name: str, markdown: str, path: Path = REPORT) -> None:
    """Replace the section `name` of the report, or add it; the others stay as they are."""
    text = path.read_text(encoding="utf-8") if path.exists() else HEAD
    names = [*ORDER, *(() if name in ORDER else (name,))]
    sections = {known: found for known in names if (found := _section(text, known)) is not None}
    sections[name] = markdown.strip()
    parts = [f"<!-- {n} -->\n{sections[n]}\n<!-- /{n} -->\n" for n in names if n in sections]
    durable.write_text(path, "\n".join([HEAD, *parts]))


def _section(text: str, name: str) -> str | None:
    start, end = f"<!-- {name} -->\n", f"\n<!-- /{name} -->"
    if start not in text or end not in text:
        return None
    return text.split(start, 1)[1].split(end, 1)[0]


def sheet(rows: list[list[np.ndarray]], name: str, gap: int = 2) -> Path:
    """Save pictures (H, W, 3) uint8, one list per row, as report/`name`.png; returns its path."""
    heights = [max(picture.shape[0] for picture in row) for row in rows]
    width = max(sum(picture.shape[1] + gap for picture in row) for row in rows) - gap
    canvas = Image.new("RGB", (width, sum(heights) + gap * (len(rows) - 1)), "white")
    top = 0
    for row, height in zip(rows, heights, strict=True):
        left = 0
        for picture in row:
            canvas.paste(Image.fromarray(picture), (left, top))
            left += picture.shape[1] + gap
        top += height + gap
    target = PICTURES / f"{name}.png"
    with durable.replacing(target) as aside:
        # 256 colours: a third of the size, and a sheet is for looking at, not for measuring.
        canvas.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(aside, optimize=True)
    return target


def verdict(reached: float, goal: float, digits: int = 0, unit: str = " %") -> str:
    """`reached` beside its goal, and whether it is met."""
    word = "met" if reached >= goal else "not met"
    return f"{reached:.{digits}f}{unit} (goal {goal:.0f}{unit}: {word})"
