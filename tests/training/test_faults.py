"""What ends a training early leaves its last good state, and a sentence on what to change."""

import errno
import itertools
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import lorakit
from lorakit.errors import LoraKitError, RecipeError
from lorakit.training import checkpoint, medium, session
from lorakit.training.session import train
from lorakit.training.text_examples import TextExamples
from lorakit.training.watch.previews import Previews
from tests.training.tiny import recipe, tiny_text_base, tiny_texts

ROOT = Path(lorakit.__file__).parent.parent


def kept(out):
    return sorted(
        path.parent.name for path in (out / ".training" / "checkpoints").glob("step-*/manifest.json")
    )


def finish_equals(out, whole, settings):
    train(tiny_text_base(), tiny_texts(), settings, whole)
    train(tiny_text_base(), tiny_texts(), settings, out)
    first, second = (load_file(folder / "adapter_model.safetensors") for folder in (whole, out))
    return all(torch.equal(first[key], second[key]) for key in first)


def at_batch(monkeypatch, number, action):
    """Let `action(loss)` stand in for the loss of the batch of that number, once."""
    true_loss, count = TextExamples.loss, itertools.count()

    def loss(self, base, batch):
        found = true_loss(self, base, batch)
        return action(found) if next(count) == number else found

    monkeypatch.setattr(TextExamples, "loss", loss)


def raising(error):
    def action(*_, **__):
        raise error

    return action


@pytest.mark.battery(70, "memory exhausted while training")
@pytest.mark.parametrize(
    "error",
    [MemoryError(), torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"),
     RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes")],
)  # fmt: skip
def test_memory_that_runs_out_is_told_and_the_training_goes_on_later(
    tmp_path, monkeypatch, error, record_property
):
    with monkeypatch.context() as patched:
        at_batch(patched, 4, raising(error))
        with pytest.raises(
            RecipeError, match=r"step 5.*batch_size 1 and accumulate 3.*step 4 is kept"
        ) as told:
            train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "x")
    record_property("told", told.value)
    assert finish_equals(tmp_path / "x", tmp_path / "whole", recipe())


def test_other_errors_of_torch_are_not_called_want_of_memory(tmp_path, monkeypatch):
    at_batch(monkeypatch, 1, raising(RuntimeError("shapes do not match")))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "x")


def test_gradients_that_are_no_numbers_never_reach_the_adapter(tmp_path, monkeypatch):
    def poisoned(loss):
        loss.register_hook(lambda gradient: gradient * math.nan)
        return loss

    with monkeypatch.context() as patched:
        at_batch(patched, 5, poisoned)
        with pytest.raises(RecipeError, match=r"gradients became invalid \(NaN\) at step 6.*learning_rate"):
            train(tiny_text_base(), tiny_texts(), recipe(preview_every=0), tmp_path / "x")
    assert kept(tmp_path / "x") == ["step-00000002", "step-00000004"]
    assert finish_equals(tmp_path / "x", tmp_path / "whole", recipe(preview_every=0))


@pytest.mark.battery(69, "disk full while a checkpoint is written")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_and_the_checkpoint_before_is_kept(
    tmp_path, monkeypatch, number, record_property
):
    true_save, count = torch.save, itertools.count()

    def save(state, file):
        true_save(state, file)
        if next(count) == 1:
            raise OSError(number, "No space left on device", "/secret/path")

    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", save)
        with pytest.raises(LoraKitError, match=r"disk is full at step 4; free up space.*at step 2") as told:
            train(tiny_text_base(), tiny_texts(), recipe(preview_every=0), tmp_path / "x")
    record_property("told", told.value)
    assert "/secret" not in str(told.value) and kept(tmp_path / "x") == ["step-00000002"]
    assert finish_equals(tmp_path / "x", tmp_path / "whole", recipe(preview_every=0))


@pytest.mark.battery(69, "a real small disk, full")
def test_a_disk_that_is_really_full(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a file system")
    try:
        checkpoint.save(disk / "c", 1, {"value": torch.zeros(1000)}, "run")
        with pytest.raises(LoraKitError, match=r"disk is full at step 2.*at step 1"):
            checkpoint.save(disk / "c", 2, {"value": torch.zeros(100_000)}, "run")
        assert checkpoint.latest(disk / "c", "run")["value"].shape == (1000,)
        assert [path.name for path in (disk / "c").iterdir()] == ["step-00000001"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


NO_ROOM = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


@pytest.mark.parametrize("part", ["make", "few_shot_loss", "side_by_side"])
def test_what_only_looks_at_a_training_cannot_cost_what_was_learned(tmp_path, monkeypatch, part):
    events = []
    with monkeypatch.context() as patched:
        if part == "make":
            patched.setattr(medium, "text_previews", lambda *_: Previews(raising(NO_ROOM)))
        else:
            patched.setattr(session, part, raising(NO_ROOM))
        result = train(
            tiny_text_base(), tiny_texts(), recipe(), tmp_path / "x", on_event=events.append, name="Mug"
        )
    notes = [event["text"] for event in events if event["event"] == "note"]
    assert any("failed (out of memory)" in note for note in notes)
    assert result.steps == 6 and events[-1]["event"] == "result" and not kept(tmp_path / "x")
    train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "whole", name="Mug")
    first, second = (load_file(tmp_path / out / "adapter_model.safetensors") for out in ("x", "whole"))
    assert all(torch.equal(first[name], second[name]) for name in second)
    assert all(
        (tmp_path / "x" / name).is_file() for name in ("adapter_config.json", "README.md", "card.json")
    )


def test_an_adapter_is_saved_before_anything_looks_at_it(tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    monkeypatch.setattr(session, "side_by_side", raising(Killed()))
    with pytest.raises(Killed):
        train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "x", work=tmp_path / "job")
    saved = load_file(tmp_path / "x" / "adapter_model.safetensors")
    monkeypatch.undo()
    train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "x", work=tmp_path / "job")
    again = load_file(tmp_path / "x" / "adapter_model.safetensors")
    assert all(torch.equal(saved[name], again[name]) for name in again), "the end of the same training"


def test_a_preview_that_ends_the_process_does_not_end_it_again_after_a_restart(tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    with monkeypatch.context() as patched:
        patched.setattr(medium, "text_previews", lambda *_: Previews(raising(Killed())))
        with pytest.raises(Killed):
            train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "x")
    assert kept(tmp_path / "x")[-1] == "step-00000003", "the step whose previews ended it"
    steps = []
    fewer = recipe(preview_every=0)  # may be changed: it changes nothing of what is learned
    train(
        tiny_text_base(), tiny_texts(), fewer, tmp_path / "x", on_event=lambda e: steps.append(e.get("step"))
    )
    assert min(step for step in steps if step) > 3


def test_what_a_kill_left_half_written_is_removed(tmp_path):
    half = tmp_path / ".step-00000004.0123abcd.tmp"
    half.mkdir()
    (half / "state.pt").write_bytes(b"half")
    checkpoint.save(tmp_path, 8, {"step": 8}, "run")
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000008"]


def test_slices_of_time_add_up_to_the_whole_bit_for_bit(tmp_path):
    slices = 0
    while True:
        slices += 1
        result = train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "x", max_seconds=0.0)
        if not result.stopped:
            break
        assert result.steps == slices, "a slice makes one step at least, and no more when its time is up"
    assert slices == 6
    train(tiny_text_base(), tiny_texts(), recipe(), tmp_path / "whole")
    first, second = (load_file(tmp_path / name / "adapter_model.safetensors") for name in ("whole", "x"))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_a_checkpoint_is_written_by_the_clock_too(tmp_path):
    events = []
    settings = recipe(checkpoint_every=1000, checkpoint_minutes=1e-6)
    train(tiny_text_base(), tiny_texts(), settings, tmp_path / "x", on_event=events.append)
    assert [event["step"] for event in events if event["event"] == "checkpoint"] == [1, 2, 3, 4, 5]


@pytest.mark.battery(67, "kill -9 while training, at random moments")
def test_killed_at_random_moments_it_ends_as_if_nothing_had_been():
    """In a process that never trained itself, since its lives are forks of it."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.kills", "--kills", "2"], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"}, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert [line.partition(" times")[0] for line in done.stdout.splitlines()] == [
        "text: killed 2", "image: killed 2",
    ]  # fmt: skip
