"""A worker whose device is lost in the middle of a training, and the one that goes on."""

import os
import signal
import sys
import time
from dataclasses import replace
from typing import Any

import torch

from benchmarks.gpu.check import Found, Here
from lorakit.jobs import queue
from lorakit.jobs.context import Context
from lorakit.jobs.kinds import KINDS
from lorakit.jobs.worker import serve
from lorakit.starter import SAMPLE_VOICE

LOSES_AT = 3  # the step in which it happens
SECONDS = 40.0  # for both lives


def lost(here: Here) -> Found:
    """The process ends, the job counts as interrupted, and another process finishes it."""
    from benchmarks.gpu.boxes import processes  # which has the table that this is in

    os.environ["LORAKIT_HOME"] = str(here.folder / "home")
    os.environ["LORAKIT_ADAPTERS"] = str(here.folder / "adapters")
    recipe = {
        "steps": 4, "rank": 2, "batch_size": 1, "max_length": 64, "held_out": 0.0, "preview_every": 0,
        "checkpoint_every": 1,
    }  # fmt: skip
    job = queue.create(
        "voice", {"base": "starter-text", "name": "Voice", "texts": str(SAMPLE_VOICE), "recipe": recipe}
    )
    until = time.monotonic() + SECONDS * here.of(1, 10)

    def life(loses: bool) -> tuple[int | None, str]:
        process = processes().Process(target=work, args=(loses, here.on_gpu))
        process.start()
        while time.monotonic() < until and process.is_alive() and job.state not in queue.ENDS:
            time.sleep(0.1)
        state = job.state
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL if loses else signal.SIGTERM)
        process.join(max(1.0, until - time.monotonic()))
        return process.exitcode, state

    code, state = life(loses=True)
    here.figure("exit code of the worker", code)
    here.figure("job after it", state)
    if (code, state) != (1, "interrupted"):
        return "wrong", f"the worker ended with {code}, the job was {state}"
    kept = [event["step"] for event in job.events() if event["event"] == "checkpoint"]
    here.figure("steps kept", max(kept, default=0))
    _, state = life(loses=False)
    here.figure("job after another worker", state)
    steps = [event["step"] for event in job.events() if event["event"] == "step"]
    good = state == "done" and steps[-1] == recipe["steps"]
    return ("ok", "another process finished it") if good else ("wrong", f"the job is {state} then")


def work(loses: bool, on_gpu: bool) -> None:
    """A worker that runs trainings of voices, and loses its device if it is told to."""

    def voice(context: Context) -> bool:
        own, steps = context.between, 0

        def between() -> None:
            nonlocal steps
            steps += 1
            if loses and steps == LOSES_AT:
                lose_device(on_gpu)
            if own is not None:
                own()

        context.between = between
        return kind.run(context)

    kind = KINDS["voice"]
    KINDS["voice"] = replace(kind, run=voice)
    serve(())
    sys.stdout.flush()
    os._exit(0)


def lose_device(on_gpu: bool) -> None:
    """An index that is out of range, which CUDA answers by refusing all that follows."""
    if not on_gpu:
        raise torch.AcceleratorError("CUDA error: device-side assert triggered")
    places: Any = torch.tensor([10**6], device="cuda")
    torch.zeros(1, device="cuda")[places].cpu()
