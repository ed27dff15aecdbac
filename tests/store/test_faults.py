"""What may happen to the store: several processes, a process killed in the middle, a disk that is full."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from lorakit import formats
from lorakit.errors import AdapterError, LoraKitError
from lorakit.jobs import queue
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.store import writing
from lorakit.store.store import Store

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path):
    factors = Factors(torch.randn(4, 40_000), torch.randn(40_000, 4), 4.0)
    modules = {f"transformer.transformer_blocks.{n}.attn.to_q": factors for n in range(2)}
    formats.save(Adapter(modules, Card(name="Aurora", family="flux")), tmp_path / "made")
    return tmp_path / "made"


def process(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def names():
    return {path.name for path in Store().folder.iterdir()} - {".lock"}


ADD = """
import sys
from lorakit.store.store import Store
print(Store().add(sys.argv[1]).slug)
"""


@pytest.mark.battery(27, "two adapters of one slug added at once, by several processes")
def test_processes_that_add_one_name_at_once_each_get_their_own(folder):
    several = [process(ADD, folder) for _ in range(3)]
    found = {each.communicate()[0].strip() for each in several}
    assert found == {"aurora", "aurora-2", "aurora-3"}
    assert names() == found
    for slug in found:
        assert Store().load(slug).rank == 4


KILLED = """
import os, sys
from lorakit import durable
from lorakit.store.store import Store
def wait(path, obj):
    print("here", flush=True)
    sys.stdin.read()
durable.write_json = wait  # the weights are written, the card is not
Store().add(sys.argv[1])
"""


@pytest.mark.battery(67, "kill -9 while an adapter is added")
def test_an_add_that_is_killed_leaves_nothing_to_be_seen(folder, monkeypatch):
    command = [sys.executable, "-c", KILLED, folder]
    killed = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert killed.stdout.readline().strip() == "here"
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    (left,) = names()
    assert left.startswith(".") and Store().list() == []
    assert Store().add(folder).slug == "aurora"  # the lock went with the process
    assert names() == {left, "aurora"}  # it could still be in work
    monkeypatch.setattr(writing, "STALE_SECONDS", -1)
    assert Store().reserve("other") == "other" and names() == {"aurora", "other"}


@pytest.fixture
def small_disk(tmp_path):
    """A disk of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    if shutil.which("mount") is None or os.geteuid() != 0:
        pytest.skip("needs the right to mount a small disk")
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", place], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("needs the right to mount a small disk")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


@pytest.mark.battery(69, "disk full while an adapter is added or exported")
def test_a_full_disk_is_told_and_nothing_half_written(
    folder, small_disk, tmp_path, monkeypatch, record_property
):
    kept = Store().add(folder)
    with pytest.raises(AdapterError, match=r"download can't be saved \(No space left"):
        Store().export(kept.slug, small_disk / "downloads")
    with pytest.raises(AdapterError, match=r"download can't be saved \(No space left"):
        Store().export(kept.slug, small_disk / "downloads", "kohya")
    assert not any(path.is_file() for path in small_disk.rglob("*"))
    monkeypatch.setenv("LORAKIT_ADAPTERS", str(small_disk / "adapters"))
    with pytest.raises(AdapterError, match=r"your adapters can't be saved \(No space left") as caught:
        Store().add(folder)
    record_property("told", caught.value)
    assert names() == set()


@pytest.mark.battery(28, "slug of dots, slashes, device names, emoji, 300 characters")
@pytest.mark.parametrize(
    "name", ["...", "../../etc", "con", "\U0001f600", "x" * 300, "a/b", "NUL.txt", "~", "-rf"]
)
def test_an_adapter_of_any_name_is_added_found_renamed_and_trashed(name, folder):
    entry = Store().add(folder, name)
    assert Store().folder / entry.slug in Store().folder.iterdir()
    assert Store().load(entry.slug).name == name
    Store().trash(entry.slug)
    assert Store().restore(entry.slug).name == name


def test_a_thousand_adapters_are_listed_without_opening_one(folder, monkeypatch):
    first = Store().folder / "first"
    Store().add(folder, "first")
    for number in range(999):
        target = Store().folder / f"copy-{number}"
        target.mkdir()
        for file in first.iterdir():
            if file.is_file():
                os.link(file, target / file.name)
    for name in ("load", "inspect"):
        monkeypatch.setattr(formats, name, None)
    begun = time.perf_counter()
    assert len(Store().list()) == 1000
    print(f"1,000 adapters listed in {time.perf_counter() - begun:.2f} s")


@pytest.mark.battery(71, "read-only workspace and store")
def test_a_disk_that_became_read_only_is_told_and_what_is_there_stays_in_use(
    folder, small_disk, tmp_path, monkeypatch, record_property
):
    monkeypatch.setenv("LORAKIT_ADAPTERS", str(small_disk / "adapters"))
    monkeypatch.setenv("LORAKIT_HOME", str(small_disk / "home"))
    card = Card(name="Small", family="flux")
    module = {"transformer.transformer_blocks.0.attn.to_q": Factors(torch.ones(1, 8), torch.ones(8, 1), 1.0)}
    formats.save(Adapter(module, card), tmp_path / "small")
    kept, job = Store().add(tmp_path / "small"), queue.create("check", {"base": "b", "mix": {}})
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    for action in (
        lambda: Store().add(tmp_path / "small"),
        lambda: Store().rename(kept.slug, "Other"),
        lambda: Store().trash(kept.slug),
        lambda: queue.create("check", {"base": "b", "mix": {}}),
        lambda: queue.create_once("check", {"base": "c", "mix": {}}),
    ):
        with pytest.raises(LoraKitError, match=r"can't be saved \(Read-only file system\)") as caught:
            action()
        assert str(small_disk) not in str(caught.value)
    record_property("told", caught.value)
    assert Store().load(kept.slug).rank == 1 and queue.get(job.id).state == "queued"
    assert Store().export(kept.slug, tmp_path / "out").is_file()
