"""The script that waits for a GPU runs through on tiny shapes, and no check of it stops another."""

import json
import os
import subprocess
import sys
import time
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch

from benchmarks import gpu_check
from benchmarks.gpu import boxes
from benchmarks.gpu.check import Check
from benchmarks.gpu.table import CHECKS

ROOT = Path(gpu_check.__file__).parent.parent
MINUTES = 10  # that the script promises
WITHOUT_GPU = {"resume", "batch"}  # what a CPU shows as well


def test_every_check_runs_on_tiny_shapes_and_says_what_needs_a_gpu(tmp_path):
    """In a process that never computed anything, since its checks are forks of it."""
    files = tmp_path / "gpu.json", tmp_path / "gpu.md"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu_check", "--tiny", "--json", files[0], "--markdown", files[1]],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
        env=os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    report = json.loads(files[0].read_text())
    assert report["tiny"] and report["machine"]["device"] == "no GPU"
    found = {row["name"]: row for row in report["checks"]}
    assert list(found) == [check.name for check in CHECKS]
    assert all(row["figures"] for row in found.values())
    for name, row in found.items():
        if name in WITHOUT_GPU:
            assert row["verdict"] == "ok", row
        else:
            assert (row["verdict"], row["words"]) == ("skipped", "needs a GPU"), row
    assert found["resume"]["figures"]["texts, adamw-8bit-paged"] == "needs a GPU"
    assert found["out-of-memory"]["figures"]["batches that did not fit, pictures"] == [4]
    table = files[1].read_text()
    assert all(f"| `{check.name}`: {check.shows} | **" in table for check in CHECKS)


def good(here):
    here.figure("answer", 42)
    return "ok", "as it should be"


def hangs(here):
    here.figure("before it hung", 1.23456)
    time.sleep(600)


def dies(here):
    os._exit(3)


def fails(here):
    raise RuntimeError("no kernel image\nis available")


@pytest.fixture
def own_checks(monkeypatch):
    checks = (
        Check("hangs", "a hang", 3 / boxes.PATIENCE, hangs), Check("dies", "a death", 20, dies),
        Check("fails", "an error", 20, fails), Check("good", "a good end", 20, good, needs_gpu=False),
        Check("good on a GPU", "another", 20, good),
    )  # fmt: skip
    for module in (boxes, gpu_check):
        monkeypatch.setattr(module, "CHECKS", checks)
    monkeypatch.setattr(boxes, "processes", lambda: get_context("fork"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    return checks


def test_what_hangs_dies_or_fails_stops_no_other_check_and_loses_no_figure(own_checks, tmp_path, monkeypatch):
    file = tmp_path / "out.json"
    monkeypatch.setattr(sys, "argv", ["gpu_check", "--tiny", "--json", str(file)])
    assert gpu_check.main() == 1
    rows = json.loads(file.read_text())["checks"]
    assert [(row["name"], row["verdict"], row["words"], row["figures"]) for row in rows] == [
        ("hangs", "unfinished", "its 3 s were up; figures until then", {"before it hung": 1.235}),
        ("dies", "unfinished", "its process ended with 3", {}),
        ("fails", "wrong", "RuntimeError: no kernel image", {}),
        ("good", "ok", "as it should be", {"answer": 42}),
        ("good on a GPU", "skipped", "needs a GPU", {"answer": 42}),
    ]


def test_only_some_and_nothing_of_true_size_without_a_gpu(own_checks, tmp_path, monkeypatch):
    file = tmp_path / "out.json"
    monkeypatch.setattr(sys, "argv", ["gpu_check", "--only", "good", "fails", "--json", str(file)])
    assert gpu_check.main() == 0
    rows = json.loads(file.read_text())["checks"]
    assert [(row["name"], row["verdict"], row["words"]) for row in rows] == [
        ("fails", "skipped", "needs a GPU"), ("good", "skipped", "needs a GPU"),
    ]  # fmt: skip


def test_the_boxes_together_are_the_ten_minutes_that_it_promises():
    assert sum(check.seconds for check in CHECKS) <= 60 * MINUTES
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert CHECKS[-1].name == "lost-device"
