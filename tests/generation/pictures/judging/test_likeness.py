"""A product among its look-alikes."""

import numpy as np
import pytest

from lorakit.generation.pictures.judging.likeness import likeness, similarity


def at(*degrees):
    """Unit vectors in a plane, so that a cosine is that of the angle between two."""
    return np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], 1).astype(np.float32)


def test_the_nearer_half_of_the_photos_counts():
    assert similarity(at(0)[0], at(0, 60, 90)) == pytest.approx((1 + 0.5) / 2)
    assert similarity(at(0)[0], at(60)) == pytest.approx(0.5)


def test_the_rank_the_margin_and_the_nearest_look_alike():
    found = likeness(at(0)[0], at(60), {"red mug": at(0), "blue mug": at(120), "cup": at(45)})
    assert (found.rank, found.look_alikes, found.nearest) == (3, 3, "red mug")
    assert found.margin == pytest.approx(-0.5)
    assert likeness(at(60)[0], at(60), {"cup": at(45)}).rank == 1
