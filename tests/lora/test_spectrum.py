"""The spectrum of an adapter against the dense update's."""

import pytest
import torch

from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.lora.ranks import ranks_used
from lorakit.lora.spectrum import shrink, singular_values, spectrum


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
    assert ranks_used(found.shares) == 2
    assert found.effective_rank == pytest.approx(2.0, abs=1e-3)
    assert sum(found.shares) == pytest.approx(1.0)
    assert found.sizes["a"] == pytest.approx(200**0.5, rel=1e-3)


def test_modules_of_different_ranks_are_added_up():
    one, two = Factors(torch.eye(1, 4), torch.ones(4, 1), 1.0), Factors(torch.eye(2, 4), torch.eye(4, 2), 2.0)
    found = spectrum(Adapter({"a": one, "b": two}))
    assert len(found.shares) == 2 and found.shares[0] > found.shares[1] > 0


def made(dtype=torch.float32):
    torch.manual_seed(1)
    up = torch.linalg.qr(torch.randn(40, 8)).Q * torch.tensor([4.0, 3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 1e-3])
    line = Factors(torch.linalg.qr(torch.randn(30, 8)).Q.T.contiguous().to(dtype), up.to(dtype), 16.0)
    convolution = Factors(torch.randn(4, 3, 3, 3).to(dtype), torch.randn(8, 4, 1, 1).to(dtype), 2.0)
    return Adapter({"a": line, "c": convolution}, Card(name="big", rank=8))


def test_shrinking_is_the_nearest_and_says_what_it_keeps():
    big = made()
    small, kept, whole = shrink(big, 2), 0.0, 0.0
    for name, factors in big.modules.items():
        values = torch.linalg.svdvals(factors.delta().flatten(1)).square()
        kept, whole = kept + values[:2].sum(), whole + values.sum()
        lost = (small.modules[name].delta() - factors.delta()).square().sum()
        assert lost.item() == pytest.approx(values[2:].sum().item(), abs=1e-3)
    said = small.card.scores["shrunk"]
    assert said["energy"] == pytest.approx((kept / whole).item(), abs=1e-5)
    assert (said["from"], said["rank"], small.rank, small.card.rank) == (8, 2, 2, 2)
    assert said["bytes"] == 4 * sum(2 * (sum(f.weight_shape[:1]) + f.down[0].numel())
                                    for f in big.modules.values())  # fmt: skip
    assert big.rank == 8 and big.card.rank == 8 and "shrunk" not in big.card.scores


def test_shrinking_keeps_types_magnitudes_and_smaller_modules():
    big = made(torch.bfloat16)
    magnitude = torch.rand(40)
    big.modules["a"] = Factors(big.modules["a"].down, big.modules["a"].up, 16.0, magnitude)
    small = shrink(big, 6)
    assert [f.rank for f in small.modules.values()] == [6, 4]
    assert {f.down.dtype for f in small.modules.values()} == {torch.bfloat16}
    assert torch.equal(small.modules["a"].magnitude, magnitude)
    torch.testing.assert_close(small.modules["c"].delta(), big.modules["c"].delta(), rtol=0.1, atol=0.1)


@pytest.mark.parametrize("rank", [0, 8, 2.0, True])
def test_a_rank_that_does_not_shrink_is_refused(rank):
    with pytest.raises(AdapterError, match="big: rank"):
        shrink(made(), rank)
