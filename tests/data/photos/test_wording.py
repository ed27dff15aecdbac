"""Captions in a template."""

import pytest

from lorakit.data.photos.wording import EXAMPLE, TEMPLATE, is_template, phrased


@pytest.mark.parametrize(
    ("template", "caption", "of_class", "is_"),
    [
        (TEMPLATE, "on a table", "", "aurora, on a table"),
        (TEMPLATE, "", "", "aurora"),
        (EXAMPLE, "on a table", "a bottle", "a photo of aurora bottle, on a table"),
        (EXAMPLE, "on a table", "", "a photo of aurora, on a table"),
        (EXAMPLE, "", "the Bottle", "a photo of aurora Bottle"),
        ("{caption}, with {trigger} in it", "", "", "with aurora in it"),
        (EXAMPLE, "the Aurora in {snow}", "bottle", "the Aurora in {snow}"),
        (EXAMPLE, "in {class} {trigger}", "", "a photo of aurora, in {class} {trigger}"),
    ],
)
def test_a_caption_in_a_template(template, caption, of_class, is_):
    assert phrased(caption, "aurora", template, of_class) == is_


def test_what_the_product_is_one_of_is_not_said_twice():
    assert phrased("in snow", "aurora bottle", EXAMPLE, "a bottle") == "a photo of aurora bottle, in snow"


def test_a_caption_without_a_trigger_stays_as_it_is():
    assert phrased("in snow", "", EXAMPLE, "a bottle") == "in snow"


@pytest.mark.parametrize(
    "template", ["", "{caption}", "{trigger} {what}", "{trigger} {", "{trigger!r}", "{{trigger}}"]
)
def test_what_is_no_template(template):
    assert not is_template(template) and is_template(TEMPLATE) and is_template(EXAMPLE)
