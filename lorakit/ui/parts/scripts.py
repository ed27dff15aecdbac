"""The page's scripts: each is a file of `ui/js`, where editors and linters know what it is."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "js"


@cache
def script(name: str, **values: Any) -> str:
    """The text of `ui/js/<name>.js`, each `$KEY` of `values` in it written as JSON (strings, numbers)."""
    text = (FOLDER / f"{name}.js").read_text(encoding="utf-8").strip()
    for key, value in values.items():
        text = text.replace(f"${key}", json.dumps(value))
    return text
