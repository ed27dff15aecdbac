"""Several adapters as one: exact where it claims to be, and honest about what it loses."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import lorakit
from lorakit.errors import AdapterError
from lorakit.lora import low_rank
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.lora.strength import Strength


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.c = nn.Linear(6, 5), nn.Conv2d(3, 4, 3)


def adapter(seed, rank=2, alpha=3.0, **card):
    random = torch.Generator().manual_seed(seed)

    def rand(*shape):
        return torch.randn(*shape, generator=random)

    return Adapter(
        {
            "a": Factors(rand(rank, 6), rand(5, rank), alpha),
            "c": Factors(rand(rank, 3, 3, 3), rand(4, rank, 1, 1), alpha),
        },
        Card(**{"name": f"n{seed}", "family": "flux"} | card),
    )


def dense_sum(mix, model):
    total = {}
    for one, weight in mix.items():
        for name, delta in lorakit.deltas(one, model).items():
            total[name] = total.get(name, 0) + weight * delta
    return total


@given(
    ranks=st.lists(st.integers(1, 5), min_size=1, max_size=4), weights=st.lists(st.floats(-2, 2), min_size=4)
)
@settings(max_examples=25, deadline=None)
def test_concatenation_is_the_dense_sum(ranks, weights):
    model = Two()
    mix = {adapter(i, rank, alpha=i + 1.0): weights[i] for i, rank in enumerate(ranks)}
    found, wanted = lorakit.deltas(lorakit.combine(mix, "concat"), model), dense_sum(mix, model)
    for name, delta in wanted.items():
        torch.testing.assert_close(found[name], delta, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_svd_is_the_nearest_of_its_rank_and_tells_its_error(rank):
    model, mix = Two(), {adapter(1): 0.7, adapter(2): -1.2}
    one = lorakit.combine(mix, "svd", rank=rank)
    found, wanted = lorakit.deltas(one, model), dense_sum(mix, model)
    for name, delta in wanted.items():
        values = torch.linalg.svdvals(delta.flatten(1))
        best = (values[rank:].norm() / values.norm()).item()
        lost = ((found[name] - delta).norm() / delta.norm()).item()
        assert lost == pytest.approx(best, abs=1e-4)
        assert one.card.scores["combined"]["layers"][name] == pytest.approx(lost, abs=1e-4)
    assert one.rank == rank


def test_a_weight_counts_once():
    model, one = Two(), adapter(1)
    half, whole = (lorakit.deltas(lorakit.combine({one: w}, "svd"), model)["a"] for w in (0.5, 1.0))
    torch.testing.assert_close(half, whole / 2)


def test_ties_drops_what_disagrees_and_keeps_what_stands_alone():
    model = nn.Sequential(nn.Linear(2, 2))

    def single(matrix, name):
        return Adapter({"0": Factors(torch.eye(2), torch.tensor(matrix), 2.0)}, Card(name=name))

    first, second = single([[4.0, 0.0], [0.0, -3.0]], "x"), single([[2.0, 0.0], [5.0, 1.0]], "y")
    found = lorakit.deltas(lorakit.combine({first: 1.0, second: 1.0}, "ties", density=1.0), model)["0"]
    torch.testing.assert_close(found, torch.tensor([[3.0, 0.0], [5.0, -3.0]]), rtol=1e-5, atol=1e-5)


def test_dare_keeps_the_sum_on_average_and_is_the_same_for_the_same_seed():
    model, mix = Two(), {adapter(1): 1.0, adapter(2): 0.5}
    runs = [lorakit.deltas(lorakit.combine(mix, "dare", rank=5, seed=s), model)["a"] for s in range(400)]
    again = lorakit.deltas(lorakit.combine(mix, "dare", rank=5, seed=0), model)["a"]
    wanted = dense_sum(mix, model)["a"]
    assert torch.equal(again, runs[0])
    assert (torch.stack(runs).mean(0) - wanted).norm() < 0.15 * wanted.norm()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"method": "linear"}, "linear.*concat, project, svd, ties, dare"),
        ({"rank": 0}, "rank is 0"),
        ({"rank": 2.5}, "rank is 2.5"),
        ({"density": 0.0}, "density is 0.0"),
        ({"density": 1.5}, "density is 1.5"),
        ({"protect": 0.0}, "protect is 0.0"),
    ],
)
def test_what_cannot_be_is_named(change, words):
    with pytest.raises(AdapterError, match=words):
        lorakit.combine({adapter(1): 1.0}, **change)


def test_adapters_that_do_not_go_together_are_refused():
    with pytest.raises(AdapterError, match="different base models"):
        lorakit.combine({adapter(1): 1.0, adapter(2, family="llm"): 1.0})
    dora = adapter(3)
    dora.modules["a"] = Factors(torch.ones(2, 6), torch.ones(5, 2), 2.0, torch.ones(5))
    with pytest.raises(AdapterError, match=r"n3.*DoRA"):
        lorakit.combine({dora: 1.0})
    with pytest.raises(AdapterError, match="empty"):
        lorakit.combine({})


def test_a_licence_that_forbids_holds_for_the_whole():
    free, bound = (
        adapter(1, licence="Apache-2.0", commercial=True),
        adapter(2, licence="FLUX.1-dev", commercial=False),
    )
    card = lorakit.combine({free: 1.0, bound: 0.5}).card
    assert card.commercial is False and card.licence == "Apache-2.0, FLUX.1-dev"


def products_and_style():
    """A product on inputs 0 and 1, and a style on inputs 1 and 2 of layer `a`."""
    eye = torch.eye(6)
    product = Adapter({"a": Factors(eye[:2], torch.eye(5)[:, :2], 2.0)}, Card(name="product"))
    style = Adapter({"a": Factors(eye[1:3], torch.eye(5)[:, 2:4], 2.0)}, Card(name="style"))
    return product, style


def test_projection_takes_from_the_style_what_the_product_listens_to():
    product, style = products_and_style()
    one = lorakit.combine({product: 1.0, style: 0.5}, "project", protect=1.0)
    found, alone = lorakit.deltas(one, Two())["a"], lorakit.deltas(product, Two())["a"]
    torch.testing.assert_close(found[:, :2], alone[:, :2])  # on the product's inputs nothing but the product
    assert found[3, 2] == pytest.approx(0.5) and found[2].abs().max() < 1e-6
    assert one.card.scores["combined"]["removed"] == {"style": pytest.approx(0.5)}
    assert one.card.scores["combined"]["error"] == 0


def test_the_first_adapter_is_the_product():
    product, style = products_and_style()
    found = lorakit.deltas(lorakit.combine({style: 1.0, product: 1.0}, "project", protect=1.0), Two())["a"]
    torch.testing.assert_close(found[2:4], lorakit.deltas(style, Two())["a"][2:4])
    assert found[1].abs().max() < 1e-6


@given(seed=st.integers(0, 50), protect=st.floats(0.05, 1.0), weight=st.floats(-2, 2))
@settings(max_examples=25, deadline=None)
def test_projection_leaves_the_product_and_adds_nothing(seed, protect, weight):
    model, product, style = Two(), adapter(seed), adapter(seed + 100)
    mix = {product: 1.0, style: weight}
    found = lorakit.deltas(lorakit.combine(mix, "project", protect=protect), model)
    for name, delta in lorakit.deltas(product, model).items():
        rest = (found[name] - delta).flatten(1)
        whole = weight * lorakit.deltas(style, model)[name].flatten(1)
        _, s, vh = torch.linalg.svd(delta.flatten(1), full_matrices=False)
        count = int((s.square().cumsum(0) / s.square().sum() < protect - 1e-6).sum()) + 1
        torch.testing.assert_close(rest, whole - whole @ vh[:count].T @ vh[:count], rtol=1e-3, atol=2e-3)


def test_a_layer_that_the_product_leaves_alone_keeps_its_style():
    product, style = products_and_style()
    style.modules["c"] = adapter(1).modules["c"]
    found = lorakit.deltas(lorakit.combine({product: 1.0, style: 1.0}, "project"), Two())
    torch.testing.assert_close(found["c"], style.modules["c"].delta(), rtol=1e-4, atol=1e-5)


def test_a_sketch_of_a_large_layer_tells_exactly_what_it_lost():
    torch.manual_seed(0)
    spectrum = torch.cat([torch.tensor([30.0, 20, 10, 5]), torch.rand(596)])
    u, v = torch.linalg.qr(torch.randn(700, 600)).Q, torch.linalg.qr(torch.randn(600, 600)).Q
    dense = (u * spectrum) @ v
    short = low_rank.truncated_dense(dense, 4, torch.Generator().manual_seed(1))
    lost = (dense - short.part.dense).double().square().sum().item()
    best = spectrum.double().sort(descending=True).values[4:].square().sum().item()
    assert short.lost == pytest.approx(lost, rel=1e-3) and lost <= 1.01 * best
    assert short.squared_norm == pytest.approx(dense.double().square().sum().item())


@pytest.mark.parametrize("method", ["concat", "svd", "project"])
def test_a_weight_by_block_is_folded_in_and_a_part_of_the_sampling_is_refused(method):
    names = "transformer_blocks.0.q", "single_transformer_blocks.0.q"
    one, two = (
        Adapter({n: adapter(seed + i).modules["a"] for i, n in enumerate(names)}, Card(name=f"n{seed}"))
        for seed in (1, 5)
    )
    mix = {one: Strength(1.0, {"single": -0.5}), two: Strength(0.0, {"double": 0.25})}
    found = lorakit.combine(mix, method, rank=None if method == "project" else 4, protect=None)
    first, second = ([value.at(n) * x.modules[n].delta() for x, value in mix.items()] for n in names)
    assert torch.allclose(found.modules[names[1]].delta(), sum(second), atol=1e-4)
    if method != "project":
        assert torch.allclose(found.modules[names[0]].delta(), sum(first), atol=1e-4)
    assert "single -0.5" in found.card.name
    with pytest.raises(AdapterError, match="n1 is active for only part of the steps"):
        lorakit.combine({one: Strength(1.0, end=0.5), two: 1.0}, method)
