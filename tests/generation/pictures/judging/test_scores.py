"""Scores are kept whole, and put images in an order."""

import json

import pytest

from lorakit.errors import DataError
from lorakit.generation.pictures.judging.scores import Craft, Likeness, Scores, best_first

FULL = Scores(
    craft=Craft(0.8, 1.0, 0.9),
    twin_of=2,
    lettering=0.1,
    colour=3.5,
    product=Likeness(1, 4, 0.2, "red mug"),
    scene=0.3,
    missing={},
)


@pytest.mark.parametrize("scores", [FULL, Scores(missing={"lettering": "None was read."})])
def test_scores_come_back_from_json(scores):
    assert Scores.from_dict(json.loads(json.dumps(scores.to_dict()))) == scores


def test_all_that_is_wrong_is_said_at_once():
    row = FULL.to_dict() | {"beauty": 1, "lettering": "low", "twin_of": True}
    with pytest.raises(DataError) as caught:
        Scores.from_dict(row)
    assert str(caught.value) == (
        "scores: beauty is not a known field; twin_of can't be True; lettering can't be 'low'; "
        "judge the images again"
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"craft": {"sharpness": 1.0, "noise": 1.0}}, "craft.clipping is missing"),
        ({"product": FULL.to_dict()["product"] | {"rank": 1.5}}, "product.rank can't be 1.5"),
        ({"craft": [1, 2]}, "craft can't be [1, 2]"),
    ],
)
def test_a_part_that_is_wrong_is_named(change, says):
    with pytest.raises(DataError, match="judge the images again") as caught:
        Scores.from_dict(FULL.to_dict() | change)
    assert says in str(caught.value)


def test_a_row_that_is_none_is_refused():
    with pytest.raises(DataError, match="not a mapping"):
        Scores.from_dict([1, 2])


def product(margin):
    return Likeness(1, 1, margin, "x")


def test_the_better_of_each_score_comes_first():
    assert best_first([Scores(product=product(m)) for m in (-0.1, 0.4, 0.2)]) == [1, 2, 0]
    assert best_first([Scores(lettering=e) for e in (0.5, 0.0, 0.2)]) == [1, 2, 0]
    assert best_first([Scores(colour=d) for d in (9.0, 2.0, 4.0)]) == [1, 2, 0]
    assert best_first([Scores(scene=c) for c in (0.1, 0.3, 0.2)]) == [1, 2, 0]
    assert best_first([Scores(craft=Craft(s, 1, 1)) for s in (0.1, 0.9, 0.5)]) == [1, 2, 0]


def test_the_product_outweighs_craft_but_two_scores_can_outweigh_it():
    right = Scores(product=product(0.3), craft=Craft(0.2, 1, 1))
    sharp = Scores(product=product(-0.3), craft=Craft(0.9, 1, 1))
    assert best_first([sharp, right]) == [1, 0]
    right_badly_lettered = Scores(product=product(0.3), lettering=0.9, scene=0.1)
    wrong = Scores(product=product(0.2), lettering=0.0, scene=0.4)
    assert best_first([right_badly_lettered, wrong]) == [1, 0]


def test_twins_come_last_and_equal_ones_in_their_order():
    best_but_twin = Scores(lettering=0.0, twin_of=1)
    assert best_first([best_but_twin, Scores(lettering=0.4), Scores(lettering=0.4)]) == [1, 2, 0]


def test_an_image_without_a_score_stands_in_the_middle():
    assert best_first([Scores(), Scores(colour=9.0), Scores(colour=1.0)]) == [2, 0, 1]
    assert best_first([]) == []
