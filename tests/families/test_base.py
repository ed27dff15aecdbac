"""A family is found by its name, and answers from its row."""

import pytest

from lorakit.errors import BaseError
from lorakit.families.base import Family, TextFamily, family_named, supported
from lorakit.families.image import ImageFamily
from lorakit.families.table import ROWS


@pytest.mark.parametrize("name", ROWS)
def test_each_row_of_the_table_has_its_class(name):
    family = family_named(name)
    assert isinstance(family, Family) and family is family_named(name), "one object serves all bases"
    assert isinstance(family, ImageFamily if family.makes == "image" else TextFamily)
    assert (family.name, family.layout) == (name, ROWS[name].layout)
    assert family.prefix == (f"{family.component}." if family.component else "")


def test_an_unknown_name_lists_those_that_there_are():
    with pytest.raises(BaseError) as caught:
        family_named("flux9")
    assert "flux9" in str(caught.value) and all(name in str(caught.value) for name in ROWS)
    assert supported() in str(caught.value)
