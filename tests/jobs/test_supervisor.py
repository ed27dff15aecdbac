"""The parent of the page and the worker: who is started again, who is told to end, who is collected."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lorakit.jobs import queue
from lorakit.jobs.supervisor import PAGE_STARTS, REFUSED
from lorakit.starter import SAMPLE_PHOTOS, SAMPLE_TRIGGER
from lorakit.training import checkpoint
from lorakit.training.presets import from_preset

ROOT = Path(__file__).parents[2]
PARENT = """
import sys
from lorakit.jobs import supervisor
supervisor.BACK_OFF = ()
supervisor.Supervisor.__init__.__defaults__ = (None, (0.05,), "worker.log", None)
sys.exit(supervisor.supervise([sys.executable, "-c", sys.argv[1]], [sys.executable, "-c", sys.argv[2]]))
"""
NOTE = "import os, signal, sys, time; note = lambda text: open('notes', 'a').write(text + chr(10));"
SLEEPS = NOTE + "note(f'page {os.getpid()}'); time.sleep(60)"
SAVES = (
    NOTE
    + """
def leave(*_):
    note('saved')
    sys.exit()
signal.signal(signal.SIGTERM, leave)
note(f'worker {os.getpid()}')
time.sleep(60)
"""
)
ORPHANS = (
    NOTE
    + """
if os.fork() == 0:
    if os.fork() == 0:
        note(f'orphan of {os.getpid()}')
        os._exit(0)
    time.sleep(0.2)
    os._exit(0)
os.wait()
note('left')
time.sleep(60)
"""
)
PID_1 = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def parent(tmp_path, page, worker=SAVES, before=()):
    return subprocess.Popen(
        [*before, sys.executable, "-c", PARENT, page, worker],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def notes(tmp_path):
    return (tmp_path / "notes").read_text().split("\n")[:-1] if (tmp_path / "notes").exists() else []


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.05)


def needs_a_pid_namespace():
    if (
        not shutil.which("unshare")
        or subprocess.run([*PID_1, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("this kernel, or this account, may not make a PID namespace")


@pytest.mark.battery(101, "the page's process is killed")
def test_a_page_that_dies_is_started_again_beside_the_same_worker(tmp_path):
    started = parent(tmp_path, SLEEPS)
    until(lambda: len(notes(tmp_path)) == 2)
    first = next(int(line.split()[1]) for line in notes(tmp_path) if line.startswith("page"))
    os.kill(first, signal.SIGKILL)
    until(lambda: len(notes(tmp_path)) == 3)
    assert notes(tmp_path)[2].startswith("page") and notes(tmp_path)[2] != f"page {first}"
    started.terminate()
    assert started.wait(20) == 0
    assert notes(tmp_path)[3:] == ["saved"]


@pytest.mark.battery(101, "the page dies at every start")
def test_a_page_that_dies_at_each_start_ends_the_studio_with_its_reason(tmp_path, record_property):
    started = parent(tmp_path, NOTE + "note('page'); sys.exit(3)")
    _, said = started.communicate(timeout=120)
    record_property("told", said)
    assert started.returncode == 3 and "exit code 3" in said
    assert notes(tmp_path).count("page") == PAGE_STARTS and notes(tmp_path)[-1] in ("saved", "page")


@pytest.mark.battery(89, "a port that another program takes meanwhile")
def test_a_page_that_says_why_it_cannot_start_is_not_started_again(tmp_path):
    started = parent(
        tmp_path, NOTE + f"note('page'); sys.exit('Port 7860 is taken') if 0 else os._exit({REFUSED})"
    )
    _, said = started.communicate(timeout=120)
    assert started.returncode == REFUSED and said == "" and notes(tmp_path).count("page") == 1


@pytest.mark.battery(100, "SIGTERM to the first process of a container")
def test_the_first_process_of_a_container_passes_the_signal_on_and_collects_orphans(tmp_path):
    needs_a_pid_namespace()
    started = parent(tmp_path, ORPHANS, before=PID_1)
    until(lambda: "left" in notes(tmp_path) and any(line.startswith("worker") for line in notes(tmp_path)))
    (first,) = children(started.pid)
    assert any("orphan" in line for line in notes(tmp_path))
    until(lambda: len(children(first)) == 2)  # the page and the worker; no zombie
    os.kill(first, signal.SIGTERM)
    assert started.wait(20) == 0 and notes(tmp_path)[-1] == "saved"


def children(pid):
    """Of all its threads, those too that have ended and wait to be collected."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(one) for each in lists for one in each.read_text().split()]


@pytest.mark.battery(100, "a studio in a container is told to end while it trains")
def test_the_studio_as_first_process_keeps_what_it_learned(tmp_path):
    needs_a_pid_namespace()
    recipe = from_preset("quick", "image", True).to_dict() | {"steps": 5000, "preview_every": 0}
    job = queue.create("train", {"base": "starter-image", "name": "a", "trigger": SAMPLE_TRIGGER,
                                "photos": str(SAMPLE_PHOTOS), "recipe": recipe})  # fmt: skip
    with open(tmp_path / "log", "w") as log:
        started = subprocess.Popen(
            [*PID_1, sys.executable, "app.py"], cwd=ROOT, stdout=log, stderr=log,
            env=os.environ | {"LORAKIT_PORT": str(free_port())},
        )  # fmt: skip
    try:
        until(lambda: any(event["event"] == "step" for event in job.events()), 300)
        assert checkpoint.newest(job.folder / "checkpoints") is None, "nothing is kept yet"
        (first,) = children(started.pid)  # that of `unshare`: the studio
        told = time.monotonic()
        os.kill(first, signal.SIGTERM)
        assert started.wait(30) == 0, (tmp_path / "log").read_text()
        assert time.monotonic() - told < 12
    finally:
        started.kill()
    assert job.state == "interrupted"
    assert checkpoint.newest(job.folder / "checkpoints") > 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
