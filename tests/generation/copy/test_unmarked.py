"""The marks around a text go, one kind after the other, and what went is said."""

import pytest

from lorakit.generation.copy.channels import channel
from lorakit.generation.copy.unmarked import Unwrapped, uncounted, unfenced, unmarked, unquoted

ONE_LINE, LINES = channel("google-headline"), channel("product-description")


@pytest.mark.parametrize(
    ("text", "removed"),
    [
        ("```text\nCold all day.\n```", "a code block"),
        ('{"headline": "Cold all day."}', "a JSON frame"),
        ('[{"text": "Cold all day."}]', "a JSON frame"),
        ("<answer>Cold all day.</answer>", "tags"),
        ("> Cold all day.", "quotation marks"),
    ],
)
def test_a_frame_is_taken_away_and_named(text, removed):
    made = Unwrapped(text)
    unfenced(made)
    assert (made.text, made.removed) == ("Cold all day.", [removed])


@pytest.mark.parametrize("text", ["{size} fits all", "[1] Cold all day.", "Cold > warm"])
def test_what_only_looks_like_a_frame_stays(text):
    made = Unwrapped(text)
    unfenced(made)
    assert (made.text, made.removed) == (text, [])


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("**Cold all day.**", "Cold all day."),
        ("## Cold all day.", "Cold all day."),
        ("Cold<br>all day &amp; night", "Cold all day & night"),
        ("<b>Cold</b> all day.", "Cold all day."),
    ],
)
def test_formatting_goes(text, plain):
    made = Unwrapped(text)
    unmarked(made, ONE_LINE, "")
    assert (made.text, made.removed) == (plain, ["formatting"])


def test_breaks_stay_breaks_where_there_are_lines_and_entities_that_the_brief_has_stay():
    made = Unwrapped("Cold<br>all day")
    unmarked(made, LINES, "")
    assert made.text == "Cold\nall day"
    made = Unwrapped("Salt &amp; pepper")
    unmarked(made, LINES, "its name is Salt &amp; pepper")
    assert (made.text, made.removed) == ("Salt &amp; pepper", [])


def test_a_count_goes_unless_the_brief_has_it():
    for facts, text in (("", "Cold all day."), ("30 characters", "Cold all day. (30 characters)")):
        made = Unwrapped("Cold all day. (30 characters)")
        uncounted(made, facts)
        assert made.text == text


def test_quotation_marks_go_only_around_the_whole_text():
    made = Unwrapped('"Cold all day."')
    unquoted(made, ONE_LINE)
    assert (made.text, made.removed) == ("Cold all day.", ["quotation marks"])
    made = Unwrapped('"Cold" all "day"')
    unquoted(made, ONE_LINE)
    assert (made.text, made.removed) == ('"Cold" all "day"', [])


def test_what_follows_an_announced_quotation_goes_with_it():
    made = Unwrapped('"Cold all day." I hope you like it', announced=True)
    unquoted(made, ONE_LINE)
    assert made.text == "Cold all day." and made.cut_behind
