"""A job's folder, run where it lies."""

from lorakit.jobs import queue
from lorakit.terminal.cli import main

COPY = {"base": "starter-text", "mix": {}, "brief": {"product": "Aurora bottle"}, "variants": 1, "seed": 0}


def test_a_job_folder_is_run_where_it_lies_and_only_once(monkeypatch, capsys, runs):
    job = queue.create("copy", COPY)
    calls = []

    def run(context):
        calls.append(1)
        context.job.emit({"event": "note", "text": "half way"})
        return True

    runs(copy=run)
    assert [main(["train", str(job.folder)]) for _ in range(2)] == [0, 0]
    assert calls == [1] and job.state == "done"
    assert "half way" in capsys.readouterr().out


def test_a_failed_job_folder_may_be_tried_again_a_running_or_cancelled_one_not(monkeypatch, capsys, runs):
    job = queue.create("copy", COPY)
    job.emit({"event": "started"})
    job.emit({"event": "failed", "error": "no memory"})
    runs(copy=lambda context: True)
    other = queue.get(job.id)
    assert other.acquire()
    assert main(["train", str(job.folder)]) == 1 and "another process" in capsys.readouterr().err
    other.release()
    assert main(["train", str(job.folder)]) == 0 and job.state == "done"
    cancelled = queue.create("copy", COPY)
    cancelled.cancel()
    assert main(["train", str(cancelled.folder)]) == 1 and "cancelled" in capsys.readouterr().err
