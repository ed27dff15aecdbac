"""The meter's arithmetic where adapters are active at different times. Its figures: test_diagnose."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lorakit.lora.stability import (
    GREEN,
    StackLoad,
    balanced_levels,
    hardest_moment,
    levels,
    moments,
)
from lorakit.lora.strength import Strength

SAME = StackLoad(["one", "two"], [[1.0, 1.0], [1.0, 1.0]])  # the same change twice: sizes add up


def test_a_moment_begins_where_another_set_of_adapters_is_active():
    early, late = Strength(1.0, end=0.4), Strength(0.5, start=0.4)
    assert moments([early, late]) == [[1.0, 0.0], [0.0, 0.5]]
    assert moments([Strength(1.0), Strength(0.5, start=0.2, end=0.6)]) == [[1.0, 0.0], [1.0, 0.5], [1.0, 0.0]]
    assert moments([Strength(1.0), Strength(2.0)]) == [[1.0, 2.0]]


def test_an_adapter_counts_with_its_largest_weight_of_any_block():
    assert levels([Strength(0.5, {"double": -1.5}), Strength(1.0)]) == [-1.5, 1.0]


def test_adapters_that_are_never_active_together_do_not_add_up():
    apart = [Strength(1.5, end=0.4), Strength(1.5, start=0.4)]
    assert SAME.score(hardest_moment(SAME, apart)) == pytest.approx(1.5)
    assert balanced_levels(SAME, apart) == [1.5, 1.5]
    together = [Strength(1.5), Strength(1.5, start=0.4)]
    assert SAME.score(hardest_moment(SAME, together)) == pytest.approx(3.0)
    assert balanced_levels(SAME, together) == pytest.approx([GREEN / 2] * 2, abs=0.011)


spans = st.sampled_from([(0.0, 1.0), (0.0, 0.4), (0.4, 1.0), (0.2, 0.7)])


@given(st.lists(st.tuples(st.floats(-2, 2), spans), min_size=2, max_size=2))
@settings(max_examples=60, deadline=None)
def test_balanced_is_inside_the_budget_at_every_moment_and_turns_nothing_up(rows):
    strengths = [Strength(weight, start=start, end=end) for weight, (start, end) in rows]
    turned = balanced_levels(SAME, strengths)
    assert all(abs(new) <= abs(old) + 1e-9 for new, old in zip(turned, levels(strengths), strict=True))
    calm = [Strength(new, start=s.start, end=s.end) for new, s in zip(turned, strengths, strict=True)]
    assert all(SAME.score(moment) <= GREEN + 1e-9 for moment in moments(calm))
