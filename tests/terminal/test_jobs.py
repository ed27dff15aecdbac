"""Jobs, listed and cancelled from the terminal."""

import json

from lorakit.jobs import queue
from lorakit.terminal.cli import main

COPY = {"base": "starter-text", "mix": {}, "brief": {"product": "Aurora bottle"}, "variants": 1, "seed": 0}


def test_jobs_are_listed_and_cancelled(capsys):
    job = queue.create("copy", COPY)
    for arguments in (["jobs"], ["jobs", "list"]):
        assert main(arguments) == 0 and f"{job.id} " in (said := capsys.readouterr().out) and "queued" in said
    assert main(["jobs", "show", job.id]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["id"], shown["kind"], shown["state"]) == (job.id, "copy", "queued")
    assert shown["spec"]["brief"]["product"] == "Aurora bottle"
    assert main(["jobs", "cancel", job.id]) == 0 and "cancelled" in capsys.readouterr().out
