"""Whose turn it is: many jobs of one owner do not keep another's waiting."""

import pytest

from lorakit import durable, workspace
from lorakit.jobs import queue, turns

LONG = {"base": "b", "mix": {}, "scenes": ["a"] * 20, "formats": ["1:1"]}
SHORT = {"base": "b", "mix": {}, "brief": {"product": "x"}, "variants": 1}


def start(owner, number, kind="campaign"):
    spec = LONG | {"seeds": [number]} if kind == "campaign" else SHORT | {"seed": number}
    return queue.create(kind, spec, owner)


def run_all():
    """Whose jobs are taken up, in order, each run to its end."""
    owners = []
    while (job := queue.claim()) is not None:
        owners.append(job.owner)
        job.emit({"event": "done"})
        job.release()
    return owners


@pytest.mark.battery(104, "twenty jobs of one visitor before one of another")
def test_twenty_jobs_of_one_do_not_delay_anothers():
    for number in range(20):
        start("a", number)
    first = queue.claim()
    assert first.owner == "a"
    start("b", 1)
    first.emit({"event": "done"})
    first.release()
    assert run_all() == ["b"] + ["a"] * 19


def test_owners_take_turns_also_when_jobs_come_later():
    for number in range(3):
        start("a", number)
    for owner in ("b", "c"):
        start(owner, 0)
        start(owner, 1)
    assert run_all() == ["a", "b", "c", "a", "b", "c", "a"]
    start("a", 7)
    start("c", 7)
    start("b", 7)
    assert run_all() == ["b", "c", "a"], "who was served last is served last"


def test_clicks_come_before_long_jobs_and_take_turns_of_their_own():
    for number in range(3):
        start("a", number, "copy")
    long = start("b", 0)
    start("b", 0, "copy")
    assert [(job.owner, job.kind) for job in queue.waiting()] == [
        ("a", "copy"), ("b", "copy"), ("a", "copy"), ("a", "copy"), ("b", "campaign"),
    ]  # fmt: skip
    assert [job.id for job in queue.waiting("b")][-1] == long.id
    assert run_all() == ["a", "b", "a", "a", "b"]


def test_the_jobs_of_one_owner_keep_their_order():
    made = [start("", number).created for number in range(5)]
    assert [job.created for job in queue.waiting()] == made


def test_the_waiting_order_is_the_one_in_which_jobs_are_claimed():
    for number in range(4):
        start("a", number)
    run = queue.claim()
    for owner in ("b", "b", "c"):
        start(owner, len(queue.list_jobs()))
    foreseen = [job.id for job in queue.waiting()]
    run.emit({"event": "done"})
    run.release()
    claimed = []
    while (job := queue.claim()) is not None:
        claimed.append(job.id)
        job.emit({"event": "done"})
        job.release()
    assert claimed == foreseen


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": "x", "b": 3}', "\x00"])
def test_a_lost_or_spoilt_record_costs_fairness_once_and_nothing_else(content):
    for owner in ("a", "b"):
        start(owner, 0)
    (workspace.jobs_folder() / turns.FILE).write_text(content)
    assert sorted(run_all()) == ["a", "b"]


def test_it_remembers_so_many_owners():
    job = start("new", 0)
    durable.write_json(workspace.jobs_folder() / turns.FILE, {str(n): n for n in range(2 * turns.MOST)})
    turns.note(workspace.jobs_folder(), job)
    kept = turns.read(workspace.jobs_folder())
    assert len(kept) == turns.MOST and kept["new"] == max(kept.values())
