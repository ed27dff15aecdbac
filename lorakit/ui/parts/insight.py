"""What a training says of itself while it runs: losses, each block's update, and what it repeats."""

from typing import Any

import pandas as pd
from markupsafe import Markup

from lorakit.ui import theme
from lorakit.ui.parts import pictures, pieces

TRAINING, HELD_OUT = "training", "held-out"
COLOURS = dict(zip((TRAINING, HELD_OUT), theme.LINES, strict=True))
MOST_BARS = 120


def losses(events: list[dict[str, Any]]) -> pd.DataFrame:
    """Points of both lines: the smoothed loss of the steps, and the loss on held-out data."""
    kinds = {"step": TRAINING, "held_out": HELD_OUT}
    rows = [event for event in events if event["event"] in kinds and event.get("loss") is not None]
    return pd.DataFrame(
        {
            "step": [row["step"] for row in rows],
            "loss": [row["loss"] for row in rows],
            "of": [kinds[row["event"]] for row in rows],
        }
    )


def looked(events: list[dict[str, Any]]) -> Markup:
    """The newest look at the adapter and at its previews, as one card; empty before the first."""
    last = {event["event"]: event for event in events if event["event"] in ("health", "memory")}
    parts = [_memory(last["memory"])] if "memory" in last else []
    parts += [_blocks(last["health"])] if "health" in last else []
    if not parts:
        return Markup()
    step = max(event["step"] for event in last.values())
    return pieces.card("How it is learning", Markup().join(parts), f"at step {step}")


def _memory(event: dict[str, Any]) -> Markup:
    if "words" in event:
        return _copied(event)
    if not event["close"]:
        return pieces.finding(
            "good",
            "It makes new images: the closest differs from your photos "
            f"{event['distance']:.1f} times as much as they differ from each other.",
        )
    copying = pieces.finding(
        "warn",
        "It’s starting to copy a photo (left: preview, right: your photo). Train for fewer steps, or add "
        "photos.",
    )
    pair = [pictures.uri(event[name]) for name in ("preview", "photo")]
    return copying + pieces.strip(pair) if all(pair) else copying


def _copied(event: dict[str, Any]) -> Markup:
    words = event["words"]
    if event["close"]:
        copying = f"It’s copying your texts: {words} words in a row, “{event['run']}”. Train for fewer steps."
        return pieces.finding("warn", copying)
    shared = f"the longest phrase shared with your texts has {words} words"
    if not words:
        shared = "no phrase is shared with your texts"
    usual = f"; your texts share {event['usual']} with each other" if event["usual"] else ""
    return pieces.finding("good", f"It writes its own sentences: {shared}{usual}.")


def _blocks(event: dict[str, Any]) -> Markup:
    rows = [(str(name), size) for name, size in event["blocks"]][:MOST_BARS]
    sizes = [size for _, size in rows if size is not None]
    top = max([*sizes, 1e-9])
    bars = Markup().join(_bar(name, size, top) for name, size in rows)
    about = f"{len(rows)} blocks in order: size of each update relative to the weights it changes"
    about += f" (max. {top:.1%})." if sizes else "."
    warnings = Markup().join(pieces.finding("warn", sentence) for sentence in event["said"])
    drawn = '{}<div class="spectrum">{}</div><p class="badge">{}</p>'
    return Markup(drawn).format(warnings, bars, about)


def _bar(name: str, size: float | None, top: float) -> Markup:
    if size is None:
        return Markup('<i class="broken" style="height:100%" title="{}: broken"></i>').format(name)
    height = max(3.0, 100 * size / top)
    return Markup('<i style="height:{:.0f}%" title="{}: {:.1%}"></i>').format(height, name, size)
