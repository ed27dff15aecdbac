"""Options that several commands share."""

from lorakit.terminal.cli import main


def test_texts_and_briefs_are_read_in_the_encoding_that_is_named(fake_training, tmp_path, capsys):
    (tmp_path / "a.csv").write_bytes("text\nЧАЙНИК\n".encode("koi8-r"))
    assert main(["voice", str(tmp_path / "a.csv"), "--encoding", "KOI8-R"]) == 0
    said = capsys.readouterr().out
    assert "1 text is ready" in said and "read as" not in said
    assert main(["voice", str(tmp_path / "a.csv"), "--encoding", "klingon"]) == 1
    assert "encoding 'klingon' is not known" in capsys.readouterr().err
