"""What a job may ask for: the rules of a kind's fields, and all that is wrong with a request, in sentences.

A kind's fields are those of a `Spec`; pydantic checks them, and `problems` says what it found in words that
name the field and what it must be. No torch here.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.fields import FieldInfo

from lorakit import durable
from lorakit.errors import LoraKitError

LONGEST_QUOTE = 40  # characters of a wrong value


@dataclass(frozen=True)
class Blank:
    """What is shown in the place of a field that a job of an earlier version lacks."""

    value: Any


class AsItIs:
    """Marks fields with names of files, which may be of any bytes."""


class OnThisMachine:
    """Marks fields with a file or folder of this machine, which not everybody may name."""


class Spec(BaseModel):
    """A request of one kind of job, as its spec.json has it: known fields alone, so no secret rides along."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _whole(cls, given: dict[Any, Any]) -> dict[str, Any]:
        """Texts without halves of characters, which neither a file nor a model can hold."""
        kept = {name for name, field in cls.model_fields.items() if _marked(field, AsItIs)}
        return {
            durable.whole(str(name)): value if name in kept else _whole(value)
            for name, value in given.items()
        }

    @classmethod
    def checked(cls, kind: str, given: Any) -> dict[str, Any]:
        """`given` as it is stored. Raises LoraKitError with every problem, a line each, naming its field."""
        if not isinstance(given, dict):
            raise LoraKitError(f"{kind} job: the spec must be a table of fields, not {type(given).__name__}")
        try:
            spec = cls.model_validate(given)
        except ValidationError as error:
            raise LoraKitError("\n".join(problems(kind, cls, error))) from None
        return {name: getattr(spec, name) for name in given}

    @classmethod
    def needed(cls) -> set[str]:
        """The fields that every request must have."""
        return {name for name, field in cls.model_fields.items() if field.is_required()}

    @classmethod
    def places(cls) -> list[str]:
        """The fields that name files and folders of this machine."""
        return [name for name, field in cls.model_fields.items() if _marked(field, OnThisMachine)]

    @classmethod
    def completed(cls, stored: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
        """A stored request with something in the place of every field that it needs, and the fields it lacks:
        a job of another version of the studio is shown, though it cannot run.
        """
        blanks = {name: _marked(cls.model_fields[name], Blank) or Blank("") for name in cls.needed()}
        spec = {name: deepcopy(blank.value) for name, blank in blanks.items()} | stored
        for name, blank in blanks.items():  # a table inside may lack a field too
            if isinstance(blank.value, dict) and isinstance(spec[name], dict):
                spec[name] = blank.value | spec[name]
        return spec, tuple(sorted(cls.needed() - set(stored)))


def _marked(field: FieldInfo, marker: type) -> Any:
    return next((mark for mark in field.metadata if isinstance(mark, marker)), None)


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return durable.whole(value)
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return {key: _whole(each) for key, each in value.items()} if isinstance(value, dict) else value


def problems(kind: str, spec: type[Spec], error: ValidationError) -> list[str]:
    """What is wrong with a request, one sentence for each field; an error's own sentence stays as it is."""
    rows = error.errors(include_url=False)
    named = {what: _fields(rows, what) for what in ("missing", "extra_forbidden")}
    sentences = [
        f"{kind} job: {_and(names)} {'is' if len(names) == 1 else 'are'} {words}; it takes "
        f"{', '.join(sorted(spec.model_fields))}"
        for names, words in ((named["missing"], "missing"), (named["extra_forbidden"], "not known"))
        if names
    ]
    for row in rows:
        if row["type"] in named:
            continue
        name = str(row["loc"][0]) if row["loc"] else ""
        own = row.get("ctx", {}).get("error")
        if isinstance(own, LoraKitError):
            sentences.append(str(own))
        elif own is not None:
            sentences.append(f"{kind} job: {f'{name} {own}'.strip()}")
        else:
            sentences.append(f"{kind} job: {_wrong(name, spec.model_fields[name], row)}")
    return list(dict.fromkeys(sentences))


def _fields(rows: Iterable[Any], type_: str) -> list[str]:
    return sorted(str(row["loc"][0]) for row in rows if row["type"] == type_ and len(row["loc"]) == 1)


def _and(names: list[str]) -> str:
    *first, last = map(repr, names)
    return f"{', '.join(first)} and {last}" if first else last


def _wrong(name: str, field: FieldInfo, row: Mapping[str, Any]) -> str:
    """A value that is not of its field's type, or beyond its limits. Texts and tables are not repeated."""
    what = must_be(field.annotation, field.metadata)
    if len(row["loc"]) > 1 or what.startswith(("text", "a list", "a table")):
        return f"{name} must be {what}"
    return f"{name} is {row['input']!r:.{LONGEST_QUOTE}}; it must be {what}"


def must_be(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """What a field takes, in words: "a whole number from 1 to 20"."""
    optional = False
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        optional = len(kinds) < len(get_args(annotation))
        what = " or ".join(_type(kind, list(metadata)) for kind in kinds)
    else:
        what = _type(annotation, list(metadata))
    return f"{what}, or left out" if optional else what


def _type(annotation: Any, metadata: list[Any]) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return f"one of {', '.join(map(repr, inner))}" if len(inner) > 1 else repr(inner[0])
    if annotation is bool:
        return "true or false"
    if annotation in (int, float):
        return f"a {'whole ' if annotation is int else ''}number{_range(metadata)}"
    if annotation is str:
        longest = _limit(metadata, "max_length")
        return "text" if longest is None else f"text of at most {longest:,} characters"
    if list in (origin, annotation):
        return "a list" + (f" of {_plural(inner[0])}" if inner else "")
    return "a table" if dict in (origin, annotation) else "something else"


def _plural(annotation: Any) -> str:
    return {str: "texts", int: "whole numbers", float: "numbers", bool: "true or false"}.get(
        annotation, "tables"
    )


def _range(metadata: list[Any]) -> str:
    low, high = (_limit(metadata, name) for name in ("ge", "le"))
    if low is not None and high is not None:
        return f" from {low} to {high}"
    return f" of at least {low}" if low is not None else f" of at most {high}" if high is not None else ""


def _limit(metadata: list[Any], name: str) -> Any:
    return next((value for mark in metadata if (value := getattr(mark, name, None)) is not None), None)
