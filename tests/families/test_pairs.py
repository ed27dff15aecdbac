"""Distilled bases and the full ones to train on."""

import pytest

from lorakit.families import pairs
from lorakit.families.licences import known_bases

OWNER = "black-forest-labs"


@pytest.mark.parametrize(
    ("distilled", "full"),
    [
        ("FLUX.2-klein-4B", "FLUX.2-klein-base-4B"),
        ("FLUX.2-klein-9B", "FLUX.2-klein-base-9B"),
        ("FLUX.1-schnell", "FLUX.1-dev"),
    ],
)
def test_a_distilled_base_names_the_one_to_train_on_and_the_other_way_round(distilled, full):
    for source in (
        f"{OWNER}/{distilled}",
        f"{OWNER}/{distilled}@main",
        f"/models/{distilled}/",
        distilled.lower(),
    ):
        assert pairs.to_train_on(source) == f"{OWNER}/{full}"
        assert pairs.to_render_on(source) == ""
        words = pairs.warning(source)
        assert pairs.short(source) in words and f"Train on {full}" in words
    assert pairs.to_render_on(f"{OWNER}/{full}@main") == f"{OWNER}/{distilled}"
    assert pairs.warning(f"{OWNER}/{full}") == ""


@pytest.mark.parametrize(
    "source", ["starter-image", "", None, "owner/FLUX.1-schnell-training-adapter", "a/b"]
)
def test_any_other_base_has_no_partner(source):
    assert pairs.to_train_on(source) == pairs.to_render_on(source) == pairs.warning(source) == ""


def test_a_licence_that_the_full_base_narrows_is_said():
    assert "non-commercial" in pairs.warning(f"{OWNER}/FLUX.1-schnell")
    assert "non-commercial" not in pairs.warning(f"{OWNER}/FLUX.2-klein-4B")
    assert "non-commercial" not in pairs.warning(f"{OWNER}/FLUX.2-klein-9B"), "so is the distilled one"


def test_both_bases_of_every_pair_are_on_offer_and_the_free_full_one_comes_first_on_a_gpu():
    offered = [known.id for known in known_bases() if known.kind == "image"]
    assert all({pair.trained_on, pair.rendered_on} <= set(offered) for pair in pairs.PAIRS)
    assert offered[1] == f"{OWNER}/FLUX.2-klein-base-4B"
