"""Full fine-tuning learns, is counted, and leaves the base as it was."""

import pytest
import torch
from test_optimizers import recipe
from tiny import tiny_text_base, tiny_texts

from lorakit.errors import RecipeError
from lorakit.training.full import fine_tune


def test_all_weights_learn_and_are_put_back(tmp_path):
    base = tiny_text_base()
    before = {name: value.clone() for name, value in base.model.state_dict().items()}
    figures = fine_tune(base, tiny_texts(), recipe(steps=20), tmp_path)
    assert figures.held_out_after < figures.held_out_before
    assert figures.trained_parameters == sum(p.numel() for p in base.model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in base.model.state_dict().items())
    assert not any(p.requires_grad for p in base.model.parameters())
    assert not (tmp_path / "checkpoints").exists()


def test_an_error_in_the_middle_puts_them_back_too(tmp_path):
    base = tiny_text_base()
    before = {name: value.clone() for name, value in base.model.state_dict().items()}
    asked = iter(range(100))

    def failing():
        if next(asked) == 3:
            raise RuntimeError("in the middle")
        return False

    with pytest.raises(RuntimeError, match="in the middle"):
        fine_tune(base, tiny_texts(), recipe(steps=20), tmp_path, should_stop=failing)
    assert all(torch.equal(value, before[name]) for name, value in base.model.state_dict().items())


def test_a_quantized_base_is_refused(tmp_path):
    base = tiny_text_base()
    base.quantized = "nf4"
    with pytest.raises(RecipeError, match="load it without"):
        fine_tune(base, tiny_texts(), recipe(), tmp_path)
