"""Names that every system can keep, no two of them alike."""

from pathlib import Path

from lorakit.data.photos.safe_names import UniqueNames, safe_name


def test_a_safe_name_keeps_what_a_caption_may_say():
    assert safe_name("Café 瓶 1.jpg") == "Café 瓶 1.jpg"
    assert safe_name('a<b>:"c|?*.jpg') == "a_b___c___.jpg"
    assert safe_name("a\x00b.jpg") == "a_b.jpg"
    assert safe_name(" .. ") == "file"


def test_names_of_devices_and_endless_names_are_changed():
    assert safe_name("CON.txt") == "_CON.txt" and safe_name("console.txt") == "console.txt"
    long = safe_name("ü" * 300 + ".jpg")
    assert len(long.encode()) <= 160 and long.endswith("ü.jpg")


def test_no_two_names_are_alike_and_a_caption_stays_with_its_photo():
    unique = UniqueNames()
    taken = [unique.take(Path(safe), original) for safe, original in (
        ("a_.jpg", "a?.jpg"), ("A_.jpg", "a*.jpg"), ("a_.txt", "a*.txt"), ("a_.txt", "a?.txt"),
    )]  # fmt: skip
    assert [path.name for path in taken] == ["a_.jpg", "A_-2.jpg", "a_-2.txt", "a_.txt"]
