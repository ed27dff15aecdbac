"""A training ends in time, says what to change when memory runs out, and survives what only observes it."""

import math

import pytest
import torch

from lorakit.errors import RecipeError
from lorakit.training import limits
from lorakit.training.recipe import Recipe
from tests.training.tiny import tiny_text_base


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves on."""

    class Clock:
        now = 0.0

        def monotonic(self):
            return self.now

    found = Clock()
    monkeypatch.setattr(limits, "time", found)
    return found


def test_no_step_begins_that_would_end_too_late(clock):
    pace = limits.Pace(until=100.0)
    assert not pace.is_over(), "one step is always made"
    for _ in range(2):
        with pace.step():
            clock.now += 20.0
        assert not pace.is_over()
    with pace.saving():
        clock.now += 16.0
    assert pace.is_over(), "a step and a checkpoint need 62 s of the 44 that are left"


def test_what_was_slow_once_is_forgotten(clock):
    pace = limits.Pace(until=math.inf)
    with pace.step():
        clock.now += 100.0
    for _ in range(50):
        with pace.step():
            clock.now += 1.0
    assert pace.slowest == 1.0


def test_a_checkpoint_is_due_by_the_clock(clock):
    pace = limits.Pace(until=math.inf)
    clock.now += 601.0
    assert pace.save_is_due(10) and not pace.save_is_due(20) and not pace.save_is_due(0)
    with pace.saving():
        pass
    assert not pace.save_is_due(10)


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"batch_size": 3, "accumulate": 2}, "batch_size 1 and accumulate 6"),
        ({"batch_size": 1}, "start over with gradient_checkpointing"),
        ({"batch_size": 1, "gradient_checkpointing": True}, "a smaller resolution or max_length"),
    ],
)
def test_out_of_memory_says_what_to_change(settings, advice, tmp_path):
    with (
        pytest.raises(RecipeError, match=rf"out of memory at step 8; .*{advice}"),
        limits.memory_told(Recipe.from_dict(settings), 7, tmp_path),
    ):
        raise torch.OutOfMemoryError("CUDA out of memory")


def test_any_other_error_stays_what_it_is(tmp_path):
    with pytest.raises(RuntimeError, match="shapes"), limits.memory_told(Recipe(), 7, tmp_path):
        raise RuntimeError("shapes do not match")


def test_what_only_observes_may_fail(caplog):
    events = []
    with limits.unharmed(tiny_text_base(), "A preview", events.append):
        raise OSError("disk")
    with limits.unharmed(tiny_text_base(), "A preview", events.append):
        raise torch.OutOfMemoryError("CUDA out of memory")
    assert [event["text"] for event in events] == [
        "A preview failed (OSError, see the log). The training itself is not affected.",
        "A preview failed (out of memory). The training itself is not affected.",
    ]
    assert "disk" in caplog.text
