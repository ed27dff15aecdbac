"""What the workspace keeps and what goes: what a person paid for, and what an open job needs, stays."""

import os
import threading
import time
from pathlib import Path

import gradio as gr
import pytest

from lorakit import durable, workspace
from lorakit.jobs import disk, queue, retention
from lorakit.store.store import Store
from lorakit.terminal import cli
from lorakit.ui import build_app

COPY = {"base": "b", "mix": {}, "brief": {"product": "x"}, "variants": 1, "seed": 0}


def made(path, days, size=1000):
    """A file of an age."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    aged(path, days)
    return path


def aged(path, days):
    then = time.time() - days * 86_400
    os.utime(path, (then, then))


def upload(name, days):
    folder = workspace.uploads_folder() / name
    made(folder / "a.jpg", days)
    aged(folder, days)
    return folder


def training(photos, end=None, days=0.0, kind="train"):
    """A training on an upload that ended so many days ago, or is still open."""
    recipe = {"steps": 5, "rank": 4, "alpha": 4.0, "learning_rate": 1e-3, "batch_size": 1}
    spec = {"base": "starter-image", "name": "a", "trigger": "a", "photos": str(photos), "recipe": recipe}
    job = queue.create("train", spec)
    job.emit({"event": "started"})
    if end:
        job.emit({"event": end})
    aged(job.folder / "events.jsonl", days)
    return job


@pytest.fixture
def full():
    """A workspace of everything; returns (what must go, what must stay)."""
    home, store = workspace.home(), workspace.adapters_folder()
    open_, used, lately = upload("open", 400), upload("used", 400), upload("lately", 400)
    jobs_ = [training(open_), training(used, "done", 31), training(lately, "done", 29)]
    stopped = [training(upload("s", 0), "cancelled", days) for days in (31, 29)]
    for job in (*jobs_, *stopped):
        made(job.folder / "checkpoints" / "step-1" / "state.pt", 60)
    campaign = workspace.campaigns_folder() / "c"
    trashed = [made(store / ".trash" / name / "lora.safetensors", 60).parent for name in ("old", "new")]
    half = made(home / "jobs" / ".j.0123abcd.tmp" / "spec.json", 2).parent
    sent = made(home / "page" / "0123" / "photo.zip", 3).parent
    aged(half, 2)
    aged(sent, 3)
    go = [
        upload("unused", 8), used, made(home / "downloads" / "old.zip", 3), made(campaign / "c.zip", 8),
        made(campaign / "contact-sheet.png", 8), jobs_[1].folder / "checkpoints",
        jobs_[2].folder / "checkpoints", stopped[0].folder / "checkpoints",
        half, sent,
        made(campaign / "images" / ".a.0123abcd.tmp.png", 2),
    ]  # fmt: skip
    stay = [
        open_, lately, upload("fresh", 6), made(home / "downloads" / "new.zip", 1),
        made(home / "page" / "4567" / "photo.zip", 1),
        *(job.folder for job in jobs_),
        jobs_[0].folder / "checkpoints", stopped[1].folder / "checkpoints",
        made(campaign / "images" / "a.png", 900), made(campaign / "manifest.jsonl", 900),
        made(store / "aurora" / "lora.safetensors", 900), *trashed,
        made(campaign / ".b.0123abcd.tmp.png", 0), made(home / "notes.tmp", 900),
    ]  # fmt: skip
    return go, stay


@pytest.mark.battery(99, "old uploads, downloads, checkpoints, temporaries")
def test_the_sweep_takes_what_has_had_its_time_and_nothing_else(full):
    go, stay = full
    before = set(workspace.home().rglob("*"))
    planned = {one.path for one in retention.going()}
    assert planned == set(go) and set(workspace.home().rglob("*")) == before, "only looked at"
    gone = retention.sweep()
    assert {one.path for one in gone} == set(go) and sum(one.size for one in gone) == 1000 * len(go)
    assert not any(path.exists() for path in go) and all(path.exists() for path in stay)
    left = before - {path for path in before for old in go if path.is_relative_to(old)}
    assert set(workspace.home().rglob("*")) - {workspace.jobs_folder() / ".starting"} == left
    assert retention.sweep() == []


def test_an_upload_that_a_job_has_taken_up_meanwhile_stays(monkeypatch):
    folder = upload("mine", 90)
    planned = retention.going()
    assert [one.path for one in planned] == [folder]
    training(folder)
    monkeypatch.setattr(retention, "going", lambda: planned)
    assert retention.sweep() == [] and folder.exists()


def test_an_upload_goes_by_the_last_of_the_jobs_that_used_it():
    folder = upload("mine", 90)
    training(folder, "done", 60)
    training(folder, "failed", 5)
    assert retention.going() == []
    training(folder)
    assert retention.going() == []


def test_what_is_in_the_trash_goes_a_month_after_it_was_moved_there(monkeypatch):
    made(workspace.adapters_folder() / "aurora" / "lora.safetensors", 900)
    durable.write_json(workspace.adapters_folder() / "aurora" / "card.json", {"name": "Aurora"})
    aged(workspace.adapters_folder() / "aurora", 900)
    name = Store().trash("aurora")
    assert retention.going() == [] and Store().trashed() == [name]
    real = time.time
    monkeypatch.setattr(retention.time, "time", lambda: real() + 31 * 86_400)
    assert [one.path.name for one in retention.sweep()] == [name] and Store().trashed() == []


def test_measurements_that_were_shown_go_and_written_copy_stays():
    check = queue.create("check", {"base": "b", "mix": {"a": 1.0}})
    copy = queue.create("copy", COPY)
    for job in (check, copy):
        job.emit({"event": "done"})
        aged(job.folder / "events.jsonl", 90)
    retention.sweep()
    assert [job.id for job in queue.list_jobs()] == [copy.id]


def test_a_long_log_keeps_its_end(monkeypatch):
    monkeypatch.setattr(retention, "LONGEST_LOG", 100)
    monkeypatch.setattr(retention, "KEPT_LOG", 10)
    log = made(workspace.home() / "worker.log", 0, 200)
    with open(log, "a") as file:
        file.write("the end")
        file.flush()
        retention.sweep()
        file.write("!")
    assert log.read_text() == "xxxthe end!"


def test_the_worker_sweeps_at_its_start_and_daily(monkeypatch):
    swept, waited, stop = [], [], threading.Event()
    monkeypatch.setattr(retention, "sweep", lambda: swept.append(1) or [])

    def wait(seconds):
        waited.append(seconds)
        return len(waited) == 2

    monkeypatch.setattr(stop, "wait", wait)
    retention.keep_sweeping(stop)
    end = time.monotonic() + 10
    while len(waited) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    assert len(swept) == 2 and waited == [86_400, 86_400]


def test_the_page_says_how_long_uploads_and_the_trash_are_kept():
    app = build_app()
    said = " ".join(str(block.value) for block in app.blocks.values() if isinstance(block, gr.HTML))
    assert said.count("kept for 7 days, or until 30 days after the last training") == 2
    infos = [block.info for block in app.blocks.values() if isinstance(block, gr.Dropdown) and block.info]
    assert any("kept for 30 days" in info for info in infos)


def test_clean_lists_what_goes_with_its_size_and_removes_it_when_asked(full, capsys):
    go, _ = full
    assert cli.main(["clean", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert all(str(path) in said for path in go) and f"would free {len(go)}" in said
    assert all(path.exists() for path in go)
    assert cli.main(["clean"]) == 0
    assert "freed" in capsys.readouterr().out and not any(path.exists() for path in go)
    assert cli.main(["clean"]) == 0 and "nothing to remove" in capsys.readouterr().out


def test_doctor_says_what_takes_room_and_no_secret(full, capsys, monkeypatch):
    monkeypatch.setenv("LORAKIT_PASSWORD", "rosebud")
    monkeypatch.setenv("HF_TOKEN", "hf_rosebud")
    monkeypatch.setenv("LORAKIT_SOME_KEY", "rosebud")
    made(workspace.adapters_folder() / "big" / "lora.safetensors", 0, 3_000_000)
    assert cli.main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "rosebud" not in said
    assert "LORAKIT_PASSWORD: set" in said and "HF_TOKEN: set" in said and "LORAKIT_SOME_KEY: set" in said
    assert (
        "adapters: 3.0 MB" in said
        and "trash: 2.0 kB" in said
        and "can be freed up: python -m lorakit clean" in said
    )
    assert "HF_HUB_OFFLINE" in said and " free)" in said
    sizes = disk.usage()
    assert sum(sizes.values()) == disk.size_of(workspace.home()) + disk.size_of(Path(Store().folder))


def test_a_link_out_of_the_workspace_is_not_followed(tmp_path):
    precious = made(tmp_path / "precious" / "a.jpg", 90)
    workspace.uploads_folder().mkdir(parents=True)
    link = workspace.uploads_folder() / "link"
    link.symlink_to(precious.parent)
    os.utime(link, (0, 0), follow_symlinks=False)
    retention.sweep()
    assert precious.exists() and not link.is_symlink()
