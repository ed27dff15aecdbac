"""The tables of words that no cut text ends with."""

import pytest

from lorakit.generation.copy.cutting import dangles
from lorakit.generation.copy.phrases import ABBREVIATIONS, DANGLING_ENDS, LANGUAGES, WHOLE_ENDS


@pytest.mark.parametrize("code", LANGUAGES)
def test_words_are_kept_as_a_text_is_compared_with_them(code):
    words = LANGUAGES[code]
    assert all(word == word.casefold().strip() for word in words.openers | words.bound)


def test_the_longest_ending_is_tried_first():
    for words in (DANGLING_ENDS, ABBREVIATIONS):
        assert list(map(len, words)) == sorted(map(len, words), reverse=True)


def test_every_whole_word_would_be_cut_without_its_row():
    assert all(word.endswith(DANGLING_ENDS) for word in WHOLE_ENDS)


@pytest.mark.parametrize(
    ("whole", "more"),
    [
        ("Keeps your drinks cold and fresh", "for the"),
        ("Hält Getränke kalt und ist leicht", "für die"),
        ("Garde les boissons fraîches et il est léger", "pour la"),
        ("Mantiene la bebida fría y es ligera", "para los"),
        ("飲み物を冷たく保つ水筒", "のための"),
    ],
)
def test_no_text_ends_with_a_word_that_opens_a_phrase(whole, more):
    assert not dangles(whole) and dangles(f"{whole} {more}")
