"""What a visitor's page is told while photos are opened, and what becomes of those nobody waits for."""

import threading
import time
from types import SimpleNamespace

import pytest

from lorakit.data.photos import helpers
from lorakit.data.photos.turns import current
from lorakit.ui.parts import looking, training_data


@pytest.fixture
def slow(monkeypatch):
    """Helpers that open one picture for each step that the test lets them take."""
    pool = SimpleNamespace(steps=threading.Semaphore(0))
    monkeypatch.setattr(looking, "TELL_SECONDS", 0.01)
    before = helpers.in_use()
    helpers.use(pool)
    yield pool
    helpers.use(before)


def test_a_visitor_is_told_how_far_it_is_and_gets_the_result(slow):
    def work():
        turn = current.get()
        turn.asked += [SimpleNamespace(done=lambda: True, cancel=lambda: False)] * 3
        slow.steps.acquire()
        return "done"

    opening = looking.during(work, "visitor", "check")
    until(lambda: next(opening) == (3, 3))
    slow.steps.release()
    with pytest.raises(StopIteration) as end:
        while True:
            next(opening)
    assert end.value.value == "done" and not looking._latest


@pytest.mark.parametrize("how", ["the page is closed", "another upload"])
def test_what_nobody_waits_for_is_dropped(slow, how):
    turns = []

    def work():
        turns.append(current.get())
        slow.steps.acquire()

    opening = looking.during(work, "visitor", "check")
    next(opening)
    until(lambda: turns)
    if how == "the page is closed":
        opening.close()
    else:
        other = looking.during(work, "visitor", "check")
        next(other)
        until(lambda: len(turns) == 2)
        assert list(opening) == []
        assert not turns[1].cancelled
        other.close()
    assert turns[0].cancelled
    slow.steps.release(2)


def test_the_page_shows_progress_and_then_the_cards(monkeypatch):
    def during(work, visitor, what):
        yield 2, 5
        return work()

    monkeypatch.setattr(training_data.looking, "during", during)
    first, last = training_data.telling(lambda: "cards", "check")
    assert "2 of 5" in first and last == "cards"


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
