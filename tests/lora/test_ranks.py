"""The one count of the ranks in use, and what a card may say instead of it."""

import pytest
import torch

from lorakit.lora.ranks import effect_kept, ranks_used, stated_shares


@pytest.mark.parametrize(
    ("shares", "count"),
    [([0.99, 0.01], 1), ([0.98, 0.02], 2), ([0.25] * 4, 4), ([], 0), ([0.5, 0.3], 2)],
)
def test_ranks_in_use_hold_99_percent_of_the_squared_size(shares, count):
    assert ranks_used(shares) == count


@pytest.mark.parametrize(
    "scores", [None, [], {}, {"spectrum": 3}, {"spectrum": {}}, {"spectrum": {"shares": "x"}},
               {"spectrum": {"shares": [0.5, None]}}],
)  # fmt: skip
def test_a_card_that_says_nothing_readable_has_no_shares(scores):
    assert stated_shares(scores) == []


def test_what_a_lower_rank_keeps_follows_from_its_error():
    torch.manual_seed(0)
    whole = torch.randn(12, 9, dtype=torch.float64)
    u, s, v = torch.linalg.svd(whole, full_matrices=False)
    near = (u[:, :4] * s[:4]) @ v[:4]
    error = ((near - whole).norm() / whole.norm()).item()
    assert effect_kept(error) == pytest.approx((near.norm() ** 2 / whole.norm() ** 2).item())
    assert effect_kept(0.0) == 1.0 and effect_kept(1.5) == 0.0
