"""What a job does, told in the terminal."""

import time
from typing import Any

from lorakit import events
from lorakit.units import duration

TELL_SECONDS = 2.0


class Teller:
    """Prints a job's events, one line each; steps at most every two seconds."""

    def __init__(self) -> None:
        self.told = 0.0

    def __call__(self, row: dict[str, Any]) -> None:
        event = events.read(row)
        if isinstance(event, events.Step):
            if time.monotonic() - self.told < TELL_SECONDS and event.step != event.total:
                return
            self.told = time.monotonic()
        line = _line(event)
        if line:
            print(line, flush=True)


def _line(event: events.Event | None) -> str:
    match event:
        case events.Step(step, total, loss, left):
            known = "" if loss is None else f", loss {loss:.4f}"
            return f"step {step} of {total}{known}{_left(left)}"
        case events.Image(_, path, done, total, left):
            return f"image {done} of {total}{_left(left)}: {path}"
        case events.ImagePreview(step, path):
            return f"preview at step {step}: {path}"
        case events.TextPreview(step, _, text):
            return f"preview at step {step}: {text}"
        case events.HeldOut(step, loss):
            return "" if loss is None else f"held-out loss at step {step}: {loss:.4f}"
        case events.Note():
            return event.text
        case events.Findings(rows):
            from lorakit.data.findings import Finding

            return "\n".join(f"{row['severity']}: {Finding(**row)}" for row in rows)
        case events.Caption(file_name, text):
            return f"{file_name}: {text}"
    return ""


def _left(seconds: float | None) -> str:
    return f", about {duration(seconds)} left" if seconds else ""
