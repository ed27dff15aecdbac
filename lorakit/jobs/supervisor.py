"""Keeping the worker and the page alive, from a small parent that does nothing else. No torch, no Gradio.

The parent passes SIGTERM on and gives both ten seconds. It may be the first process of a container, which
SIGTERM does not end unless it listens, and which inherits every orphan.
"""

import atexit
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from lorakit import workspace

BACK_OFF = (0.5, 2.0, 5.0, 15.0, 60.0)  # seconds before a process that died is started again
STEADY_SECONDS = 60.0  # one that lived this long did not die of its start
STOP_SECONDS = 10.0
PAGE_STARTS = 5  # in a row that came to nothing before the page counts as impossible
REFUSED = 78  # exit code of a page that has said why it cannot start (EX_CONFIG of sysexits.h)
PARENT = "LORAKIT_PARENT"  # tells a process whose death it must not outlive
# Threads that wait by spinning take the cores from the page and the browser, and from each other: on two
# cores beside a browser that doubled a training's time.
GENTLE = {"OMP_WAIT_POLICY": "PASSIVE"}
WORKER = (sys.executable, "-m", "lorakit", "worker")


class Supervisor:
    """Starts a process (the worker) from a thread of its own, and starts it again when it dies.

    `log`: the file in the workspace that takes its output, None for the parent's own. After `most_failures`
    short lives in a row, or an end that the process chose, `over` is set and `code` is its exit code.
    """

    _starting = threading.Lock()  # one for all: what is being started must not be taken for an orphan

    def __init__(
        self,
        command: Sequence[str] | None = None,
        back_off: Sequence[float] = BACK_OFF,
        log: str | None = "worker.log",
        most_failures: int | None = None,
    ):
        self.command, self.back_off = list(command or WORKER), back_off
        self.log, self.most_failures = log, most_failures
        self.process: subprocess.Popen[bytes] | None = None
        self.over, self.code = threading.Event(), 0
        self._ending = threading.Event()

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._keep, name="supervisor", daemon=True).start()

    def tell(self) -> None:
        """Ask the process to end; it is not started again."""
        with self._starting:
            self._ending.set()
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """End the process: it has so many seconds to save its work."""
        self.tell()
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _keep(self) -> None:
        failures = 0
        while True:
            begun = time.monotonic()
            with self._starting:
                if self._ending.is_set():
                    return
                self.process = self._spawn()
            self.code = self.process.wait() if self.process is not None else 1
            failures = 0 if time.monotonic() - begun > STEADY_SECONDS else failures + 1
            if self.most_failures is not None and (
                self.code in (0, REFUSED) or failures >= self.most_failures
            ):
                self.over.set()
                return
            if self._ending.wait(self.back_off[min(failures, len(self.back_off)) - 1] if failures else 0):
                return

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        home = workspace.home()
        root = str(Path(__file__).parents[2])
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        environment = {**GENTLE, **os.environ, PARENT: str(os.getpid()), "PYTHONPATH": path}
        try:
            if self.log is None:
                return subprocess.Popen(self.command, stdin=subprocess.DEVNULL, env=environment)
            home.mkdir(parents=True, exist_ok=True)
            with open(home / self.log, "ab") as out:
                return subprocess.Popen(
                    self.command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=environment
                )
        except OSError as error:  # a full or read-only disk, no memory for a process: try again later
            print(f"{' '.join(self.command[1:])} cannot be started: {error}", file=sys.stderr)
            return None


def supervise(page: Sequence[str], worker: Sequence[str] | None = None) -> int:
    """Run the page and one worker until told to end (SIGTERM or Ctrl-C); returns the exit code.

    A page that dies is started again, as the worker is. One that cannot start ends the studio, with its
    reason.
    """
    told: list[int] = []  # and no Event: setting one from a handler can wait for itself
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: told.append(number))
    supervisors = [Supervisor(worker), Supervisor(page, log=None, most_failures=PAGE_STARTS)]
    for each in supervisors:
        each.start()
    while not told and not supervisors[1].over.is_set():
        time.sleep(0.2)
        _collect(supervisors)
    until = time.monotonic() + STOP_SECONDS
    for each in supervisors:
        each.tell()
    for each in supervisors:
        each.stop(until - time.monotonic())
    if told:
        return 0
    if supervisors[1].code not in (0, REFUSED):
        print(
            f"The page {_end(supervisors[1].code)}, {PAGE_STARTS} times in a row: the studio ends.",
            file=sys.stderr,
        )
    return supervisors[1].code if supervisors[1].code >= 0 else 128 - supervisors[1].code


def _end(code: int) -> str:
    if code == -signal.SIGKILL:
        return "was killed, most likely because the machine's memory was used up"
    return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}; its error is above"


def _collect(kept: Iterable[Supervisor]) -> None:
    """Take note of orphans that have ended. They are handed to the first process of a container, and stay
    in its table of processes until somebody does.
    """
    if not hasattr(os, "waitid"):
        return
    with Supervisor._starting:
        own = {each.process.pid for each in kept if each.process is not None}
        try:
            while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                if found.si_pid in own:  # its own supervisor waits for it
                    return
                os.waitpid(found.si_pid, 0)
        except ChildProcessError:  # no child at all
            return


def end_with_parent() -> None:
    """Let this process end when the parent that started it is gone, whatever ended it."""
    parent = os.environ.get(PARENT)

    def watch() -> None:
        while os.getppid() == int(parent or 0):
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    if parent:
        threading.Thread(target=watch, name="parent", daemon=True).start()


_started: list[Supervisor] = []


def ensure_running() -> Supervisor:
    """Start this process's worker, once, and keep it running until this process ends: for a notebook or a
    program that shows the page itself.
    """
    if not _started:
        supervisor = Supervisor()
        _started.append(supervisor)
        supervisor.start()
        atexit.register(supervisor.stop)
    return _started[0]
