"""Jobs are folders: what is refused, in which order they are claimed, and how their state is derived."""

import json
import multiprocessing
import subprocess
import sys

import pytest
from filelock import FileLock

from lorakit import durable, workspace
from lorakit.errors import LoraKitError
from lorakit.jobs import job as jobs
from lorakit.jobs import queue
from lorakit.jobs.kinds import KINDS
from lorakit.jobs.loaded_bases import Bases
from lorakit.jobs.run import run_job

COPY = {"base": "b", "mix": {}, "brief": {"product": "Aurora bottle"}, "variants": 2, "seed": 0}
CAMPAIGN = {"base": "b", "mix": {"x": 0.8}, "scenes": ["in a studio"], "formats": ["1:1"], "seeds": [1, 2]}
TRAIN = {"base": "b", "name": "Aurora", "trigger": "aurora bottle", "photos": "p", "recipe": {"steps": 9}}
VOICE = {"base": "b", "name": "Calm", "texts": "t.csv", "recipe": {}}


def test_a_job_is_found_again_with_its_whole_recipe():
    job = queue.create("train", TRAIN)
    again = queue.get(job.id)
    assert again.spec["recipe"]["steps"] == 9 and again.spec["recipe"]["rank"] == 16
    assert again.state == "queued" and again.kind == "train"
    assert queue.open_folder(job.folder).spec == job.spec


@pytest.mark.parametrize(
    ("kind", "spec", "words"),
    [
        ("dance", {}, ["dance", "train"]),
        ("copy", COPY | {"token": "secret"}, ["token", "not known"]),
        ("copy", {k: v for k, v in COPY.items() if k != "seed"}, ["seed", "missing"]),
        ("copy", COPY | {"brief": {"product": "x", "colour": "y"}}, ["brief"]),
        ("copy", COPY | {"brief": {"product": " "}}, ["product"]),
        ("copy", COPY | {"brief": "x"}, ["brief"]),
        ("copy", COPY | {"variants": 21}, ["variants", "20"]),
        ("copy", COPY | {"variants": True}, ["variants"]),
        ("copy", COPY | {"seed": -1}, ["seed"]),
        ("copy", COPY | {"seed": 2**64}, ["seed"]),
        ("copy", COPY | {"quantize": "q2"}, ["quantize", "nf4"]),
        ("copy", COPY | {"base": "https://u:pw@hub/x"}, ["base", "Hugging Face ID"]),
        ("copy", COPY | {"mix": {"a": float("nan")}}, ["mix", "number"]),
        ("campaign", CAMPAIGN | {"mix": ["a"]}, ["mix"]),
        ("campaign", CAMPAIGN | {"scenes": []}, ["scenes"]),
        ("campaign", CAMPAIGN | {"scenes": "studio"}, ["scenes", "list"]),
        ("campaign", CAMPAIGN | {"scenes": ["x" * 10_000]}, ["scene 1", "10,000"]),
        ("campaign", CAMPAIGN | {"formats": ["instagram-storey"]}, ["instagram-story"]),
        ("campaign", CAMPAIGN | {"seeds": range(10**12)}, ["images"]),
        ("campaign", CAMPAIGN | {"seeds": [2**64]}, ["seed"]),
        ("campaign", CAMPAIGN | {"steps": 0}, ["steps"]),
        ("campaign", CAMPAIGN | {"guidance": float("nan")}, ["guidance"]),
        ("train", TRAIN | {"recipe": {"ranke": 8}}, ["ranke"]),
        ("train", TRAIN | {"recipe": {"rank": 0}}, ["rank"]),
        ("train", TRAIN | {"recipe": 5}, ["recipe"]),
        ("train", TRAIN | {"name": ""}, ["name", "empty"]),
        ("train", TRAIN | {"name": "n" * 201}, ["name", "200"]),
        ("train", TRAIN | {"photos": None}, ["photos"]),
        ("voice", 7, ["spec"]),
    ],
)
def test_what_cannot_run_is_refused_by_name_and_leaves_nothing(kind, spec, words):
    with pytest.raises(LoraKitError) as caught:
        queue.create(kind, spec)
    for word in words:
        assert word in str(caught.value)
    assert queue.list_jobs() == []


def test_a_range_of_seeds_becomes_a_list_that_json_can_hold():
    assert queue.get(queue.create("campaign", CAMPAIGN | {"seeds": range(3)}).id).spec["seeds"] == [0, 1, 2]


@pytest.mark.battery(71, "a workspace that cannot be written")
def test_a_workspace_that_cannot_be_written_is_said_in_a_sentence(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("LORAKIT_HOME", str(tmp_path / "file"))
    with pytest.raises(LoraKitError, match="workspace"):
        queue.create("copy", COPY)


@pytest.mark.parametrize("id", ["", ".", "..", "../x", "a/b", "no-such", "\0", "x" * 400])
def test_an_unknown_id_is_an_error_and_never_a_path(id):
    with pytest.raises(LoraKitError, match="does not exist"):
        queue.get(id)


def test_short_jobs_are_claimed_first_then_the_oldest():
    long = queue.create("train", TRAIN)
    second = queue.create("campaign", CAMPAIGN | {"seeds": range(9)})
    click = queue.create("campaign", CAMPAIGN)
    copy = queue.create("copy", COPY)
    claimed = [queue.claim() for _ in range(5)]
    assert [job and job.id for job in claimed] == [click.id, copy.id, long.id, second.id, None]
    for job in claimed[:4]:
        job.release()


def test_between_steps_only_short_and_accepted_jobs_are_let_in():
    queue.create("train", TRAIN)
    queue.create("copy", COPY)
    assert queue.claim(short_only=True, accept=lambda job: job.spec["base"] == "other") is None
    job = queue.claim(short_only=True)
    assert job.kind == "copy"
    job.release()
    job.emit({"event": "done"})
    assert queue.claim(short_only=True) is None


def test_a_job_is_claimed_once_however_often_it_is_asked_for():
    queue.create("copy", COPY)
    first = queue.claim()
    assert first.state == "running" and queue.get(first.id).state == "running"
    assert queue.claim() is None
    first.release()


def _hold(folder, held, done):
    with FileLock(folder / "lock"):
        held.set()
        done.wait(20)


def test_a_dead_holder_leaves_the_job_interrupted_and_claimable():
    job = queue.create("voice", VOICE)
    job.start()
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(job.folder, held, done))
    holder.start()
    assert held.wait(30)
    assert job.state == "running" and queue.claim() is None
    holder.kill()
    holder.join()
    assert job.state == "interrupted"
    again = queue.claim()
    assert again.id == job.id
    again.release()


@pytest.mark.battery(70, "a worker that is killed for its memory again and again")
def test_three_starts_that_came_to_nothing_end_a_job_with_advice():
    job = queue.create("voice", VOICE)
    for _ in range(3):
        queue.claim().release()
    assert queue.claim() is None
    assert job.state == "failed"
    assert "3 times" in job.progress().message and "smaller" in job.progress().message


def test_a_job_that_gets_on_or_was_stopped_in_order_may_start_any_number_of_times():
    job = queue.create("voice", VOICE)
    for number in range(8):
        claimed = queue.claim()
        assert claimed is not None, number
        claimed.emit({"event": "checkpoint", "step": number} if number % 2 else {"event": "interrupted"})
        claimed.release()
    assert job.state == "interrupted"


def test_cancelled_jobs_are_never_claimed():
    job = queue.create("copy", COPY)
    job.cancel()
    assert job.state == "cancelled" and queue.claim() is None


@pytest.mark.battery(72, "corrupted events, half a line at the end")
def test_torn_and_foreign_lines_are_skipped_and_the_next_event_is_whole():
    job = queue.create("copy", COPY)
    job.emit({"event": "step", "step": 1, "total": 4, "loss": 0.5, "seconds_left": 3.0})
    with open(job.folder / "events.jsonl", "ab") as file:
        file.write(b'[1]\nnot json\n{"no": "event"}\n\xff\xfe\n{"event": "st')
    job.emit({"event": "step", "step": 2, "total": 4, "loss": 0.25, "seconds_left": 2.0})
    assert [event.get("step") for event in job.events()] == [1, 2]
    assert (job.progress().done, job.progress().total) == (2, 4)


def test_events_with_missing_or_odd_fields_do_not_break_the_page():
    job = queue.create("copy", COPY)
    for event in ({"event": "step"}, {"event": "image", "done": None, "total": "x"}, {"event": "phase"}):
        job.emit(event)
    assert job.progress().done == 0


def test_remaining_time_is_told_while_it_runs_and_only_then():
    job = queue.create("copy", COPY)
    claimed = queue.claim()
    claimed.emit({"event": "image", "shot": "s", "path": "p", "done": 3, "total": 8, "seconds_left": 40.0})
    progress = job.progress()
    assert (progress.state, progress.phase, progress.done, progress.total) == ("running", "Rendering", 3, 8)
    assert progress.seconds_left == 40.0
    claimed.release()
    assert job.progress().seconds_left is None


def test_folders_that_are_no_jobs_are_left_out():
    job = queue.create("copy", COPY)
    folder = workspace.jobs_folder()
    (folder / "stray").mkdir()
    (folder / "x-copy-torn").mkdir()
    (folder / "x-copy-torn" / "spec.json").write_text('{"kind": "co')
    (folder / "x-copy-later").mkdir()
    (folder / "x-copy-later" / "spec.json").write_text(
        json.dumps({"kind": "film", "spec": {}, "created": "x"})
    )
    assert [each.id for each in queue.list_jobs()] == [job.id]
    assert [each.id for each in queue.list_jobs(["train"])] == []


def test_listing_is_newest_first_and_leaves_the_ended_to_others():
    made = [queue.create("copy", COPY) for _ in range(4)]
    for job, milliseconds in zip(made, range(4), strict=True):
        job.folder.rename(job.folder.parent / f"2026010112000000{milliseconds}-copy-{job.id[-6:]}")
    listed = queue.list_jobs()
    assert [job.id[:17] for job in listed] == [f"2026010112000000{n}" for n in (3, 2, 1, 0)]
    listed[0].emit({"event": "done"})
    assert len(queue.list_jobs(ended=False)) == 3 and len(queue.list_jobs()) == 4


def test_jobs_need_no_torch():
    modules = "lorakit.store.store, lorakit.terminal.cli, lorakit.jobs.worker"
    code = f"import sys, {modules}; print('torch' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"


@pytest.mark.battery(73, "clock jumps back")
def test_a_clock_that_jumps_back_changes_no_state_and_loses_no_job(monkeypatch):
    """State follows the order of events, never their times; a job made at an earlier time is run as well."""
    times = iter(["2026-06-01T12:00:00.000+00:00"] * 4 + ["2026-01-01T12:00:00.000+00:00"] * 20)
    monkeypatch.setattr(jobs, "_now", lambda: next(times))
    first = queue.create("copy", COPY)
    claimed = queue.claim()
    claimed.emit({"event": "phase", "name": "Writing", "done": 0, "total": 0})
    claimed.emit({"event": "interrupted"})
    claimed.release()
    assert queue.get(first.id).state == "interrupted"
    again = queue.claim()  # from here on the clock is five months back
    assert again.id == first.id and again.state == "running"
    second = queue.create("copy", COPY)
    again.emit({"event": "done"})
    again.release()
    assert queue.get(first.id).state == "done" and queue.claim().id == second.id
    assert {job.id for job in queue.list_jobs()} == {first.id, second.id}


@pytest.mark.battery(90, "an old job that lacks a field")
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_old_job_without_a_field_says_what_it_lacks(kind, record_property):
    folder = workspace.jobs_folder() / f"20200101T000000000-{kind}-abcdef"
    durable.write_json(folder / "spec.json", {"kind": kind, "created": "2020-01-01", "spec": {}})
    job = queue.get(folder.name)
    assert set(job.lacks) == KINDS[kind].spec.needed() == set(job.spec)
    assert job.acquire()
    run_job(job, Bases())
    told = job.progress().message
    record_property("told", told)
    assert job.state == "failed" and job.lacks[0] in told and "KeyError" not in told


def test_the_fields_that_are_there_stay():
    job = queue.create("copy", {"base": "b", "mix": {}, "brief": {"product": "x"}, "variants": 2, "seed": 0})
    assert queue.get(job.id).lacks == () and queue.get(job.id).spec == job.spec


def test_half_a_character_becomes_the_mark_for_it_and_breaks_nothing():
    """As browsers send text (WHATWG Infra, scalar value string); names of files keep their bytes."""
    spec = {"base": "b", "mix": {}, "brief": {"product": "caf\ud800é"}, "variants": 1, "seed": 0}
    job = queue.create("copy", spec)
    assert queue.get(job.id).spec["brief"]["product"] == "caf\ufffdé"
    job.emit({"event": "note", "text": "\udfff"})
    assert job.events()[-1]["text"] == "\udfff"
    train = {"base": "b", "name": "n\ud83d", "trigger": "t", "photos": "p", "recipe": {},
             "without": ["\udce9.jpg"], "captions": {"\udce9.jpg": "a \ud83d"}}  # fmt: skip
    kept = queue.get(queue.create("train", train).id).spec
    assert kept["without"] == ["\udce9.jpg"] and kept["captions"] == {"\udce9.jpg": "a \ufffd"}
    assert kept["name"] == "n\ufffd"
    durable.write_text(workspace.home() / "a.txt", "a\ud800b")
    assert (workspace.home() / "a.txt").read_text(encoding="utf-8") == "a\ufffdb"
