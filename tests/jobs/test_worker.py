"""The worker: fair order, cancel, words for what fails, and work that survives the worker's death."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from lorakit import durable, workspace
from lorakit.errors import LoraKitError
from lorakit.jobs import queue, worker
from lorakit.jobs.context import Context
from lorakit.jobs.job import ENDED
from lorakit.jobs.loaded_bases import Bases
from lorakit.jobs.run import run_job
from lorakit.jobs.supervisor import Supervisor
from lorakit.jobs.worker import Service
from lorakit.store.store import Store

COPY = {"base": "starter-text", "mix": {}, "brief": {"product": "Aurora bottle"}, "variants": 1, "seed": 0}
VOICE = {"base": "starter-text", "name": "Calm", "texts": "t.csv", "recipe": {}}
ROOT = Path(__file__).parents[2]

# A worker with a runner of twenty checkpointed steps that remembers in a file what it has done.
SCRIPT = """
import sys, time
from dataclasses import replace
from lorakit.jobs import worker
from lorakit.jobs.kinds import KINDS
def voice(context):
    file = context.job.folder / "steps.txt"
    while (done := len(file.read_text().split()) if file.exists() else 0) < 20:
        if context.should_stop():
            return False
        if context.between:
            context.between()
        with open(file, "a") as out:
            out.write(f"{done} ")
        context.job.emit({"event": "checkpoint", "step": done})
        time.sleep(0.1)
    return True
def copy(context):
    while "--stubborn" in sys.argv:
        time.sleep(1)
    return True
KINDS["voice"] = replace(KINDS["voice"], run=voice)
KINDS["copy"] = replace(KINDS["copy"], run=copy)
worker.serve(preload=())
"""


@pytest.fixture
def start_worker():
    started = []

    def start(*arguments, **environment):
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def until(what, seconds=120):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def service(runs):
    """A worker's service, with functions in the place of what kinds of job do."""

    def make(**functions):
        runs(**functions)
        return Service(threading.Event())

    return make


@pytest.mark.battery(67, "kill -9 of the worker while it trains")
def test_a_killed_worker_loses_no_step_and_the_next_one_continues(start_worker):
    job = queue.create("voice", VOICE)
    first = start_worker()
    until(lambda: sum(event["event"] == "checkpoint" for event in job.events()) >= 3)
    assert job.state == "running"
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert job.state == "interrupted"
    start_worker()
    until(lambda: job.state == "done")
    assert (job.folder / "steps.txt").read_text().split() == [str(n) for n in range(20)]
    assert sum(event["event"] == "started" for event in job.events()) == 2


@pytest.mark.battery(75, "SIGTERM: checkpoint and exit within 10 s")
def test_sigterm_ends_the_worker_in_order_and_the_job_stays_claimable(start_worker):
    job = queue.create("voice", VOICE)
    process = start_worker()
    until(lambda: any(event["event"] == "checkpoint" for event in job.events()))
    begun = time.monotonic()
    process.terminate()
    assert process.wait(10) == 0
    assert time.monotonic() - begun < 10
    assert job.state == "interrupted" and job.attempts == 0


@pytest.mark.battery(74, "a stalled step")
def test_a_step_that_does_not_end_cannot_hold_the_process(start_worker, monkeypatch):
    job = queue.create("copy", COPY)
    process = start_worker("--stubborn")
    until(lambda: job.state == "running")
    process.terminate()
    assert process.wait(10) == 0
    assert job.state == "interrupted" and job.attempts == 0


@pytest.mark.battery(66, "two apps on one workspace: one worker works, the other takes over")
def test_a_second_worker_waits_and_takes_over(start_worker):
    job = queue.create("voice", VOICE)
    first = start_worker()
    until(lambda: job.state == "running")
    second = start_worker()
    time.sleep(1.5)
    assert second.poll() is None
    first.kill()
    first.wait()
    until(lambda: job.state == "done")


@pytest.mark.battery(68, "kill -9 of the app")
def test_a_worker_does_not_outlive_its_app(start_worker):
    process = start_worker(LORAKIT_PARENT="1234567")
    assert process.wait(20) == 0


def test_a_click_is_served_between_the_steps_of_a_training(start_worker):
    training, order = queue.create("voice", VOICE), []
    process = start_worker()
    until(lambda: training.state == "running")
    click = queue.create("copy", COPY)
    until(lambda: click.state == "done")
    order.append(training.state)
    until(lambda: training.state == "done")
    process.terminate()
    assert order == ["running"]


def test_jobs_run_in_fair_order_and_end_as_done(service):
    order = []
    for kind, spec in (("voice", VOICE), ("copy", COPY), ("voice", VOICE)):
        queue.create(kind, spec)

    def run(context):
        order.append(context.job.id)
        return True

    one = service(voice=run, copy=run)
    assert [one.once() for _ in range(4)] == [True, True, True, False]
    assert [queue.get(id).kind for id in order] == ["copy", "voice", "voice"] and order[1] < order[2]
    assert {job.state for job in queue.list_jobs()} == {"done"}


@pytest.mark.battery(63, "cancel of one leaves the others")
def test_cancelling_one_job_leaves_the_others(service):
    first, second = queue.create("copy", COPY), queue.create("copy", COPY)

    def run(context):
        first.cancel()
        return not context.should_stop()

    one = service(copy=run)
    assert [one.once(), one.once()] == [True, True]
    assert (first.state, second.state) == ("cancelled", "done")


def test_a_long_job_that_is_cancelled_lets_nobody_in_before_it_ends(service):
    long = queue.create("voice", VOICE)
    seen = []

    def voice(context):
        queue.create("copy", COPY)
        long.cancel()
        context.between()
        return not context.should_stop()

    service(voice=voice, copy=lambda context: seen.append(1) or True).once()
    assert long.state == "cancelled" and seen == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LoraKitError("photos: the folder is empty; add photos"), "photos: the folder is empty; add photos"),
        (MemoryError(), "Out of memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate /secret/path"), "Out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: /secret/path"), "Out of memory"),
        (OSError(errno.ENOSPC, "No space left", "/secret/path"), "Free up disk space"),
        (PermissionError(errno.EACCES, "denied", "/secret/path"), "permissions"),
        (FileNotFoundError(errno.ENOENT, "gone", "/secret/path"), "moved or deleted"),
        (KeyError("/secret/path"), "log.txt"),
    ],
)
def test_what_fails_is_told_in_words_without_paths(error, words, service):
    job = queue.create("copy", COPY)

    def run(context):
        raise error

    service(copy=run).once()
    message = job.progress().message
    assert job.state == "failed" and words in message
    assert "/secret" not in message and "Traceback" not in message
    assert (job.folder / "log.txt").exists() != isinstance(error, LoraKitError)


LIMITED = """
import resource, sys, threading
import torch

from dataclasses import replace
from lorakit.jobs.kinds import KINDS
from lorakit.jobs.worker import Service
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**30, used + 2**30))
def copy(context):
    if context.job.spec["seed"]:
        return bool(torch.ones(1000).sum() > 0)
    return bool(torch.empty(2**33, dtype=torch.uint8).fill_(1)[0])
KINDS["copy"] = replace(KINDS["copy"], run=copy)
service = Service(threading.Event())
print(service.once(), service.once())
"""


@pytest.mark.battery(70, "memory exhausted, by a limit of the system")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits as Linux sets them")
def test_a_job_that_outgrows_the_memory_is_told_and_the_next_one_runs(record_property):
    """8 GB under a limit of 1 GB: the worker lives on."""
    large, small = queue.create("copy", COPY), queue.create("copy", COPY | {"seed": 1})
    done = subprocess.run(
        [sys.executable, "-c", LIMITED], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout == "True True\n", done.stderr
    record_property("told", large.progress().message)
    assert large.state == "failed" and "Out of memory" in large.progress().message
    assert small.state == "done"


def test_a_lost_device_leaves_the_job_to_another_process_and_ends_one_that_loses_it_each_time(runs):
    job = queue.create("copy", COPY)

    def lose(context):
        raise torch.AcceleratorError("CUDA error: device-side assert triggered")

    runs(copy=lose)
    for _ in range(queue.ATTEMPTS):
        claimed = queue.claim()
        assert claimed is not None and claimed.id == job.id
        with pytest.raises(torch.AcceleratorError):
            run_job(claimed, Bases())
    assert job.state == "interrupted"
    assert queue.claim() is None and job.state == "failed"


def test_the_worker_ends_with_its_device(monkeypatch, runs):
    class Gone(BaseException):
        pass

    def leave(code):
        raise Gone(code)

    monkeypatch.setattr(worker.os, "_exit", leave)
    queue.create("copy", COPY)

    def lose(context):
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    runs(copy=lose)
    with pytest.raises(Gone, match="1"):
        worker.serve(())


@pytest.mark.battery(69, "disk too full to note the end")
def test_a_disk_too_full_to_note_the_end_leaves_the_job_interrupted(monkeypatch, runs):
    job = queue.create("copy", COPY)
    assert job.acquire()
    job.start()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    runs(copy=lambda context: True)
    with monkeypatch.context() as patched:
        patched.setattr(durable, "append_line", full)
        with pytest.raises(OSError):
            run_job(job, Bases())
        with pytest.raises(OSError):
            queue.claim()
    assert job.state == "interrupted"
    claimed = queue.claim()
    assert claimed.id == job.id
    claimed.release()


def test_a_deleted_adapter_is_told_before_a_base_is_loaded():
    job = queue.create("copy", COPY | {"mix": {"gone": 1.0}})
    Service(threading.Event()).once()
    assert job.state == "failed" and "gone" in job.progress().message and "trash" in job.progress().message
    assert not any(event["event"] == "phase" for event in job.events())


def test_an_adapter_of_another_family_is_told_with_both_names():
    folder = Store().folder / "aurora"
    durable.write_json(folder / "card.json", {"name": "Aurora", "family": "flux"})
    (folder / "pytorch_lora_weights.safetensors").write_bytes(b"x")
    job = queue.create("copy", COPY | {"mix": {"aurora": 1.0}})
    Service(threading.Event()).once()
    message = job.progress().message
    assert "Aurora" in message and "FLUX.1" in message and "language model" in message


def test_a_base_of_the_wrong_kind_or_gone_is_told():
    wrong = queue.create("copy", COPY | {"base": "starter-image"})
    gone = queue.create("copy", COPY | {"base": "./no-such-folder"})
    one = Service(threading.Event())
    assert [one.once(), one.once()] == [True, True]
    assert "an image base" in wrong.progress().message
    assert "no-such-folder" in gone.progress().message and "no such" in gone.progress().message


@pytest.fixture
def fake_training(monkeypatch, tmp_path):
    """A training that writes the weights' file, or stops when told to."""

    def train(base, data, recipe, out, **options):
        assert out.is_dir(), "the name is held while it trains"
        if options["should_stop"]():
            return SimpleNamespace(stopped=True)
        (out / "adapter_model.safetensors").write_bytes(b"weights")
        options["on_event"]({"event": "result", "slug": out.name, "summary": {}})
        return SimpleNamespace(stopped=False)

    monkeypatch.setattr("lorakit.training.session.train", train)
    monkeypatch.setattr(Context, "base", lambda self: None)
    texts = tmp_path / "t.txt"
    texts.write_text("Calm words for calm people.\n\nMore calm words for them.\n\nStill calm, always calm.\n")
    return VOICE | {"texts": str(texts)}


def test_a_training_gets_a_free_name_and_never_replaces_an_adapter(fake_training):
    first, second = (queue.create("voice", fake_training) for _ in range(2))
    one = Service(threading.Event())
    assert [one.once(), one.once()] == [True, True]
    assert (first.state, second.state) == ("done", "done")
    assert sorted(path.name for path in Store().folder.iterdir() if path.name[0] != ".") == ["calm", "calm-2"]


def test_a_training_that_ended_before_its_worker_could_say_so_is_not_done_again(fake_training, monkeypatch):
    job = queue.create("voice", fake_training)
    Service(threading.Event()).once()
    lines = [event for event in job.events() if event["event"] != "done"]
    (job.folder / "events.jsonl").unlink()
    (job.folder / ENDED).unlink()
    for line in lines:
        durable.append_line(job.folder / "events.jsonl", line)
    monkeypatch.setattr("lorakit.training.session.train", None)
    Service(threading.Event()).once()
    assert job.state == "done"


def test_a_cancelled_training_gives_its_name_back(fake_training):
    job = queue.create("voice", fake_training)
    assert job.acquire()
    job.start()
    job.cancel()
    run_job(job, Bases())
    assert job.state == "cancelled"
    assert Store().list() == [] and not (Store().folder / "calm").exists()


def test_copy_streams_its_texts_and_keeps_the_result(monkeypatch):
    from lorakit.generation.copy.writing import Copy

    def write(base, mix, brief, variants, seed, stream, stop):
        for piece in ("Calm ", "water"):
            stream(0, piece)
        return [Copy("Calm water", 10, 300, True)]

    monkeypatch.setattr("lorakit.generation.copy.writing.write_copy", write)
    monkeypatch.setattr(Context, "base", lambda self: None)
    job = queue.create("copy", COPY)
    Service(threading.Event()).once()
    assert "".join(event["piece"] for event in job.events() if event["event"] == "text") == "Calm water"
    assert durable.read_json(job.folder / "result.json")[0]["text"] == "Calm water"


def test_a_second_large_base_is_not_loaded_beside_a_running_one():
    bases = Bases()
    training = {"base": "big/one"}
    assert bases.fits_beside({"base": "big/one"}, training)
    assert bases.fits_beside({"base": "starter-text"}, training)
    assert not bases.fits_beside({"base": "big/other"}, training)
    assert not bases.fits_beside({"base": "big/one", "quantize": "nf4"}, training)


def test_the_supervisor_starts_a_dead_worker_again_and_ends_it_with_the_app():
    script = "import os, time; open(os.environ['LORAKIT_HOME'] + '/starts', 'a').write('x'); time.sleep(60)"
    supervisor = Supervisor([sys.executable, "-c", script], back_off=(0.1,))
    supervisor.start()
    starts = workspace.home() / "starts"
    until(lambda: starts.exists() and starts.read_text() == "x")
    supervisor.process.kill()
    until(lambda: starts.read_text() == "xx")
    supervisor.stop()
    assert supervisor.process.poll() is not None
    time.sleep(0.4)
    assert starts.read_text() == "xx"


def test_a_job_that_fails_is_in_the_workers_log(caplog, runs):
    spec = {"base": "b", "mix": {}, "brief": {"product": "x"}, "variants": 1, "seed": 0}

    def fails(context):
        raise LoraKitError("mug.csv: the table is empty")

    job = queue.create("copy", spec)
    assert job.acquire()
    runs(copy=fails)
    run_job(job, Bases())
    assert [record.getMessage() for record in caplog.records] == [
        f"job {job.id} failed: mug.csv: the table is empty"
    ]
