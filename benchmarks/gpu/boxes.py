"""Running checks, each in a process of its own with a time box: a hang or a lost device ends that one alone.

With a GPU the processes are fresh, as CUDA does not survive a fork, and the next one imports its libraries
while the current one runs. Without one they are forked, which takes no time.
"""

import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu.check import Check, Here, Outcome
from benchmarks.gpu.table import CHECKS

NEEDS_GPU = "needs a GPU"
PATIENCE = 10  # times as long for tiny shapes, which prove nothing of time, on a machine that may be busy
START_SECONDS = 90.0  # to import the libraries, which is not part of a check


def processes() -> Any:
    """How processes are made here."""
    return get_context("spawn" if torch.cuda.is_available() else "fork")


class Box:
    """The process of one check. It waits for `go` before it touches the device."""

    def __init__(self, check: Check, tiny: bool, folder: Path):
        self.check, context = check, processes()
        self.seconds = check.seconds * (PATIENCE if tiny else 1)
        self.events, outside = context.Pipe(duplex=False)
        self.ready, self.may_go = context.Event(), context.Event()
        arguments = (check.name, tiny, str(folder), outside, self.ready, self.may_go)
        self.process = context.Process(target=_inside, args=arguments)
        self.process.start()
        outside.close()

    def go(self) -> Outcome:
        """Let the check run until its end or its time is up."""
        outcome = Outcome(self.check.name, self.check.shows)
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.is_alive() and not self.ready.wait(0.2):
            pass
        begun = time.monotonic()
        until = begun + self.seconds
        self.may_go.set()
        try:
            while (left := until - time.monotonic()) > 0 and self.events.poll(left):
                name, value = self.events.recv()
                if name is None:
                    outcome.verdict, outcome.words = value
                    break
                outcome.figures[name] = value
            else:
                outcome.words = f"its {self.seconds:g} s were up; figures until then"
        except EOFError:  # it ended without a verdict
            self.process.join(5)
            outcome.words = f"its process ended with {self.process.exitcode}"
        outcome.seconds = round(time.monotonic() - begun, 1)
        self.end()
        return outcome

    def end(self) -> None:
        """End the process and all that it has started."""
        self.process.join(0.5 if self.may_go.is_set() else 0)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()


def run(checks: Sequence[Check], tiny: bool) -> Iterator[Outcome]:
    """The outcome of each check as soon as there is one."""
    gpu = torch.cuda.is_available()
    if not gpu and not tiny:
        yield from (Outcome(each.name, each.shows, "skipped", NEEDS_GPU) for each in checks)
        return
    waiting: list[Box] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        try:
            for number, check in enumerate(checks):
                box = waiting.pop() if waiting else Box(check, tiny, Path(place) / check.name)
                if gpu and number + 1 < len(checks):
                    following = checks[number + 1]
                    waiting.append(Box(following, tiny, Path(place) / following.name))
                print(f"\n{check.name}: {check.shows} (at most {box.seconds:g} s)", flush=True)
                try:
                    outcome = box.go()
                finally:
                    box.end()
                if not gpu and check.needs_gpu and outcome.verdict == "ok":
                    outcome.verdict, outcome.words = "skipped", NEEDS_GPU
                print(f"  {outcome.verdict}: {outcome.words} ({outcome.seconds} s)", flush=True)
                yield outcome
        finally:
            for box in waiting:
                box.end()


def _inside(name: str, tiny: bool, folder: str, out: Connection, ready: Any, may_go: Any) -> None:
    """What the process of a check does."""
    os.setpgrp()  # what it starts ends with it
    ready.set()
    if not may_go.wait(600):
        return

    def send(figure: str, value: Any) -> None:
        print(f"  {figure}: {value}", flush=True)
        out.send((figure, value))

    check = next(each for each in CHECKS if each.name == name)
    Path(folder).mkdir()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = check.look(Here(device, tiny, Path(folder), send))
    except Exception as error:
        traceback.print_exc(file=sys.stdout)
        first = (str(error).strip().splitlines() or [""])[0][:200]
        found = "wrong", f"{type(error).__name__}: {first}"
    out.send((None, found))
    sys.stdout.flush()
    os._exit(0)  # a lost device may hang in what is done at an end in order
