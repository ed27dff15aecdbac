"""What the patterns take for a model's own words, and what for a brand's."""

import pytest

from lorakit.generation.copy import wrapping_patterns as patterns


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (patterns.LEAD, "Sure! Here is a headline:\n"),
        (patterns.LEAD, "Hier ist der Text:\n"),
        (patterns.LEAD, "Voici une description :\n"),
        (patterns.YES_ALONE, "Certainly!\n\nCold all day"),
        (patterns.LABEL, "**Headline:** Cold all day"),
        (patterns.OPTIONS, "Option 1: Cold all day"),
        (patterns.COUNTED, "Cold all day (12 characters)"),
        (patterns.COUNT_LINE, "Cold all day\n12 Zeichen"),
        (patterns.GAP, "Visit [your website] today"),
        (patterns.GAP, "Dear {{name}}"),
        (patterns.SORRY, "I'm sorry, but I can't help"),
    ],
)
def test_a_models_own_words_are_known(pattern, text):
    assert pattern.search(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (patterns.LEAD, "Here comes the summer.\nCold all day"),
        (patterns.LABEL, "Cold: all day"),
        (patterns.OPTIONS, "3 litres of cold"),
        (patterns.COUNTED, "Cold all day (750 ml)"),
        (patterns.GAP, "Cold [750 ml]"),
        (patterns.GAP, "[your website](https://example.org)"),
        (patterns.SORRY, "Never sorry again"),
    ],
)
def test_a_brands_words_are_not(pattern, text):
    assert not pattern.search(text)
