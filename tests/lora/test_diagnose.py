"""The stack report against dense arithmetic, and on stacks whose answers are known."""

import json
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import lorakit
from lorakit.errors import AdapterError
from lorakit.lora.adapter import Adapter, Card, Factors
from lorakit.lora.diagnose import balanced, base_norms, stack_report
from lorakit.lora.stability import GREEN, StackLoad
from lorakit.lora.strength import Strength


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.a, self.c = nn.Linear(12, 10), nn.Conv2d(3, 8, 3)


def adapter(seed, rank=2, modules=("a", "c"), alpha=3.0, size=1.0):
    random = torch.Generator().manual_seed(seed)

    def rand(*shape):
        return torch.randn(*shape, generator=random)

    every = {
        "a": Factors(rand(rank, 12), rand(10, rank) * size, alpha),
        "c": Factors(rand(rank, 3, 3, 3), rand(8, rank, 1, 1) * size, alpha),
    }
    return Adapter({name: every[name] for name in modules}, Card(name=f"n{seed}", family="flux"))


def directions(*pairs, name="d"):
    """An adapter on layer `a` that reads input i and writes output o for each (o, i)."""
    down, up = torch.zeros(len(pairs), 12), torch.zeros(10, len(pairs))
    for k, (out, inner) in enumerate(pairs):
        down[k, inner], up[out, k] = 1.0, 1.0
    return Adapter({"a": Factors(down, up, float(len(pairs)))}, Card(name=name))


@given(
    ranks=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    weights=st.lists(st.floats(-2, 2), min_size=4, max_size=4),
)
@settings(max_examples=25, deadline=None)
def test_sizes_are_those_of_the_dense_sum(ranks, weights):
    model = Two()
    mix = {adapter(i, rank, ("a",) if i == 2 else ("a", "c")): weights[i] for i, rank in enumerate(ranks)}
    report, total = stack_report(mix, model), {}
    for one, weight in mix.items():
        for name, delta in lorakit.deltas(one, model).items():
            total[name] = total.get(name, 0) + weight * delta
    for layer in report.layers:
        base = model.get_submodule(layer.name).weight
        assert layer.size == pytest.approx((total[layer.name].norm() / base.norm()).item(), abs=1e-4)
        for i, (one, weight) in enumerate(mix.items()):
            alone = lorakit.deltas(one, model).get(layer.name, torch.zeros(1))
            assert layer.sizes[i] == pytest.approx(
                abs(weight) * (alone.norm() / base.norm()).item(), abs=1e-4
            )
    assert report.load.size(report.weights) == pytest.approx(
        math.sqrt(sum(layer.size**2 for layer in report.layers)), abs=1e-4
    )


def test_overlap_is_that_of_the_dense_spaces():
    model, one, two = Two(), adapter(1, rank=3), adapter(2, rank=2)
    pair = stack_report({one: 1.0, two: 1.0}, model).pairs[0]
    first, second = ({n: d.flatten(1) for n, d in lorakit.deltas(x, model).items()} for x in (one, two))
    rows = weigh = 0.0
    for name, x in first.items():
        y = second[name]
        here = x.norm() * y.norm() / model.get_submodule(name).weight.norm() ** 2
        rows += here * (x @ y.T).norm() ** 2 / ((x @ x.T).norm() * (y @ y.T).norm())
        weigh += here
    assert pair.rows == pytest.approx((rows / weigh).item(), rel=1e-4)


def test_equal_singular_values_give_the_mean_squared_cosine_of_the_principal_angles():
    torch.manual_seed(0)
    one, two = torch.linalg.qr(torch.randn(12, 3)).Q, torch.linalg.qr(torch.randn(12, 3)).Q
    up = torch.linalg.qr(torch.randn(10, 3)).Q
    mix = {Adapter({"a": Factors(q.T.contiguous(), up, 3.0)}): 1.0 for q in (one, two)}
    cosines = torch.linalg.svdvals(one.T @ two)
    pair = stack_report(mix, Two()).pairs[0]
    assert pair.rows == pytest.approx(cosines.square().mean().item(), rel=1e-4)
    assert pair.columns == pytest.approx(1.0, abs=1e-5)


def test_orthogonal_adapters_do_not_meet():
    mix = {directions((0, 0), (1, 1)): 1.0, directions((2, 2), (3, 3)): 1.0}
    report = stack_report(mix, Two())
    assert (report.pairs[0].rows, report.pairs[0].columns, report.pairs[0].agreement) == (0, 0, 0)
    assert report.cancelled == pytest.approx(0, abs=1e-9) and report.shares == [0.5, 0.5]
    assert report.score == pytest.approx(math.sqrt(2))


@pytest.mark.filterwarnings("ignore:.*same adapter")
def test_the_same_twice_overlaps_wholly_and_opposite_weights_cancel():
    one, two, model = directions((0, 0), (1, 1)), directions((0, 0), (1, 1)), Two()
    same = stack_report({one: 1.0, two: 1.0}, model)
    assert (same.pairs[0].rows, same.pairs[0].columns) == pytest.approx((1, 1))
    assert same.pairs[0].agreement == pytest.approx(1) and same.score == pytest.approx(2)
    against = stack_report({one: 0.7, two: -0.7}, model)
    assert against.pairs[0].agreement == pytest.approx(-1)
    assert against.cancelled == pytest.approx(1) and against.score == pytest.approx(0, abs=1e-6)


def test_rows_and_columns_are_told_apart():
    pair = stack_report({directions((0, 0)): 1.0, directions((1, 0)): 1.0}, Two()).pairs[0]
    assert (pair.rows, pair.columns) == (1, 0)


def test_how_an_update_is_written_as_factors_does_not_matter():
    model, other = Two(), adapter(2)
    one = adapter(1)
    turn = torch.tensor([[2.0, 1.0], [0.5, -1.0]])
    f = one.modules["a"]
    again = Adapter(
        one.modules | {"a": Factors(turn @ f.down, f.up @ torch.linalg.inv(turn) * 2, f.alpha / 2)}
    )
    first, second = (stack_report({x: 0.8, other: 1.3}, model) for x in (one, again))
    assert second.score == pytest.approx(first.score, rel=1e-4)
    assert second.pairs[0].rows == pytest.approx(first.pairs[0].rows, rel=1e-3)


def test_the_order_of_a_mix_changes_nothing():
    model, one, two = Two(), adapter(1), adapter(2, size=2.0)
    first, second = stack_report({one: 1.0, two: 0.6}, model), stack_report({two: 0.6, one: 1.0}, model)
    assert second.score == pytest.approx(first.score) and second.shares == pytest.approx(first.shares[::-1])


@given(weights=st.lists(st.floats(-2, 2), min_size=3, max_size=3))
@settings(max_examples=40, deadline=None)
def test_balancing_stays_inside_the_budget_and_turns_nothing_up(weights):
    model, mix = Two(), {adapter(i, size=1.0 + i): w for i, w in enumerate(weights)}
    report = stack_report(mix, model)
    calm = balanced(mix, report)
    assert list(calm) == list(mix)
    assert stack_report(calm, model).score <= max(GREEN, 0) + 1e-6
    for one, weight in mix.items():
        assert abs(calm[one]) <= abs(weight) and calm[one] * weight >= 0
    if report.score <= GREEN:
        assert calm == mix


def test_the_json_form_judges_other_weights_without_the_model():
    model, one, two = Two(), adapter(1), adapter(2)
    stored = json.loads(json.dumps(stack_report({one: 1.0, two: 1.0}, model).to_dict()))
    load = StackLoad([row["name"] for row in stored["adapters"]], stored["products"])
    fresh = stack_report({one: 0.4, two: -1.7}, model)
    assert load.score([0.4, -1.7]) == pytest.approx(fresh.score)
    assert load.verdict([0.4, -1.7]) == fresh.verdict and load.sentence([0.4, -1.7]) == fresh.sentence


def test_norms_that_were_kept_spare_the_weights():
    model, mix = Two(), {adapter(1): 1.0, adapter(2): 0.5}
    kept = json.loads(json.dumps(base_norms(model)))
    assert kept["a"] == pytest.approx(model.a.weight.norm().item())
    empty = Two().to("meta")
    assert stack_report(mix, empty, kept).score == pytest.approx(stack_report(mix, model).score)
    with pytest.raises(AdapterError, match="not loaded"):
        stack_report(mix, empty)
    with pytest.raises(AdapterError, match="norms don't include"):
        stack_report(mix, model, {"a": 1.0})


def test_what_a_mix_may_not_be_is_refused_by_name():
    model, one = Two(), adapter(1)
    with pytest.raises(AdapterError, match="n1"):
        stack_report({one: math.nan}, model)
    with pytest.raises(AdapterError, match="another mix"):
        balanced({adapter(2): 1.0}, stack_report({one: 1.0}, model))


def test_an_adapter_without_effect_is_said():
    still = Adapter({"a": Factors(torch.ones(2, 12), torch.zeros(10, 2), 2.0)}, Card(name="still"))
    report = stack_report({still: 1.0}, Two())
    assert report.score == 0 and "no effect" in report.sentence and report.suggested == [1.0]


def test_a_value_that_is_no_number_is_named():
    broken = adapter(1)
    broken.modules["a"].up[0, 0] = math.nan
    with pytest.raises(AdapterError, match="n1: a contains NaN"):
        stack_report({adapter(2): 1.0, broken: 1.0}, Two())


def test_balancing_turns_the_highest_down_first():
    apart = [directions((i, i)) for i in range(3)]
    calm = balanced(mix := {apart[0]: 2.0, apart[1]: 0.5, apart[2]: -1.8}, stack_report(mix, Two()))
    first, second, third = calm.values()
    assert second == 0.5 and first == -third and 0.5 < first < 1.8


def test_a_weight_by_block_counts_where_it_is():
    names = "transformer_blocks.0.q", "single_transformer_blocks.0.q"
    random = torch.Generator().manual_seed(0)
    made = [
        Adapter({n: Factors(torch.randn(2, 6, generator=random), torch.randn(6, 2, generator=random), 2.0)
                 for n in names}, Card(name=str(k)))
        for k in range(2)
    ]  # fmt: skip
    model = nn.Module()
    for name in names:
        owner = nn.Module()
        owner.add_module("0", nn.ModuleDict({"q": nn.Linear(6, 6)}))
        model.add_module(name.split(".")[0], owner)
    mix = {made[0]: Strength(0.4, {"double": -1.6}), made[1]: Strength(0.9, {"single": 0.3}, start=0.5)}
    report = stack_report(mix, model)
    for layer in report.layers:
        total = sum(value.at(layer.name) * one.modules[layer.name].delta() for one, value in mix.items())
        assert layer.size == pytest.approx(
            (total / model.get_submodule(layer.name).weight.norm()).norm().item()
        )
    assert report.weights == [-1.6, 0.9]
    loud = {one: value.scaled(1.25) for one, value in mix.items()}
    calm = balanced(loud, stack_report(loud, model))
    for one, value in loud.items():
        turned = Strength.of(calm[one])
        assert (turned.start, turned.end) == (value.start, value.end)
        assert turned.at(names[0]) / value.at(names[0]) == pytest.approx(
            turned.at(names[1]) / value.at(names[1])
        )
        assert abs(turned.level) <= abs(value.level)
    assert stack_report(calm, model).score <= GREEN + 1e-6
    silent = {made[0]: Strength(0.0, {"double": 0.0}, end=0.5), made[1]: 1.0}
    assert balanced(silent, stack_report(silent, model))[made[1]] == 1.0
