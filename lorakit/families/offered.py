"""What a visitor may name as a base: of this machine only what its operator offers, with one answer for the
rest, and nothing that only the operator's hub token opens. No torch here.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from lorakit.errors import BaseError

BASES = "LORAKIT_BASES"  # names folders whose models visitors may use, with the system's path separator
OFFERING = (BASES, "LORAKIT_CAPTIONER", "LORAKIT_JUDGE")
HUB_ID = re.compile(r"(?!\.)[\w.-]+/(?!\.)[\w.-]+(@[\w./-]+)?", re.ASCII)
NOT_OFFERED = (
    "base: this studio takes its own starter models, models on Hugging Face (owner/name) and models in the "
    f"folders that whoever runs it has listed in {BASES}; choose one of those"
)
IMPLICIT = "HF_HUB_DISABLE_IMPLICIT_TOKEN"
_visiting: ContextVar[bool] = ContextVar("visiting", default=False)


@contextmanager
def working_for(visitor: bool) -> Iterator[None]:
    """While this lasts, bases are resolved and fetched for a visitor, or else for the operator."""
    from huggingface_hub import constants

    before, token = constants.HF_HUB_DISABLE_IMPLICIT_TOKEN, _visiting.set(visitor)
    stated = os.environ.get(IMPLICIT, "").upper() in ("1", "ON", "YES", "TRUE")
    constants.HF_HUB_DISABLE_IMPLICIT_TOKEN = visitor or stated
    try:
        yield
    finally:
        _visiting.reset(token)
        constants.HF_HUB_DISABLE_IMPLICIT_TOKEN = before


def is_for_visitor() -> bool:
    """Is a visitor's job at work?"""
    return _visiting.get()


def check(source: str) -> None:
    """Raise BaseError, the same for all, unless a visitor may name this folder, file or hub id. Looks at
    nothing but the text.
    """
    if not HUB_ID.fullmatch(source) and not is_offered(source):
        raise BaseError(NOT_OFFERED)


def is_offered(source: str) -> bool:
    """Does this lie in a folder that visitors may use, as far as the text says?"""
    path = os.path.expanduser(source)
    if not os.path.isabs(path) or ".." in path.split(os.sep) or "\0" in path:
        return False
    listed = (part.strip() for name in OFFERING for part in os.environ.get(name, "").split(os.pathsep))
    folders = (os.path.abspath(os.path.expanduser(part)) for part in listed if part)
    plain = os.path.normpath(path)
    return any(plain == folder or plain.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)
