"""A training job in slices of time, as a host that lends its device for a while runs it; and SIGTERM."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lorakit.jobs import queue
from lorakit.jobs.loaded_bases import Bases
from lorakit.jobs.worker import run_slice
from lorakit.store.store import Store
from lorakit.terminal import cli
from lorakit.terminal.stopping import STOPPED
from lorakit.training.recipe import Recipe

ROOT = Path(__file__).parents[2]


def make_job(tmp_path, name, steps):
    texts = tmp_path / "t.txt"
    texts.write_text("\n\n".join(f"Calm words number {n} for calm people who read them." for n in range(6)))
    settings = {"steps": steps, "rank": 2, "batch_size": 2, "preview_every": 0, "checkpoint_every": 1000}
    spec = {"base": "starter-text", "name": name, "texts": str(texts)}
    return queue.create("voice", spec | {"recipe": Recipe.from_dict(settings).to_dict()})


def weights(slug):
    return load_file(Store().folder / slug / "adapter_model.safetensors")


def test_a_job_in_slices_ends_as_one_that_ran_through(tmp_path):
    whole, sliced = make_job(tmp_path, "Whole", 3), make_job(tmp_path, "Sliced", 3)
    bases = Bases()
    assert cli.main(["train", str(sliced.folder), "--max-seconds", "0"]) == STOPPED
    assert sliced.state == "interrupted"
    assert cli.main(["train", str(whole.folder)]) == 0
    slices = 1
    while sliced.state != "done":
        assert slices < 4 and run_slice(bases, 0.0)
        slices += 1
    assert slices == 3 and not run_slice(bases, 0.0)
    first, second = weights("whole"), weights("sliced")
    assert first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.battery(75, "SIGTERM in a training")
def test_sigterm_writes_a_checkpoint_and_ends_within_ten_seconds(tmp_path):
    job = make_job(tmp_path, "Calm", 100_000)
    process = subprocess.Popen(
        [sys.executable, "-m", "lorakit", "train", str(job.folder)], cwd=ROOT, env={**os.environ},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 120
    while not any(event["event"] == "step" for event in job.events()) and time.monotonic() < until:
        time.sleep(0.1)
    process.terminate()
    assert process.wait(10) == STOPPED
    assert job.state == "interrupted"
    assert len(list((job.folder / "checkpoints").glob("step-*/manifest.json"))) == 1
