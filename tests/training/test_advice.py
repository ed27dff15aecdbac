"""Rank advice: sensible at its edges, and never a rank that cannot be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lorakit.lora.ranks import ranks_used
from lorakit.training.advice import (
    RANKS,
    advise_rank,
    photo_advice,
    rank_advice,
    shrink_advice,
    text_advice,
)


def test_a_crowded_adapter_is_told_to_grow_and_an_empty_one_to_shrink():
    full = rank_advice([1 / 16] * 16, 16)
    assert (full.rank, full.change) == (32, "raise") and "16 of its 16" in full.sentence
    empty = rank_advice([0.5, 0.3, 0.15, 0.045, *[0.005 / 28] * 28], 32)
    assert (empty.rank, empty.change) == (4, "shrink")
    assert "4 of its 32" in empty.sentence and "8x smaller" in empty.sentence
    assert rank_advice([0.5, 0.2, 0.1, 0.1, 0.05, 0.04, 0.005, 0.005], 8).change == ""


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=64))
def test_advice_is_a_rank_that_holds_what_is_used(values):
    shares = [value / sum(values) for value in values]
    found = rank_advice(shares, len(shares))
    assert found.rank >= ranks_used(shares) and (found.rank in RANKS or found.rank == len(shares))
    assert {"shrink": found.rank < len(shares), "raise": found.rank > len(shares), "": True}[found.change]


@pytest.mark.parametrize(
    ("count", "distinct", "rank"), [(5, 5, 8), (30, 4, 16), (36, 34, 32), (200, 3, 32), (0, 0, 8)]
)
def test_photos(count, distinct, rank):
    assert advise_rank("image", count, distinct).rank == rank


def test_more_words_ask_for_a_higher_rank():
    ranks = [advise_rank("text", 100, 100, words).rank for words in (500, 10_000, 100_000, 1_000_000)]
    assert ranks == [8, 16, 32, 64]
    assert text_advice(["We checked. " * 50] * 60).rank == 16
    assert photo_advice(["bottle on wood", "Bottle on wood "] * 15).rank == 16


STEEP = [0.5, 0.3, 0.15, 0.045, *[0.005 / 12] * 12]


def test_what_shrinking_keeps_is_told_in_shares_and_bytes():
    told = shrink_advice(STEEP, 16, 2_600_000)
    assert "uses 4 of its 16 ranks" in told and "rank 4 it keeps 99.5%" in told
    assert "650 kB instead of 2.6 MB" in told
    assert "rank 2 it keeps 80.0%" in shrink_advice(STEEP, 16, 2_600_000, to=2)


def test_where_nothing_is_to_be_shrunk_the_advice_is_the_one_after_the_training():
    for shares in ([1 / 16] * 16, [0.5, *[0.495 / 12] * 12, *[0.005 / 3] * 3]):
        assert shrink_advice(shares, 16, 1000) == rank_advice(shares, 16).sentence


def test_a_style_takes_more_rank_than_a_product_and_few_pictures_of_either_take_little():
    captions = ["zelto print"] * 30
    assert (photo_advice(captions).rank, photo_advice(captions, style=True).rank) == (16, 32)
    assert photo_advice(captions[:5], style=True).rank == 8
