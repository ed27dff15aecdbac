"""Any mix equals the dense sum and leaves no trace, whatever its ranks, targets, weights, kinds and types."""

from contextlib import ExitStack

import pytest
import torch
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lorakit.lora.live import applied, applied_rows
from lorakit.lora.merging import merge, unmerge
from tests.lora.mixing import (
    KINDS,
    SHAPES,
    Model,
    assert_near,
    dense,
    everywhere,
    fingerprint,
    made,
    pictures,
)

WEIGHTS = st.floats(-2, 2).map(lambda value: round(value, 3))
FEW = settings(max_examples=40, deadline=None, derandomize=True, database=None, phases=[Phase.generate])
FOR = {torch.float32: 2e-5, torch.bfloat16: 4e-2}  # of the largest output: three layers' rounding


@st.composite
def adapters(draw, most=4):
    """What to make adapters of: every kind, any ranks, any targets, that may overlap or not."""
    return [
        {
            "seed": seed, "rank": draw(st.integers(1, 4)), "kind": draw(st.sampled_from(KINDS)),
            "targets": tuple(draw(st.lists(st.sampled_from(list(SHAPES)), min_size=1, unique=True))),
            "alpha": draw(st.sampled_from([0.5, 1.0, 4.0])), "dtype": draw(st.sampled_from(list(FOR))),
        }
        for seed in range(draw(st.integers(1, most)))
    ]  # fmt: skip


class Inside(Exception):
    pass


@FEW
@given(st.data(), adapters(), st.sampled_from(list(FOR)), st.booleans())
def test_a_mix_equals_the_dense_sum_and_leaves_no_trace(data, specs, dtype, fails):
    model, x = Model(dtype).eval(), pictures(2, dtype)
    weights = [data.draw(WEIGHTS) for _ in specs]
    before, opened = fingerprint(model), [made(**one) for one in specs]
    whole = dense(model, [(d, everywhere(w)) for (_, d), w in zip(opened, weights, strict=True)])
    mix = {adapter: w for (adapter, _), w in zip(opened, weights, strict=True)}
    with ExitStack() as stack, torch.no_grad():
        if fails:
            stack.enter_context(pytest.raises(Inside))
        with applied(model, mix):
            assert_near(model(x), whole(x.double()), FOR[dtype])
            if fails:
                raise Inside
    assert fingerprint(model) == before


@FEW
@given(st.data(), adapters(most=3), st.integers(1, 3), st.integers(1, 2))
def test_each_row_is_what_it_is_alone(data, specs, rows, each):
    model, x = Model().eval(), pictures(rows * each)
    before, opened = fingerprint(model), [made(**one) for one in specs]
    mixes = [
        {a: w for a, _ in opened if (w := data.draw(st.one_of(st.none(), WEIGHTS))) is not None}
        for _ in range(rows)
    ]
    mixes[0] = mixes[0] or {opened[0][0]: 1.0}
    with torch.no_grad():
        with applied_rows(model, mixes):
            together = model(x)
        for number, mix in enumerate(mixes):
            own = slice(number * each, (number + 1) * each)
            with ExitStack() as stack:
                if mix:
                    stack.enter_context(applied(model, mix))
                assert_near(together[own], model(x[own]), 1e-5)
    assert fingerprint(model) == before


@FEW
@given(st.data(), adapters(most=3))
def test_merged_and_nested_mixes_equal_the_dense_sum(data, specs):
    model, x = Model().eval(), pictures(2)
    weights = [data.draw(WEIGHTS) for _ in specs]
    before, opened = fingerprint(model), [made(**one) for one in specs]
    whole = dense(model, [(d, everywhere(w)) for (_, d), w in zip(opened, weights, strict=True)])
    with torch.no_grad():
        with ExitStack() as stack:
            for (adapter, _), weight in zip(opened, weights, strict=True):
                stack.enter_context(applied(model, {adapter: weight}))
            assert_near(model(x), whole(x.double()), 2e-5)
        assert fingerprint(model) == before
        merge(model, {adapter: w for (adapter, _), w in zip(opened, weights, strict=True)})
        assert_near(model(x), whole(x.double()), 2e-5)
        unmerge(model)
    assert fingerprint(model) == before
