"""What is said of a set's captions: each fault by its kind, and nothing of captions as they should be."""

import io

import pytest
from PIL import Image

from lorakit.data.photos.caption_lint import lint, tokens
from lorakit.data.photos.sets import PhotoSet

GOOD = [
    "zelto flask on a wooden table, morning light",
    "a zelto flask in snow, seen from above",
    "someone holds a zelto flask at the beach",
    "zelto flask in a dark studio",
    "zelto flask beside two books near a window",
]


def kinds(captions, trigger="zelto flask"):
    return [finding.kind for finding in lint(captions, trigger)]


def said(captions, kind, trigger="zelto flask"):
    found = [finding for finding in lint(captions, trigger) if finding.kind == kind]
    assert len(found) == 1 and found[0].advice and found[0].severity in ("info", "warn")
    return found[0].what


def test_good_captions_are_not_spoken_of():
    assert kinds(GOOD) == []


def test_missing_captions_and_triggers_are_counted():
    assert said([*GOOD, "", ""], "no-caption").startswith("2 photos have no caption")
    assert said([*GOOD, "on a shelf"], "trigger-added").startswith(
        "1 of 6 captions doesn't mention 'zelto flask'"
    )


@pytest.mark.parametrize("wrong", ["zelto-flask", "Zelta flask", "zeltoflask"])
def test_a_trigger_that_is_spelt_another_way_is_quoted(wrong):
    assert f"'{wrong}'" in said([*GOOD, f"a {wrong} on ice"], "trigger-misspelt")


def test_other_words_are_no_misspelt_trigger():
    assert kinds([*GOOD, "a small flask on ice"]) == ["trigger-added"]


@pytest.mark.parametrize(
    ("trigger", "is_"), [("the bottle", True), ("my red mug", True), ("zelto bottle", False)]
)
def test_a_trigger_of_ordinary_words_is_named(trigger, is_):
    assert ("trigger-ordinary" in kinds([f"{trigger} in snow"], trigger)) == is_


def test_one_caption_for_all_is_said_once_and_not_word_by_word():
    assert kinds(["Zelto flask, studio"] * 4 + ["zelto flask studio", "zelto flask in snow"]) == [
        "captions-alike"
    ]


def test_a_word_in_every_caption_is_named():
    captions = [f"{caption}, striped and golden" for caption in GOOD]
    assert said(captions, "constant-named").startswith("'striped', 'golden' appear in every caption")
    assert "constant-named" not in kinds([*captions, "zelto flask on ice"])
    assert "constant-named" not in kinds(captions[:3]), "three captions share much by chance"


@pytest.mark.parametrize(
    ("words", "called"),
    [
        ("the image shows a zelto flask", "words saying that it is a photo"),
        ("zelto flask, masterpiece, 8k", "praise of the photo"),
        ("zelto flask, stock photo", "a source or credit"),
        ("zelto flask IMG_2041", "contains a file name"),
        ("zelto flask #summer", "contains a link or hashtag"),
    ],
)
def test_boilerplate_is_quoted(words, called):
    what = said([*GOOD, words], "caption-boilerplate")
    assert called in what and what.startswith("1 of 6 captions")


def test_a_caption_that_is_read_only_in_part_is_said_in_words():
    long = "zelto flask " + "on a table with many other things " * 12
    assert said([*GOOD, long], "caption-long").startswith("1 caption is longer than about 60 words")
    assert tokens("a photo of a cat") == 7 and tokens("internationalisation") == 5


def test_the_gate_says_it_of_what_is_kept_and_as_it_was_corrected(tmp_path):
    for number in range(5):
        buffer = io.BytesIO()
        Image.effect_noise((64, 64), 50 + number).convert("RGB").save(buffer, "JPEG")
        (tmp_path / f"{number}.jpg").write_bytes(buffer.getvalue())
        (tmp_path / f"{number}.txt").write_text("zelto flask")
    photos = PhotoSet.from_folder(tmp_path, "zelto flask")

    def found(some):
        return {finding.kind for finding in some.report().findings}

    assert "captions-alike" in found(photos)
    other = photos.phrased(written={f"{n}.jpg": caption for n, caption in enumerate(GOOD)})
    assert "captions-alike" not in found(other) and other.photos[0].caption == GOOD[0]
    assert photos.photos[0].caption == "zelto flask", "the set itself is as it was"
    assert "captions-alike" not in found(photos.without(["0.jpg", "1.jpg"]))
