"""The benchmark of large shapes runs at small size on the CPU, so that it is ready where a GPU is."""

import argparse

import pytest
import torch

from benchmarks import large
from lorakit.families.quantize import linears
from lorakit.training import arithmetic

CPU = torch.device("cpu")


@pytest.mark.parametrize("shape", ["llama-small", "flux-small"])
@pytest.mark.parametrize(("nf4", "offload"), [("nf4", False), ("nf4", True), (None, True)])
@pytest.mark.parametrize("fast_bf16", [True, False])
def test_a_random_base_of_any_shape_trains(shape, nf4, offload, fast_bf16, monkeypatch):
    monkeypatch.setattr(arithmetic, "fast_bf16_on_cpu", lambda: fast_bf16)
    # A rate at which a loss falls by far more than bf16 rounds away.
    options = argparse.Namespace(
        shape=shape, quantize=nf4, offload=offload, rank=4, length=32, side=64, steps=4, rate=0.05
    )
    report = large.ours(options, CPU, torch.float32)
    assert len(report["losses"]) == 4 and report["losses"][-1] < 0.99 * report["losses"][0], report["losses"]
    assert report["peak_gb"] is None, "the CPU has no peak of its own"
    size = large.counted(options, torch.float32)
    assert size["total"] > size["weights"] > 0


def test_the_random_base_is_the_same_each_time_and_in_four_bits():
    first, again = (large.random_base("flux-small", CPU, torch.float32, True, False) for _ in range(2))
    assert not linears(first.model)
    own, other = first.model.state_dict(), again.model.state_dict()
    assert all(torch.equal(own[name], other[name]) for name in own)
