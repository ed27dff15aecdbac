"""Lettering: what should be read, and how many characters of it are wrong."""

import pytest

from lorakit.generation.pictures.judging import lettering
from lorakit.generation.pictures.judging.lettering import Line, distance, error, expected, found_in, plain

WANTED = ("VELORA", "Pale Ale", "330 ml")  # 6 + 7 + 5 characters that count


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (["VELORA", "Pale Ale", "330 ml"], 0),
        (["330ml", "velora", "PALE ALE", "Sale!"], 0),  # order, case, spaces and signs of the scene
        (["VELORA Pale Ale", "330 ml"], 0),  # two lines read as one
        (["VELO", "RA", "Pale", "Ale", "330 ml"], 0),  # and one as two
        (["VELQRA", "Pale Ale", "330 ml"], 1),
        (["WELORA", "Pale Ale", "330 ml"], 1),  # a first and a last letter are one error each
        (["VELORB", "Pale Ale", "330 ml"], 1),
        (["VELOR", "Pale Ale", "330 ml"], 1),
        (["VELORAX", "Pale Ale", "330 ml"], 1),
        (["VELORA", "Pale Ale"], 5),
        (["VELORA", "Pale Ale", "Xyz"], 5),  # a line with nothing of it is lost, not aligned
        ([], 18),
    ],
)
def test_errors_are_counted_per_character_of_what_is_wanted(read, wrong):
    assert error(WANTED, read) == pytest.approx(wrong / 18)


def test_one_row_is_not_taken_for_two_lines():
    assert error(["FRESH", "FRESH"], ["FRESH"]) == pytest.approx(0.5)


def test_nothing_wanted_is_no_score():
    with pytest.raises(ValueError, match="no lettering"):
        error(["..."], ["VELORA"])


def test_lines_count_that_half_of_the_photos_agree_on():
    front = [Line("VELORA", 0.99), Line("330 ml", 0.97), Line("smudge", 0.4), Line("I", 0.99)]
    again = [Line("VELORA", 0.99), Line("330 mi", 0.9)]
    third = [Line("VELOBA", 0.9), Line("Ingredients", 0.95), Line("330 ml", 0.9)]
    assert expected([front, again, third, []]) == ("VELORA", "330 ml")
    assert expected([[], []]) == ()


def test_a_line_that_stands_twice_on_one_photo_is_wanted_twice():
    assert expected([[Line("FRESH", 0.99), Line("FRESH", 0.99)]]) == ("FRESH", "FRESH")


def test_full_width_letters_and_other_scripts_count():
    assert plain("ＶＥＬＯＲＡ 横越 6.5%!") == "velora横越6.5%"


def test_where_a_line_is_found():
    assert found_in("abc", "xxabcxx") == (0, 2, 5)
    assert found_in("abc", "xxadcxx") == (1, 2, 5)
    assert found_in("abc", f"ab{lettering.TAKEN}") == (1, 0, 2)


@pytest.mark.parametrize(("one", "other", "steps"), [("kitten", "sitting", 3), ("", "abc", 3), ("a", "a", 0)])
def test_distance(one, other, steps):
    assert distance(one, other) == distance(other, one) == steps
