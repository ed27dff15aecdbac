"""What a training says of itself while it runs: losses, each block's update, and what it repeats."""

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from lorakit.events import Event, Health, HeldOut, LongestCopy, NearestPhoto, Step
from lorakit.ui import theme
from lorakit.ui.parts import pictures, pieces

TRAINING, HELD_OUT = "training", "held-out"
COLOURS = dict(zip((TRAINING, HELD_OUT), theme.LINES, strict=True))
MOST_BARS = 120


def losses(history: Sequence[Event]) -> pd.DataFrame:
    """Points of both lines: the smoothed loss of the steps, and the loss on held-out data."""
    points = [event for event in history if isinstance(event, Step | HeldOut) and event.loss is not None]
    return pd.DataFrame(
        {
            "step": [event.step for event in points],
            "loss": [event.loss for event in points],
            "of": [TRAINING if isinstance(event, Step) else HELD_OUT for event in points],
        }
    )


def looked(history: Sequence[Event]) -> Markup:
    """The newest look at the adapter and at its previews, as one card; empty before the first."""
    health = next((event for event in reversed(history) if isinstance(event, Health)), None)
    memory = next(
        (event for event in reversed(history) if isinstance(event, NearestPhoto | LongestCopy)), None
    )
    parts = []
    if memory is not None:
        parts.append(_copied(memory) if isinstance(memory, LongestCopy) else _nearest(memory))
    if health is not None:
        parts.append(_blocks(health))
    if not parts:
        return Markup()
    step = max(event.step for event in (health, memory) if event is not None)
    return pieces.card("How it is learning", Markup().join(parts), f"at step {step}")


def _nearest(event: NearestPhoto) -> Markup:
    if not event.close:
        return pieces.finding(
            "good",
            "It makes new images: the closest differs from your photos "
            f"{event.distance:.1f} times as much as they differ from each other.",
        )
    copying = pieces.finding(
        "warn",
        "It’s starting to copy a photo (left: preview, right: your photo). Train for fewer steps, or add "
        "photos.",
    )
    pair = [pictures.uri(path) for path in (event.preview, event.photo)]
    return copying + pieces.strip(pair) if all(pair) else copying


def _copied(event: LongestCopy) -> Markup:
    words = event.words
    if event.close:
        copying = f"It’s copying your texts: {words} words in a row, “{event.run}”. Train for fewer steps."
        return pieces.finding("warn", copying)
    shared = f"the longest phrase shared with your texts has {words} words"
    if not words:
        shared = "no phrase is shared with your texts"
    usual = f"; your texts share {event.usual} with each other" if event.usual else ""
    return pieces.finding("good", f"It writes its own sentences: {shared}{usual}.")


def _blocks(event: Health) -> Markup:
    rows = [(str(name), size) for name, size in event.blocks][:MOST_BARS]
    sizes = [size for _, size in rows if size is not None]
    top = max([*sizes, 1e-9])
    bars = Markup().join(_bar(name, size, top) for name, size in rows)
    about = f"{len(rows)} blocks in order: size of each update relative to the weights it changes"
    about += f" (max. {top:.1%})." if sizes else "."
    warnings = Markup().join(pieces.finding("warn", sentence) for sentence in event.said)
    return Markup('{}<div class="spectrum">{}</div><p class="badge">{}</p>').format(warnings, bars, about)


def _bar(name: str, size: float | None, top: float) -> Markup:
    if size is None:
        return Markup('<i class="broken" style="height:100%" title="{}: broken"></i>').format(name)
    height = max(3.0, 100 * size / top)
    return Markup('<i style="height:{:.0f}%" title="{}: {:.1%}"></i>').format(height, name, size)
