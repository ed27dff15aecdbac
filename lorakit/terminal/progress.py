"""What a job does, told in the terminal."""

import time
from typing import Any

from lorakit.units import duration

TELL_SECONDS = 2.0


class Teller:
    """Prints a job's events, one line each; steps at most every two seconds."""

    def __init__(self) -> None:
        self.told = 0.0

    def __call__(self, event: dict[str, Any]) -> None:
        name = event["event"]
        left = f", about {duration(event['seconds_left'])} left" if event.get("seconds_left") else ""
        if name == "step":
            if time.monotonic() - self.told < TELL_SECONDS and event["step"] != event["total"]:
                return
            self.told = time.monotonic()
            line = f"step {event['step']} of {event['total']}, loss {event['loss']:.4f}{left}"
        elif name == "image":
            line = f"image {event['done']} of {event['total']}{left}: {event['path']}"
        elif name == "preview":
            line = f"preview at step {event['step']}: {event.get('path') or event.get('text')}"
        elif name == "held_out":
            line = f"held-out loss at step {event['step']}: {event['loss']:.4f}"
        elif name == "note":
            line = event["text"]
        elif name == "findings":
            from lorakit.data.findings import Finding

            line = "\n".join(f"{row['severity']}: {Finding(**row)}" for row in event["rows"])
        elif name == "caption":
            line = f"{event['file_name']}: {event['text']}"
        else:
            return
        print(line, flush=True)
