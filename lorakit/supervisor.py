"""Keeping one worker process alive beside the app. Knows processes only; no torch here."""

import atexit
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from lorakit import workspace

BACK_OFF = (0.5, 2.0, 5.0, 15.0, 60.0)  # seconds before a worker that died is started again
STEADY_SECONDS = 60.0  # one that lived this long did not die of its start
STOP_SECONDS = 10.0
PARENT = "LORAKIT_PARENT"  # tells the worker whose death it must not outlive
# Threads that wait by spinning take the cores from the page and the browser, and from each other: on two
# cores beside a browser that doubled a training's time.
GENTLE = {"OMP_WAIT_POLICY": "PASSIVE"}


class Supervisor:
    """Starts the worker in a thread of its own and starts it again when it dies."""

    def __init__(self, command: Sequence[str] | None = None, back_off: Sequence[float] = BACK_OFF):
        self.command = list(command or (sys.executable, "-m", "lorakit", "worker"))
        self.back_off = back_off
        self.process: subprocess.Popen[bytes] | None = None
        self._ending = threading.Event()
        self._starting = threading.Lock()

    def start(self) -> None:
        """Begin."""
        threading.Thread(target=self._keep, name="worker-supervisor", daemon=True).start()

    def stop(self) -> None:
        """End the worker: it has 10 seconds to save its work."""
        with self._starting:
            self._ending.set()
        process = self.process
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _keep(self) -> None:
        failures = 0
        while True:
            begun = time.monotonic()
            with self._starting:
                if self._ending.is_set():
                    return
                self.process = self._spawn()
            if self.process is not None:
                self.process.wait()
            failures = 0 if time.monotonic() - begun > STEADY_SECONDS else failures + 1
            if self._ending.wait(self.back_off[min(failures, len(self.back_off)) - 1] if failures else 0):
                return

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        home = workspace.home()
        root = str(Path(__file__).parent.parent)
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        try:
            home.mkdir(parents=True, exist_ok=True)
            with open(home / "worker.log", "ab") as out:
                return subprocess.Popen(
                    self.command, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                    env={**GENTLE, **os.environ, PARENT: str(os.getpid()), "PYTHONPATH": path},
                )  # fmt: skip
        except OSError as error:  # a full or read-only disk, no memory for a process: try again later
            print(f"the worker cannot be started: {error}", file=sys.stderr)
            return None


_started: list[Supervisor] = []


def ensure_running() -> Supervisor:
    """Start this process's worker, once, and keep it running until this process ends."""
    if not _started:
        supervisor = Supervisor()
        _started.append(supervisor)
        supervisor.start()
        atexit.register(supervisor.stop)
    return _started[0]
