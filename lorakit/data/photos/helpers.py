"""Opening pictures away from this process: a few helpers, each with a limit of memory and of time.

A page that many people use must not decode what they send: one picture of 281 kB can need gigabytes, and a
decoder that crashes takes its process along. `run` calls a function there when helpers are in `use`, and
here otherwise. Turns are fair: of all who wait, each gets one picture opened after the other.
"""

import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lorakit.data.photos.helper import receive, send
from lorakit.data.photos.plain_pickle import Plainly
from lorakit.data.photos.turns import Turn, current
from lorakit.errors import DataError

COUNT = 3  # one may be busy with a large picture, and one with a campaign's contact sheet
MEMORY = 900  # MB that one may take; 100 megapixels of any format that is read take less
SECONDS = 120.0  # for one picture, on a machine that does much else
LATER_SECONDS = 0.2  # before a large picture is tried again while another is open
IDLE_SECONDS = 120.0  # after which a helper is let go; the next one starts in half a second
NOBODY = "not opened, because the upload was cancelled; add it again"


@dataclass(eq=False)
class _Task:
    future: "Future[Any]"
    function: str
    arguments: tuple[Any, ...]
    seconds: float
    turn: Turn
    begun: bool = False


class Helpers:
    """`count` processes that run functions of this package on plain arguments. Started when first needed."""

    def __init__(self, count: int = COUNT, memory: int = MEMORY, seconds: float = SECONDS):
        self.memory, self.seconds = memory, seconds
        self._waiting: OrderedDict[str, deque[_Task]] = OrderedDict()
        self._lock = Path(tempfile.gettempdir()) / f"lorakit-{os.getpid()}-{uuid.uuid4().hex[:8]}.lock"
        self._changed, self._closed = threading.Condition(), False
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._threads = [threading.Thread(target=self._serve, args=(n,), daemon=True) for n in range(count)]

    def ask(
        self, function: Callable[..., Any], *arguments: Any, seconds: float | None = None
    ) -> "Future[Any]":
        """Run a function of a module there. Its DataError, or what came between, is the future's error."""
        future: Future[Any] = Future()
        own = current.get() or Turn()
        if own.cancelled:
            future.cancel()
            return future
        own.asked.append(future)
        name = f"{function.__module__}:{function.__qualname__}"
        task = _Task(future, name, arguments, seconds or self.seconds, own)
        self._queue(task)
        return future

    def _queue(self, task: _Task) -> None:
        with self._changed:
            self._waiting.setdefault(task.turn.name, deque()).append(task)
            for thread in self._threads:
                if thread.ident is None:
                    thread.start()
            self._changed.notify()

    def pids(self) -> list[int]:
        """Of the processes that run now."""
        return [process.pid for process in list(self._processes.values())]

    def close(self) -> None:
        """End all of them; what waits is cancelled."""
        with self._changed:
            self._closed = True
            for tasks in self._waiting.values():
                for task in tasks:
                    task.future.cancel()
            self._waiting.clear()
            self._changed.notify_all()
        for process in list(self._processes.values()):
            process.kill()
        self._lock.unlink(missing_ok=True)

    def _next(self) -> _Task | None:
        """One task of whoever has waited longest since their last; None when there is none for a while."""
        with self._changed:
            if not self._waiting and not self._closed:
                self._changed.wait(IDLE_SECONDS)
            if not self._waiting:
                return None
            name, tasks = self._waiting.popitem(last=False)
            task = tasks.popleft()
            if tasks:
                self._waiting[name] = tasks
            return task

    def _serve(self, number: int) -> None:
        while not self._closed:
            task = self._next()
            if task is None:
                self._end(number)
                continue
            if not task.begun and not task.future.set_running_or_notify_cancel():
                continue
            task.begun = True
            try:
                if task.turn.cancelled:
                    raise Lost(NOBODY)
                task.future.set_result(self._exchange(number, task))
            except _Later:
                self._later(task)
            except Exception as error:
                task.future.set_exception(error)
        self._end(number)

    def _later(self, task: _Task) -> None:
        with self._changed:
            alone = not self._waiting
        if alone:
            time.sleep(LATER_SECONDS)
        self._queue(task)

    def _exchange(self, number: int, task: _Task) -> Any:
        process = self._processes.get(number)
        if process is None or process.poll() is not None:
            process = self._processes[number] = self._spawn()
        assert process.stdin is not None and process.stdout is not None
        late = threading.Timer(task.seconds, process.kill)
        late.start()
        try:
            send(process.stdin, (task.function, task.arguments))
            data = receive(process.stdout)
        except OSError:
            data = None
        finally:
            in_time = late.is_alive()
            late.cancel()
        if data is None:
            self._end(number)
            raise DataError(_why(process.returncode, None if in_time else task.seconds))
        try:
            kind, value = Plainly(io.BytesIO(data)).load()
        except Exception:  # not what a helper says that is in its right mind
            self._end(number)
            raise DataError(_why(None, None)) from None
        if kind == "later":
            raise _Later
        if kind == "refused":
            raise DataError(value)
        return value

    def _spawn(self) -> "subprocess.Popen[bytes]":
        root = str(Path(__file__).parents[3])
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        one = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        try:
            return subprocess.Popen(
                [sys.executable, "-m", "lorakit.data.photos.helper", str(self.memory), str(self._lock)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env={**os.environ, **one, "PYTHONPATH": path},
            )  # fmt: skip
        except OSError as error:
            raise Lost(f"can't be opened right now ({error.strerror}); try again in a moment") from None

    def _end(self, number: int) -> None:
        process = self._processes.pop(number, None)
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    pass


class Lost(DataError):
    """The picture was not tried: no helper could be started, or nobody waits for it any more."""


class _Later(Exception):
    """Another helper has a large picture open."""


def _why(code: int | None, seconds: float | None) -> str:
    if seconds is not None:
        return f"takes more than {seconds:.0f} s to open; make it smaller or save it as JPEG"
    if code == -signal.SIGKILL:
        return "needs more memory to open than is available; make it smaller"
    return "crashes the image reader; save it again as JPEG or PNG"


_used: Helpers | None = None


def use(helpers: Helpers | None) -> None:
    """Let `run` and `ask` work in these helpers, or (None) in this process again."""
    global _used
    _used = helpers


def in_use() -> Helpers | None:
    """The helpers that pictures are opened in; None when that is this process."""
    return _used


def run(function: Callable[..., Any], *arguments: Any, seconds: float | None = None) -> Any:
    """Call a function of this package that opens a picture. Raises its DataError, or Lost."""
    if _used is None:
        return function(*arguments)
    try:
        return _used.ask(function, *arguments, seconds=seconds).result()
    except CancelledError:
        raise Lost(NOBODY) from None
