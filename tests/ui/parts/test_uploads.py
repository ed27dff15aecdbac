"""A file of texts is kept under its name, in the encoding that somebody names."""

import pytest

from lorakit import workspace
from lorakit.data.tables.decoding import LABELS
from lorakit.errors import DataError
from lorakit.ui.parts import uploads


def test_a_copy_outlives_the_upload_and_two_of_one_name_stay_apart(tmp_path):
    file = tmp_path / "texts.csv"
    kept = []
    for text in ("one", "two"):
        file.write_text(text)
        kept.append(uploads.keep(str(file)))
    file.unlink()
    assert [path.read_text() for path in kept] == ["one", "two"]
    assert {path.name for path in kept} == {"texts.csv"}
    assert all(path.is_relative_to(workspace.uploads_folder()) for path in kept)


def test_a_named_encoding_is_read_as_such_and_kept_as_utf_8(tmp_path):
    file = tmp_path / "texts.csv"
    file.write_bytes("ЧАЙНИК".encode("koi8-r"))
    assert uploads.keep(str(file), "koi8-r").read_text(encoding="utf-8").strip("\ufeff") == "ЧАЙНИК"


def test_an_unknown_encoding_is_refused(tmp_path):
    file = tmp_path / "texts.csv"
    file.write_text("one")
    with pytest.raises(DataError, match="klingon"):
        uploads.keep(str(file), "klingon")


def test_every_encoding_can_be_chosen_and_none_is_guessed():
    choice = uploads.encoding()
    assert choice.value == "" and len(choice.choices) == len(LABELS) + 1
