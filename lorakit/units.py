"""Times and sizes in words, the same on the page, in the terminal and in errors."""


def duration(seconds: float) -> str:
    """A time in words, such as "40 s", "3 min" or "1 h 20 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def size(count: float) -> str:
    """Bytes in words, such as "12 MB"."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"


def shortened(text: str, most: int = 80) -> str:
    """`text` within `most` characters, an ellipsis in the place of what is left out."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
