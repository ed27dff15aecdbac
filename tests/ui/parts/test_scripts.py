"""The page's scripts, and the values that are put into them."""

from lorakit.ui.parts.scripts import script


def test_a_value_is_put_in_as_a_string_that_cannot_end_early():
    assert '#${"photo\\"gate"} input' in script("gate-left-out", GRID='photo"gate')
