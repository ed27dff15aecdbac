"""An event: told as a dict (`Event.row`), which is also its line of JSON in a job's `events.jsonl`.

`read` turns such a dict back into one of the dataclasses of `lorakit.events`. A field that is None is left
out, but for those that a kind always tells; whatever an old or a broken line lacks has its default.
"""

import math
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any, ClassVar

Emit = Callable[[dict[str, Any]], None]


def ignore(event: dict[str, Any]) -> None:
    """Tell nobody."""


class Event:
    """A kind of event; `kind` is its name in JSON, `by` the field that only this shape of the kind has, and
    `always` are the fields that are told even when they are None.
    """

    kind: ClassVar[str]
    by: ClassVar[str]
    always: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls, kind: str, by: str = "", always: tuple[str, ...] = ()) -> None:
        cls.kind, cls.by, cls.always = kind, by, always

    def row(self) -> dict[str, Any]:
        """The event as it is told and written."""
        return {"event": self.kind} | {
            name: value for name, value in vars(self).items() if value is not None or name in self.always
        }


def read(row: dict[str, Any]) -> Event | None:
    """The event of a row; None when there is no such kind. Never raises, whatever the row contains."""
    kind = row.get("event")
    shapes = _shapes().get(kind, ()) if isinstance(kind, str) else ()
    shape = next((each for each in shapes if each.by in row or not each.by), None)
    if shape is None:
        return None
    readers = _readers(shape)
    values = {name: readers[name](value) for name, value in row.items() if name in readers}
    return shape(**{name: value for name, value in values.items() if value is not None})


@cache
def _shapes() -> dict[str, list[type[Event]]]:
    found: dict[str, list[type[Event]]] = {}
    for shape in Event.__subclasses__():
        found.setdefault(shape.kind, []).append(shape)
    return found


@cache
def _readers(shape: type[Event]) -> dict[str, Callable[[Any], Any]]:
    return {each.name: READERS[each.type] for each in fields(shape)}  # type: ignore[arg-type,index]


def _whole(value: Any) -> int | None:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return int(value) if isinstance(value, int | float) else None


def _number(value: Any) -> float | None:
    return (
        float(value)
        if isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**1000)
        else None
    )


def _of(wanted: type) -> Callable[[Any], Any]:
    return lambda value: value if isinstance(value, wanted) else None


READERS: dict[Any, Callable[[Any], Any]] = {
    str: _of(str), str | None: _of(str), bool: _of(bool), int: _whole, int | None: _whole,
    float: _number, float | None: _number, list[Any]: _of(list),
    dict[str, Any]: _of(dict), dict[str, Any] | None: _of(dict),
}  # fmt: skip
