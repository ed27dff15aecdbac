"""Two processes of accelerate's launcher train what one trains with twice the accumulation."""

import json
import os
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file

import lorakit
from lorakit.jobs import queue
from lorakit.training import processes
from lorakit.training.session import train
from tests.training.tiny import recipe, tiny_text_base, tiny_texts

ROOT = Path(lorakit.__file__).parent.parent
PROGRAM = """
    from tests.training.tiny import recipe, tiny_text_base, tiny_texts
    from lorakit.training.processes import join
    from lorakit.training.session import train
    asked = []
    stop = lambda: bool({stop_at}) and join().rank == 1 and (asked.append(1) or len(asked) > {stop_at})
    events = []
    train(tiny_text_base(), tiny_texts(), recipe(steps=6, preview_every=0), {out!r}, should_stop=stop,
          on_event=events.append)
    if join().rank:
        assert events == []
"""


def launch(*command, **environment):
    done = subprocess.run(
        [
            sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
            "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
            "--main_process_port", "0", *command,
        ],
        capture_output=True, text=True, timeout=300, check=False, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **environment},
    )  # fmt: skip
    assert done.returncode in (0, 130), done.stderr[-3000:]
    return done


def together(tmp_path, out, stop_at=0):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM.format(out=str(out), stop_at=stop_at)))
    launch(str(program))


def assert_close(first, second):
    a, b = (load_file(folder / "adapter_model.safetensors") for folder in (first, second))
    assert a.keys() == b.keys()
    for key in a:
        torch.testing.assert_close(a[key], b[key], rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    out = tmp_path_factory.mktemp("alone") / "voice"
    train(tiny_text_base(), tiny_texts(), recipe(steps=6, preview_every=0, accumulate=2), out)
    return out


def test_processes_wait_for_one_that_draws_for_longer_than_the_default(monkeypatch):
    asked = {}

    def state(**options):
        asked.update(options)
        return SimpleNamespace(process_index=0, num_processes=2)

    monkeypatch.setattr("accelerate.PartialState", state)
    processes.ProcessGroup()
    assert asked["timeout"] >= timedelta(hours=2), "NCCL gives up after 10 minutes"


def test_two_processes_learn_what_one_learns_with_twice_the_accumulation(tmp_path, alone):
    together(tmp_path, tmp_path / "two")
    assert_close(tmp_path / "two", alone)


def test_what_two_processes_began_one_ends(tmp_path, alone):
    together(tmp_path, tmp_path / "two", stop_at=3)
    assert not (tmp_path / "two" / "adapter_model.safetensors").exists()
    result = train(tiny_text_base(), tiny_texts(), recipe(steps=6, preview_every=0), tmp_path / "two")
    assert not result.stopped and result.steps == 6
    assert_close(tmp_path / "two", alone)


def test_a_job_folder_is_run_by_two_processes(tmp_path):
    texts = tmp_path / "t.txt"
    texts.write_text("\n\n".join(f"Calm words number {n} for calm people who read them." for n in range(6)))
    settings = recipe(steps=2, rank=2, preview_every=0, batch_size=1).to_dict()
    spec = {"base": "starter-text", "name": "Calm", "texts": str(texts), "without": ["0", "3"]}
    job = queue.create("voice", spec | {"recipe": settings})
    launch("-m", "lorakit", "train", str(job.folder))
    assert job.state == "done"
    assert sum(event["event"] == "result" for event in job.events()) == 1
    card = json.loads((Path(os.environ["LORAKIT_ADAPTERS"]) / "calm" / "card.json").read_text())
    assert card["rank"] == 2 and card["data"]["count"] == 4
