"""The spectrum of an adapter against the dense update's."""

import pytest
import torch

from lorakit.lora.adapter import Adapter, Factors
from lorakit.lora.spectrum import singular_values, spectrum


@pytest.mark.parametrize("shape", [((4, 30), (20, 4)), ((6, 5), (3, 6)), ((3, 4, 3, 3), (8, 3, 1, 1))])
def test_the_values_are_those_of_the_dense_update(shape):
    torch.manual_seed(0)
    factors = Factors(torch.randn(shape[0]), torch.randn(shape[1]), 7.0)
    dense = torch.linalg.svdvals(factors.delta().flatten(1))
    found = singular_values(factors)
    torch.testing.assert_close(found[: len(dense)], dense[: len(found)], rtol=1e-4, atol=1e-4)


def test_an_update_of_few_directions_needs_a_small_rank():
    torch.manual_seed(0)
    up = torch.linalg.qr(torch.randn(40, 8)).Q * torch.tensor([10.0, 10, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3])
    down = torch.linalg.qr(torch.randn(30, 8)).Q.T.contiguous()
    found = spectrum(Adapter({"a": Factors(down, up, 8.0)}))
    assert found.rank_for(0.99) == 2
    assert found.effective_rank == pytest.approx(2.0, abs=1e-3)
    assert sum(found.shares) == pytest.approx(1.0)
    assert found.sizes["a"] == pytest.approx(200**0.5, rel=1e-3)


def test_modules_of_different_ranks_are_added_up():
    one, two = Factors(torch.eye(1, 4), torch.ones(4, 1), 1.0), Factors(torch.eye(2, 4), torch.eye(4, 2), 2.0)
    found = spectrum(Adapter({"a": one, "b": two}))
    assert len(found.shares) == 2 and found.shares[0] > found.shares[1] > 0
