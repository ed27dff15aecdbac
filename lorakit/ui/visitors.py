"""Who asks: whoever runs the studio (the operator), or one of its visitors, and what is theirs.

Until there are accounts a visitor is a browser, known by a cookie that no script can read and nobody can
guess; jobs keep a hash of it. The operator sits at the machine itself, or has logged in. Every handler asks
here for the jobs it shows or changes, so that what a page sends decides nothing.
"""

import hashlib
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.context import LocalContext
from gradio.utils import get_upload_folder
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from lorakit import workspace
from lorakit.errors import DataError, LoraKitError
from lorakit.families import offered
from lorakit.families.sources import STARTERS
from lorakit.jobs import queue
from lorakit.jobs.kinds import KINDS, checked
from lorakit.jobs.queue import Job
from lorakit.starter import SAMPLES
from lorakit.ui.door.hosts import (
    is_forwarded,
    is_local,
    named,
    numeric,
    without_port,
)

COOKIE = "lorakit-visitor"
KEY = "lorakit.visitor"  # where a request's scope keeps who sends it
LIMIT = "LORAKIT_MOST_WAITING"
MOST_WAITING = 20  # jobs of one visitor
OPERATORS = "is for whoever runs this studio; they can do it on the studio's own machine, or after logging in"
NO_COOKIE = (
    "Your browser did not send this page's cookie, by which the studio tells your work from that of others. "
    "Allow it, or open the studio in a tab of its own, and reload the page."
)


@dataclass(frozen=True)
class Visitor:
    """Somebody at the page. `id` is what their jobs carry: "" for the operator, a hash otherwise."""

    id: str = ""
    operator: bool = False

    def owns(self, job: Job) -> bool:
        """May they see and change it?"""
        return self.operator or (self.id != "" and job.owner == self.id)


OPERATOR, NOBODY = Visitor(operator=True), Visitor()


def new_cookie() -> str:
    """A value that nobody guesses."""
    return secrets.token_urlsafe(32)


def of_scope(scope: Scope) -> Visitor:
    """Who sends a request that has passed the login, if there is one."""
    if scope["app"].auth is not None or _is_at_the_machine(scope):
        return OPERATOR
    cookie = HTTPConnection(scope).cookies.get(COOKIE, "")
    if not re.fullmatch(r"[\w-]{43}", cookie, re.ASCII):
        return NOBODY
    return Visitor(hashlib.sha256(cookie.encode()).hexdigest()[:32])


def _is_at_the_machine(scope: Scope) -> bool:
    headers, address = Headers(scope=scope), numeric((scope.get("client") or ("",))[0] or "")
    near = address is not None and address.is_loopback and not is_forwarded(headers)
    return near and all(is_local(without_port(host)) for host in named(headers))


def of_request(request: Any) -> Visitor:
    """Who sends the request of a handler."""
    while isinstance(request, gr.Request):
        request = request.request
    return of_scope(request.scope) if request is not None else NOBODY


def asking() -> Visitor:
    """Who the handler that runs now works for. Outside of a page's event that is the operator."""
    request = LocalContext.request.get(None)
    if request is None:
        return OPERATOR if LocalContext.blocks.get(None) is None else NOBODY
    return of_request(request)


def tab() -> str:
    """The page, of several that a browser may have open, for which the handler runs; "" outside of one."""
    request = LocalContext.request.get(None)
    return getattr(request, "session_hash", None) or ""


def get(job_id: str) -> Job:
    """The job called `job_id`. Raises DataError, the same for none and for another's."""
    job = queue.get(job_id)
    if not asking().owns(job):
        raise DataError(f"job {job_id[:80]!r} does not exist; it may have been removed")
    return job


def list_jobs(kinds: list[str] | None = None, ended: bool = True) -> list[Job]:
    """The jobs that whoever asks may see, newest first, as `jobs.list_jobs` takes them."""
    visitor = asking()
    return [job for job in queue.list_jobs(kinds, ended) if visitor.owns(job)]


def start(kind: str, spec: dict[str, Any], once: bool = True) -> Job:
    """A new job of whoever asks; with `once` the same one when it already waits or runs.

    Raises LoraKitError when it cannot run, when its paths are not the visitor's, or when too many wait.
    """
    visitor = asking()
    if not visitor.operator:
        if not visitor.id:
            raise LoraKitError(NO_COOKIE)
        _check_paths(kind, spec)
        _check_number(kind, spec, visitor)
    return (queue.create_once if once else queue.create)(kind, spec, visitor.id)


def operator_only(what: str) -> None:
    """Raise LoraKitError unless the operator asks. `what`: "Renaming an adapter"."""
    if not asking().operator:
        raise LoraKitError(f"{what} {OPERATORS}")


def may_read(path: str | Path, visitor: Visitor) -> bool:
    """May they have this file? Of the workspace only the pictures of their own campaigns are handed out by
    their place; what else a page shows, it gets as a copy under a name that nobody guesses.
    """
    real, home = os.path.realpath(path), os.path.realpath(workspace.home())
    copies = os.path.realpath(get_upload_folder())  # in the workspace where there is no other place
    if visitor.operator or not _inside(real, home) or _inside(real, copies):
        return True
    campaigns = os.path.realpath(workspace.campaigns_folder())
    if not _inside(real, campaigns):
        return False
    try:
        return visitor.owns(queue.get(Path(real).relative_to(campaigns).parts[0]))
    except (LoraKitError, IndexError):
        return False


def _check_paths(kind: str, spec: dict[str, Any]) -> None:
    """A visitor learns nothing of this machine's files: what is not theirs is one answer, there or not."""
    if spec.get("base") not in STARTERS:
        offered.check(str(spec.get("base", "")))
    own = [os.path.realpath(folder) for folder in (workspace.uploads_folder(), SAMPLES)]
    for name in KINDS[kind].spec.places() if kind in KINDS else ():
        given = spec.get(name)
        for path in given if isinstance(given, list) else [given]:
            real = os.path.realpath(path) if isinstance(path, str) else ""
            if real and not any(_inside(real, folder) for folder in own):
                raise DataError(f"{name}: upload what it is to learn from; this page takes no other files")


def _check_number(kind: str, spec: dict[str, Any], visitor: Visitor) -> None:
    by_page = KINDS[kind].passing  # what the page asks for by itself; each replaces the one before
    most = most_waiting()
    mine = [job for job in queue.waiting(visitor.id) if KINDS[job.kind].passing is by_page]
    if len(mine) >= most and checked(kind, spec) not in [job.spec for job in mine]:
        raise LoraKitError(
            f"{len(mine)} of your jobs are waiting, and this studio takes no more than {most} of one "
            "visitor; wait until one is done, or cancel one"
        )


def most_waiting() -> int:
    """How many jobs of one visitor may wait."""
    stated = os.environ.get(LIMIT, "").strip()
    return int(stated) if stated.isdecimal() and int(stated) else MOST_WAITING


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
