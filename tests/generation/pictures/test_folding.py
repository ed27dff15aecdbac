"""A long run folds its mix into the weights, a short one does not, and both leave the base as it was."""

import pytest
import torch

from lorakit.generation.pictures import folding
from lorakit.generation.pictures.folding import FROM, Folding
from lorakit.lora.merging import is_merged
from lorakit.lora.strength import Strength


@pytest.fixture
def base(base_of):
    return base_of()


def outputs(base):
    return base.model.layer(torch.ones(1, 4))


def test_both_ways_give_the_same_numbers_and_the_bare_base_after_it(base, adapter):
    bare, results = outputs(base), []
    for pictures in (FROM - 1, FROM):
        run = Folding(base, {adapter(): 0.8}, pictures)
        assert run.folds == (pictures >= FROM)
        with run.on():
            assert is_merged(base.model) == run.folds
            results.append(outputs(base))
        run.end()
        assert torch.equal(outputs(base), bare) and not is_merged(base.model)
    assert torch.allclose(*results, atol=1e-6) and not torch.equal(results[0], bare)


def test_between_two_batches_the_mix_stays_folded_in(base, adapter):
    run = Folding(base, {adapter(): 0.8}, FROM)
    for _ in range(2):
        with run.on():
            pass
        assert is_merged(base.model)
    run.end()
    assert not is_merged(base.model)


def test_what_cannot_be_folded_runs_live(base, adapter, monkeypatch):
    assert not Folding(base, {}, 100).folds
    assert not Folding(base, {adapter(): Strength(0.8, start=0.2)}, 100).folds
    monkeypatch.setattr(base, "offloaded", True)
    assert not Folding(base, {adapter(): 0.8}, 100).folds
    monkeypatch.setattr(base, "offloaded", False)
    monkeypatch.setattr(folding, "free_bytes", lambda: 16)
    assert not Folding(base, {adapter(): 0.8}, 100).folds
