"""The formats' table and how names are found in it."""

import pytest

from lorakit.errors import LoraKitError
from lorakit.generation.pictures.formats import FORMATS, MAX_RATIO, find, render_size

STARTER, FLUX = 128 * 128, 1024 * 1024


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("instagram-story", "instagram-story"),
        ("Instagram Story", "instagram-story"),
        ("INSTAGRAM_STORY", "instagram-story"),
        ("Instagram story (1080x1920)", "instagram-story"),
        ("9:16", "instagram-story"),
        ("1:1", "instagram-post"),
        ("4:5", "instagram-portrait"),
        ("16:9", "youtube-thumbnail"),
        ("1080x1350", "instagram-portrait"),
        ("1080 × 1350", "instagram-portrait"),
        ("728x90", "google-leaderboard"),
        ("print a4 portrait", "a4-portrait"),
    ],
)
def test_find_knows_a_format_by_every_name_a_person_may_use(name, expected):
    assert find(name).id == expected


def test_every_label_and_id_leads_back_to_its_own_row():
    for row in FORMATS:
        assert find(row.id) is row
        assert find(row.label) is row
        assert find(row) is row


def test_sizes_and_ratios_that_no_row_has_become_custom_formats():
    assert (find("1000x777").width, find("1000x777").height) == (1000, 777)
    assert (find("3:2").width, find("3:2").height) == (1620, 1080)
    assert find(find("3:2").id) == find("3:2"), (
        "the id of a custom format must be found again from a plan file"
    )
    assert find("3000x300").note, "a long custom format says how it is made"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("instagram-stroy", "instagram-story"),
        ("billboard", "nearest"),
        ("", "nearest"),
        ("0x100", "between 16 and 8192"),
        ("-500x500", "-500x500: both sides"),
        ("100000x100000", "between 16 and 8192"),
        ("0:1", "between 1:20 and 20:1"),
        ("999:1", "between 1:20 and 20:1"),
        (7, "use its name"),
        (None, "use its name"),
    ],
)
def test_an_unknown_format_is_refused_with_what_to_do(name, said):
    with pytest.raises(LoraKitError, match=said):
        find(name)


@pytest.mark.parametrize("area", [STARTER, FLUX])
@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.id)
def test_render_sizes_are_drawable_and_near_the_trained_area(row, area):
    width, height = render_size(row, area, 16)
    assert width % 16 == 0 and height % 16 == 0
    assert max(width / height, height / width) <= MAX_RATIO + 1e-9
    assert 0.75 < width * height / area < 1.25
    limited = min(max(row.ratio, 1 / MAX_RATIO), MAX_RATIO)
    assert abs(width / height / limited - 1) < 0.08, "little is cropped"


def test_render_sizes_meet_the_sizes_the_starter_was_trained_at():
    sizes = {
        name: render_size(find(name), STARTER, 16)
        for name in ("1:1", "9:16", "16:9", "4:5", "728x90", "160x600")
    }
    assert sizes == {
        "1:1": (128, 128), "9:16": (96, 176), "16:9": (176, 96), "4:5": (112, 144), "728x90": (192, 80),
        "160x600": (80, 192),
    }  # fmt: skip


def test_stories_keep_the_platforms_safe_zones():
    story = find("instagram-story")
    assert (story.safe_top, story.safe_bottom) == (0.14, 0.20)
    assert find("instagram-post").safe_top == 0
