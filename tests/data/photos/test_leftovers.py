"""What trainers leave beside photos is passed over, and said in one line."""

import pytest

from lorakit.data.photos import leftovers


def test_files_are_known_by_their_ending_or_name():
    for name in ("set/a.NPZ", "last.safetensors", "events.out.tfevents.17.host"):
        assert leftovers.is_leftover(name), name
    for name in ("a.jpg", "a.txt", "captions.csv"):
        assert not leftovers.is_leftover(name), name
    assert leftovers.is_instruction("Sample_Prompts.txt")
    assert not leftovers.is_instruction("bottle.txt")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("sample/a.png", "previews from a training (in sample/)"),
        ("latents_cache/a.png", "a trainer's own cache (in latents_cache/)"),
        ("last_000100_00_20240815120000_1.png", "previews from a training"),
        ("1723456789012__000000250_0.jpg", "previews from a training"),
        ("reg/a.png", "class images, which are added separately (in reg/)"),
        ("samples.png", ""),
        ("IMG_20240815_120000.jpg", ""),
    ],
)
def test_pictures_of_a_training_are_told_from_photos(name, what):
    assert leftovers.made_by_a_training(name) == what


def test_all_of_it_is_one_line():
    assert leftovers.summary([], []) == []
    (said,) = leftovers.summary(["a.npz", "b.npz", "LICENCE"], [("p.png", "previews from a training")])
    assert said.severity == "info" and said.what == (
        "4 files that are neither training photos nor captions were ignored "
        "(2 .npz, 1 without an extension; 1 image: previews from a training)"
    )
    (alone,) = leftovers.summary(["a.npz"], [])
    assert alone.what.startswith("1 file that is neither") and alone.advice == "nothing to do"


def test_the_repeats_of_a_folder_are_remarked_on():
    assert leftovers.repeats(["a.jpg", "2024/a.jpg"]) == []
    (one,) = leftovers.repeats(["10_aurora bottle/a.jpg", "10_aurora bottle/b.jpg"])
    assert "“10_aurora bottle”" in one.what and "more often" not in one.advice
    (several,) = leftovers.repeats(["10_one/a.jpg", "5_two/a.jpg"])
    assert "more often" in several.advice
