"""A builder's state is on disk as a whole, or still the one before."""

import pytest
import torch

from lorakit.starter.build.saving import read, save


def test_a_state_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "state.pt"
    assert read(path, "cpu") == {}
    save({"step": 3, "weights": torch.arange(4.0)}, path)
    found = read(path, "cpu")
    assert found["step"] == 3 and torch.equal(found["weights"], torch.arange(4.0))


def test_one_that_cannot_be_written_leaves_the_one_before(tmp_path):
    path = tmp_path / "state.pt"
    save({"step": 3}, path)
    with pytest.raises(Exception, match="pickle"):
        save({"step": 4, "function": lambda: None}, path)
    assert read(path, "cpu") == {"step": 3} and [one.name for one in tmp_path.iterdir()] == ["state.pt"]
