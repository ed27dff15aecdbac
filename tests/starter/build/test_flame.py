"""A candle burns above its top and nowhere else."""

import numpy as np

from lorakit.starter.build.flame import flame

S, U = np.meshgrid(np.linspace(1.6, -0.2, 181), np.linspace(-0.5, 0.5, 101), indexing="ij")
BLUE = np.tile(np.array([0.1, 0.2, 0.6], np.float32), (*S.shape, 1))
LIT = flame(BLUE, U, S)


def test_what_is_below_the_wick_and_beside_the_flame_stays():
    changed = np.abs(LIT - BLUE).max(-1) > 1e-3
    assert changed.any()
    assert not changed[S < 0.99].any() and not changed[S > 1.43].any() and not changed[np.abs(U) > 0.15].any()


def test_the_flame_is_warm_and_redder_at_its_tip():
    low, high = (LIT[(np.abs(U) < 0.01) & (np.abs(S - at) < 0.01)].mean(0) for at in (1.15, 1.36))
    assert low[0] > low[2] and high[0] > high[2], "more red than blue"
    assert high[1] < low[1], "from yellow to orange"
    assert LIT.min() >= 0.0 and LIT.max() <= 1.0
