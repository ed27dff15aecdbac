"""A newcomer's kind of job: one file, named once, goes the way of all others."""

import threading

import pytest

from lorakit import durable
from lorakit.errors import LoraKitError
from lorakit.jobs import kinds, queue
from lorakit.jobs.worker import Service
from lorakit.terminal.cli import main
from tests.jobs.kinds import made_up

COUNT = {"name": "sheep", "until": 5}


@pytest.fixture(autouse=True)
def registered():
    kinds.register(made_up.KIND)
    yield
    del kinds.KINDS["count"]


def counted(job):
    return [row["number"] for row in durable.read_lines(job.folder / "numbers.jsonl")]


def test_a_request_is_refused_with_all_that_is_wrong_with_it():
    with pytest.raises(LoraKitError) as caught:
        queue.create("count", {"until": 0, "loud": "very", "token": "secret"})
    told = str(caught.value)
    for words in (
        "'name' is missing",
        "'token' is not known",
        "until",
        "from 1 to 1000",
        "loud",
        "true or false",
    ):
        assert words in told
    assert "secret" not in told and "pydantic" not in told and queue.list_jobs() == []


def test_a_worker_runs_it_and_lets_short_ones_in_between():
    long, short = queue.create("count", COUNT), queue.create("count", COUNT | {"until": 2})
    assert not long.is_short and short.is_short
    service = Service(threading.Event())
    assert service.once() and short.state == "done" and long.state == "queued"
    assert service.once() and counted(long) == list(range(5))
    progress = queue.get(long.id).progress()
    assert (progress.state, progress.phase, progress.done, progress.total) == ("done", "Counting", 5, 5)


def test_the_command_line_runs_its_folder_and_lists_it(capsys):
    job = queue.create("count", COUNT)
    assert main(["train", str(job.folder)]) == 0 and job.state == "done"
    assert main(["jobs"]) == 0 and job.id in capsys.readouterr().out


def test_it_is_cancelled_between_its_steps_and_resumes_where_it_was(monkeypatch):
    job = queue.create("count", COUNT | {"until": 20})
    append = durable.append_line

    def cancelling(path, row):
        append(path, row)
        if row.get("number") == 4:
            job.cancel()

    monkeypatch.setattr(durable, "append_line", cancelling)
    assert Service(threading.Event()).once()
    assert job.state == "cancelled" and counted(job) == list(range(5))
    assert job.reopen() and Service(threading.Event()).once()
    assert job.state == "done" and counted(job) == list(range(20))


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="count"):
        kinds.register(made_up.KIND)
