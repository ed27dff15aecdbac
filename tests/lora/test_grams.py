"""Inner products and overlaps from factors alone equal those of the dense updates."""

import pytest
import torch

from lorakit.lora import grams
from lorakit.lora.adapter import Factors
from lorakit.lora.grams import relations


def factors(rank=3, outer=10, inner=8, alpha=2.0):
    return Factors(torch.randn(rank, inner), torch.randn(outer, rank), alpha)


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def overlap(one, other):
    """|one other^T|^2 over |one one^T| |other other^T| of dense float64 updates."""
    return float((one @ other.T).square().sum() / ((one @ one.T).norm() * (other @ other.T).norm()))


def test_products_and_overlaps_are_those_of_the_dense_updates():
    one, other = factors(2), factors(3, alpha=5.0)
    (found,) = relations({"layer": [(0, one), (4, other)]})
    assert found.layers == ["layer"] and found.adapters == (0, 4)
    dense = [each.delta().double() for each in (one, other)]
    for i, left in enumerate(dense):
        for j, right in enumerate(dense):
            assert float(found.products[0, i, j]) == pytest.approx(float((left * right).sum()), rel=1e-4)
            assert float(found.rows[0, i, j]) == pytest.approx(overlap(left, right), abs=1e-5)
            assert float(found.columns[0, i, j]) == pytest.approx(overlap(left.T, right.T), abs=1e-5)


def test_an_update_overlaps_itself_wholly_and_an_orthogonal_one_not_at_all():
    down, up = torch.eye(8)[:2], torch.eye(10)[:, :2]
    other = Factors(torch.eye(8)[2:4], torch.eye(10)[:, :2].clone(), 1.0)
    (found,) = relations({"layer": [(0, Factors(down, up, 1.0)), (1, other)]})
    assert torch.allclose(found.rows[0], torch.eye(2).double()), "they listen to different inputs"
    assert torch.allclose(found.columns[0], torch.ones(2, 2).double()), "and write to the same outputs"


def test_layers_of_one_kind_are_one_group_in_the_same_numbers(monkeypatch):
    layers = {f"layer{i}": [(0, factors()), (1, factors())] for i in range(5)}
    layers["alone"] = [(1, factors())]
    whole = relations(layers)
    assert [found.layers for found in whole] == [[f"layer{i}" for i in range(5)], ["alone"]]
    monkeypatch.setattr(grams, "TOGETHER", 72)  # two layers at once
    parts = relations(layers)
    assert [len(found.layers) for found in parts] == [2, 2, 1, 1]
    assert torch.allclose(whole[0].products, torch.cat([found.products for found in parts[:3]]))
