"""What a training says of itself while it runs: losses, each block's update, and what it repeats."""

from html import escape
from typing import Any

import pandas as pd
from markupsafe import Markup

from lorakit.ui import theme
from lorakit.ui.parts import pictures, pieces

TRAINING, ASIDE = "training", "kept aside"
COLOURS = dict(zip((TRAINING, ASIDE), theme.LINES, strict=True))
MOST_BARS = 120


def losses(events: list[dict[str, Any]]) -> pd.DataFrame:
    """Points of both lines: the smoothed loss of the steps, and the loss on what was kept aside."""
    kinds = {"step": TRAINING, "held_out": ASIDE}
    rows = [event for event in events if event["event"] in kinds and event.get("loss") is not None]
    return pd.DataFrame(
        {
            "step": [row["step"] for row in rows],
            "loss": [row["loss"] for row in rows],
            "of": [kinds[row["event"]] for row in rows],
        }
    )


def looked(events: list[dict[str, Any]]) -> str:
    """The newest look at the adapter and at its previews, as one card; empty before the first."""
    last = {event["event"]: event for event in events if event["event"] in ("health", "memory")}
    parts = [_memory(last["memory"])] if "memory" in last else []
    parts += [_blocks(last["health"])] if "health" in last else []
    if not parts:
        return ""
    step = max(event["step"] for event in last.values())
    return pieces.card("How it is learning", "".join(parts), f"at step {step}")


def _memory(event: dict[str, Any]) -> str:
    if "words" in event:
        return _copied(event)
    if not event["close"]:
        said = (
            "It draws new pictures: the nearest to one of your photos is "
            f"{event['distance']:.1f} times as far from it as your photos are from each other."
        )
        return _finding("good", said)
    said = "It begins to repeat a photo (left the picture, right your photo): stop earlier, or add photos."
    pair = [pictures.uri(event[name]) for name in ("preview", "photo")]
    return Markup(_finding("warn", said)) + (pieces.strip(pair) if all(pair) else "")


def _copied(event: dict[str, Any]) -> str:
    if event["close"]:
        said = f"It repeats your texts: {event['words']} words in a row, “{event['run']}”. Stop earlier."
        return _finding("warn", said)
    words = event["words"]
    found = f"the longest run of words it shares with your texts is {words}" if words else "no run is shared"
    usual = f"; your texts share {event['usual']} with each other" if event["usual"] else ""
    return _finding("good", f"It writes its own sentences: {found}{usual}.")


def _blocks(event: dict[str, Any]) -> str:
    rows = [(str(name), size) for name, size in event["blocks"]][:MOST_BARS]
    sizes = [size for _, size in rows if size is not None]
    top = max([*sizes, 1e-9])
    bars = "".join(_bar(name, size, top) for name, size in rows)
    about = f"{len(rows)} blocks in order: how large each update is beside the weights it changes"
    about += f", {top:.1%} at most." if sizes else "."
    said = "".join(_finding("warn", sentence) for sentence in event["said"])
    return f'{said}<div class="spectrum">{bars}</div><p class="badge">{about}</p>'


def _bar(name: str, size: float | None, top: float) -> str:
    if size is None:
        return f'<i class="broken" style="height:100%" title="{escape(name)}: broken"></i>'
    height = max(3.0, 100 * size / top)
    return f'<i style="height:{height:.0f}%" title="{escape(name)}: {size:.1%}"></i>'


def _finding(style: str, said: str) -> str:
    return f'<div class="finding {style}"><i></i><div>{escape(said)}</div></div>'
