"""A worker's part in a test: one job run to its end on bases that are given."""

from types import SimpleNamespace

import pytest

from lorakit.errors import BaseError
from lorakit.jobs import queue
from lorakit.jobs.run import run_job


class HeldBases:
    """Bases by name that are in memory already; any other cannot be loaded. Remembers what was asked for."""

    def __init__(self, **held):
        self.held, self.loaded = {name.replace("_", "-"): base for name, base in held.items()}, []

    def has(self, source, quantize=None, offload=False):
        return source in self.held

    def get(self, source, quantize=None, offload=False):
        self.loaded.append(source)
        if source not in self.held:
            raise BaseError(f"{source}: it is not here")
        return self.held[source]


@pytest.fixture
def held():
    """Makes bases that a worker holds: `held(starter_text=base)`."""
    return HeldBases


@pytest.fixture
def text_base():
    return SimpleNamespace(family="llm", kind=SimpleNamespace(makes="text"))


@pytest.fixture
def ran():
    """Runs a job of a kind and its spec, and returns it."""

    def run(kind, spec, bases, stopping=lambda: False):
        job = queue.create(kind, spec)
        assert job.acquire()
        job.start()
        run_job(job, bases, stopping)
        return job

    return run
