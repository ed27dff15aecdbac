"""Captions beside photos, in tables and as a caller gives them, by one name."""

import pytest

from lorakit.data.photos import captions
from lorakit.errors import DataError


def test_a_table_names_the_photos_of_its_folder(tmp_path):
    table = tmp_path / "captions.csv"
    table.write_text("file_name,text\n.\\a.jpg,  a red\tbottle \n")
    found = captions.read_table(table, "set/")
    assert found.by_name == {"set/a.jpg": "a red bottle"} and found.findings == []


def test_a_bad_line_is_a_warning_and_a_bad_table_an_error(tmp_path):
    lines, table = tmp_path / "captions.jsonl", tmp_path / "captions.csv"
    lines.write_text('{"file_name": "a.jpg", "text": "one"}\n?\n')
    table.write_text("file_name,size\na.jpg,3\n")
    found = captions.read_table(lines)
    assert found.by_name == {"a.jpg": "one"}
    assert [(one.file, one.severity) for one in found.findings] == [("captions.jsonl", "warn")]
    found = captions.read_table(table)
    assert found.by_name == {}
    assert [(one.file, one.severity) for one in found.findings] == [("captions.csv", "error")]
    assert "no text column" in found.findings[0].what


def test_a_table_that_is_too_large_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(captions, "LARGEST", 10)
    table = tmp_path / "captions.csv"
    table.write_text("file_name,text\na.jpg,a red bottle\n")
    found = captions.read_table(table)
    assert found.by_name == {} and found.findings[0].severity == "error"


def test_given_captions_are_a_mapping_or_a_file(tmp_path):
    assert captions.given({" folder\\a.jpg": "a\nbottle"}).by_name == {"folder/a.jpg": "a bottle"}
    table = tmp_path / "any.csv"
    table.write_text("file_name,text\na.jpg,one\n")
    assert captions.given(str(table)).by_name == {"a.jpg": "one"}
    assert captions.given(None).by_name == {}
    with pytest.raises(DataError, match=r"gone\.csv: no such captions file"):
        captions.given(tmp_path / "gone.csv")


def test_a_caption_beside_a_photo_is_text_or_json(tmp_path):
    text, table, other = tmp_path / "a.txt", tmp_path / "a.json", tmp_path / "b.json"
    text.write_bytes("eine grüne Flasche\r\n".encode("cp1252"))
    table.write_text('[{"caption": "a red bottle"}]')
    other.write_text('{"width": 64}')
    assert captions.read_sidecar(text) == "eine grüne Flasche"
    assert captions.read_sidecar(table) == "a red bottle"
    assert captions.read_sidecar(other) is None
    other.write_text("{")
    with pytest.raises(DataError, match="not valid JSON"):
        captions.read_sidecar(other)


def test_a_long_caption_ends_with_a_whole_word():
    cut = captions.tidy("bottle " * captions.LONGEST)
    assert len(cut) <= captions.LONGEST and set(cut.split()) == {"bottle"}
    assert captions.tidy("a\x00b\u2028c") == "a b c"
