"""Made-up names, facts and audiences: of every making, drawn from a seed, and hardly ever twice."""

import numpy as np
import pytest

from lorakit.starter.build import text_names as names
from lorakit.starter.build import text_words as words


@pytest.mark.parametrize(
    "draw", [names.word, names.fact, names.audience, lambda random: names.name("mug", random)]
)
def test_a_seed_draws_the_same_clean_texts_and_hardly_one_twice(draw):
    one, again = (
        [draw(random) for random in [np.random.default_rng(7)] for _ in range(300)] for _ in range(2)
    )
    assert one == again
    assert all(text == text.strip() and text and "\n" not in text for text in one)
    assert len(set(one)) > 250


def test_names_come_in_every_making():
    random = np.random.default_rng(0)
    drawn = [names.name("mug", random) for _ in range(600)]
    for has in (str.isascii, str.isupper, lambda name: any(map(str.isdigit, name)), lambda name: "&" in name,
                lambda name: len(name.split()) >= 4, lambda name: " mug" in name):  # fmt: skip
        share = sum(map(has, drawn)) / len(drawn)
        assert share > 0, has
    assert not all(map(str.isascii, drawn)), "accents too"


def test_pick_reaches_every_option():
    random = np.random.default_rng(0)
    assert {names.pick("abc", random) for _ in range(60)} == set("abc")


def test_words_are_single_and_listed_once():
    for listed in (words.EVERYDAY, words.MATERIALS, words.VERBS, words.PARTS, words.AUDIENCES):
        assert len(set(listed)) == len(listed)
    assert all(word == word.lower() and " " not in word for word in words.EVERYDAY)
