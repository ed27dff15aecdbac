"""The updates that are foreseen are those that the loop makes."""

import pytest

from lorakit.training import train
from lorakit.training.forecast import length
from tests.training.tiny import recipe, tiny_text_base, tiny_texts


@pytest.mark.parametrize(
    ("settings", "updates"),
    [
        ({"steps": 6}, 6),
        ({"epochs": 2, "batch_size": 3}, 6),  # eight texts are three batches
        ({"epochs": 2, "batch_size": 3, "accumulate": 4}, 2),
        ({"epochs": 1, "batch_size": 8}, 1),
    ],
)
def test_epochs_are_counted_in_batches_of_the_data(settings, updates):
    assert length.updates(tiny_text_base(), recipe(**settings), tiny_texts()) == updates


def test_without_data_the_stated_steps_count():
    assert length.updates(tiny_text_base(), recipe(epochs=2, steps=6)) == 6


def test_the_loop_makes_as_many(tmp_path):
    base, texts, settings = tiny_text_base(), tiny_texts(), recipe(epochs=2, preview_every=0)
    result = train(base, texts, settings, tmp_path / "out", resume=False)
    assert result.summary["steps"] == length.updates(base, settings, texts) == 6
