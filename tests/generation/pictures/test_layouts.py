"""Where a real product stands in a format."""

import pytest

from lorakit.errors import DataError
from lorakit.generation.pictures.formats import FORMATS, find
from lorakit.generation.pictures.layouts import LAYOUTS, Placement, place, placements

CUTS = ((400, 900), (900, 400), (500, 500))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda row: row.id)
def test_a_product_is_whole_in_every_format_and_clear_of_what_the_platform_covers(layout):
    for output in FORMATS:
        for cut in CUTS:
            box = place(Placement(layout.id), output, cut)
            assert box.left >= 0 and box.right <= output.width, output.id
            assert box.top >= output.safe_top * output.height - 1, output.id
            assert box.foot <= (1 - output.safe_bottom) * output.height + 1, output.id
            assert box.width / box.height == pytest.approx(cut[0] / cut[1], rel=0.1)


def test_a_product_stands_on_the_ground_where_there_is_room():
    square = find("1:1")
    assert place(Placement(), square, (400, 600), ground=0.93).foot == pytest.approx(0.93 * 1080, abs=1)
    assert place(Placement(), square, (400, 600), ground=0.5).foot == pytest.approx(0.88 * 1080, abs=1)


def test_what_a_person_moved_is_taken_as_it_is():
    box = place(Placement("centred", across=0.1, foot=0.5, height=0.9), find("1:1"), (500, 500))
    assert (box.foot, box.height) == (540, 972) and box.left < 0


def test_a_placement_holds_for_all_formats_or_for_one():
    read = placements({"": "hero", "instagram-story": {"layout": "centred", "foot": 0.6}})
    assert read[""].layout == "hero" and read["instagram-story"].foot == 0.6
    assert placements(None)[""] == Placement() and placements({"layout": "hero"})[""].layout == "hero"


def test_everything_wrong_with_placements_is_told_at_once():
    with pytest.raises(DataError) as error:
        placements({"1:1": {"layout": "upside-down"}, "snow": {"foot": 7, "tilt": 1}})
    told = str(error.value)
    assert "placement of 1:1: layout 'upside-down' is not known; choose centred" in told
    assert "tilt is not known" in told and "foot must be a share from 0.02 to 1, not 7" in told
