"""Names are shown safely, told apart, and found again however they are written."""

from lorakit.data.photos import names


def test_a_shown_name_is_short_and_printable():
    assert names.shown("a\u202fb\x1b.jpg") == "a b?.jpg"
    assert names.shown("\udcff.jpg") == "?.jpg"
    long = names.shown("x" * 200 + ".jpg")
    assert len(long) <= names.LONGEST and long.endswith(".jpg") and "..." in long


def test_names_that_would_be_shown_alike_are_numbered_but_for_the_true_one():
    assert names.told_apart(["a\x01.jpg", "a?.jpg", "a\x02.jpg"]) == ["a? (2).jpg", "a?.jpg", "a? (3).jpg"]


def test_what_a_person_cannot_see_does_not_tell_names_apart():
    assert names.folded("Cafe\u0301 .JPG") == names.folded("café.jpg")
    assert names.folded("Screenshot 3\u202fPM.png") == names.folded("screenshot 3 pm.png")
    assert names.folded("a\u200b.jpg") == "a.jpg"


def test_a_row_names_a_photo_with_or_without_folder_and_ending():
    photos = ["set/a.jpg", "set/b.png", "set/v1.5.jpg"]
    found, left = names.matched(["a.jpg", "SET/B", "v1.5", "gone.jpg"], photos)
    assert found == {"set/a.jpg": "a.jpg", "set/b.png": "SET/B", "set/v1.5.jpg": "v1.5"}
    assert left == ["gone.jpg"]


def test_a_name_that_is_merely_alike_counts_for_one_photo_only():
    assert names.matched(["bottle"], ["bottle.jpg", "bottle.png"]) == ({}, ["bottle"])
    assert names.matched(["a.jpg"], ["one/a.jpg", "two/a.jpg"])[0] == {
        "one/a.jpg": "a.jpg", "two/a.jpg": "a.jpg",
    }  # fmt: skip


def test_asked_for_photos_are_found_by_label_name_or_what_is_alike():
    files = {"a? (2).jpg": "a\x01.jpg", "B.jpg": "B.jpg", "c.jpg": "c.jpg", "C.JPG": "C.JPG"}
    assert names.named(["a? (2).jpg", "b.jpg"], files) == {"a? (2).jpg", "B.jpg"}
    assert names.named(["a\x01.jpg"], files) == {"a? (2).jpg"}
    assert names.named(["C.jpg", "gone.jpg"], files) == set()
