"""The kinds of job, each in one file: what it may ask for (`Spec`), what it does (`run`), and its `KIND`.

A new kind is a file with a KIND that is named here. No torch here: kinds import what is heavy when they run.
"""

from typing import Any

from lorakit.errors import LoraKitError
from lorakit.jobs.kind import Kind
from lorakit.jobs.kinds import (
    campaign,
    caption,
    catalogue,
    check,
    combine,
    copy,
    forecast,
    train,
    voice,
)

MODULES = (train, voice, campaign, copy, check, combine, forecast, catalogue, caption)
KINDS: dict[str, Kind] = {module.KIND.name: module.KIND for module in MODULES}


def register(kind: Kind) -> None:
    """Add a kind of job. Raises ValueError when its name is taken."""
    if kind.name in KINDS:
        raise ValueError(f"{kind.name} is already a kind of job")
    KINDS[kind.name] = kind


def checked(kind: str, spec: Any) -> dict[str, Any]:
    """The spec as it is stored. Raises LoraKitError that names every field that is wrong."""
    if not isinstance(kind, str) or kind not in KINDS:
        raise LoraKitError(f"job: unknown kind {str(kind)[:40]!r}; use one of {', '.join(KINDS)}")
    return KINDS[kind].spec.checked(kind, spec)
