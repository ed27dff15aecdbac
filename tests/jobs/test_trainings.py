"""A training as a job: one folder for its adapter however often it begins, none where it was cancelled."""

from types import SimpleNamespace

import pytest

from lorakit.jobs import queue, trainings
from lorakit.jobs.context import Context
from lorakit.jobs.kinds import KINDS
from lorakit.store.store import Store

SPEC = {"base": "starter-text", "name": "Calm", "texts": "t.csv", "recipe": {}}


@pytest.fixture
def job():
    made = queue.create("voice", SPEC)
    assert made.acquire()
    return made


@pytest.fixture
def trains(monkeypatch):
    """Puts a training that writes, fails or stops in the place of the real one; remembers its folders."""
    outs = []

    def put(then=lambda out: None, stopped=False):
        def train(base, data, recipe, out, **options):
            outs.append(out)
            then(out)
            return SimpleNamespace(stopped=stopped)

        monkeypatch.setattr("lorakit.training.session.train", train)
        return outs

    return put


def run(job):
    bases = SimpleNamespace(get=lambda *asked: None)
    return trainings.run(Context(job, KINDS["voice"], bases, lambda: False, None), lambda spec: [])


def test_a_resumed_training_writes_the_same_folder(job, trains):
    outs = trains(stopped=True)
    assert run(job) is False and run(job) is False
    assert outs == [Store().folder / "calm"] * 2
    assert [event["slug"] for event in job.events() if event["event"] == "slug"] == ["calm"]


def test_a_folder_that_another_adapter_took_meanwhile_is_left_alone(job, trains):
    outs = trains(stopped=True)
    run(job)
    (Store().folder / "calm").mkdir(exist_ok=True)
    (Store().folder / "calm" / "adapter_model.safetensors").write_bytes(b"another's")
    run(job)
    assert [out.name for out in outs] == ["calm", "calm-2"]


def test_what_was_finished_is_not_trained_again(job, trains):
    outs = trains()
    assert run(job) is True
    job.emit({"event": "result", "slug": "calm"})
    assert run(job) is True and len(outs) == 1


def test_a_failure_and_a_cancel_free_the_name(job, trains):
    def fail(out):
        raise RuntimeError("disk")

    trains(fail)
    with pytest.raises(RuntimeError):
        run(job)
    assert not (Store().folder / "calm").exists()
    trains(lambda out: job.cancel(), stopped=True)
    run(job)
    assert not (Store().folder / "calm").exists()


def test_what_a_cancelled_training_saved_stays(job, trains):
    def save(out):
        out.mkdir(parents=True, exist_ok=True)
        (out / "adapter_model.safetensors").write_bytes(b"weights")
        job.cancel()

    trains(save)
    run(job)
    assert (Store().folder / "calm" / "adapter_model.safetensors").exists()
