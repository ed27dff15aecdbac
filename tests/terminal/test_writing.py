"""Copy from the terminal."""

from lorakit.terminal.cli import main


def test_a_row_whose_voice_is_gone_is_named_and_the_others_are_written(monkeypatch, tmp_path, capsys):
    def run(base, lines, voices, out, variants, seed, on_event, should_stop):
        assert [line.brief.product for line in lines] == ["Mug", "Pot"] and voices([]) == {}
        return len(lines)

    monkeypatch.setattr("lorakit.generation.copy.catalogue.run", run)
    monkeypatch.setattr("lorakit.families.load_base", lambda source, **how: None)
    table = tmp_path / "b.csv"
    table.write_text('product,voice,size\nMug,,"1\nPan,gone,2\nPot,,3\n')
    assert main(["write", "--catalogue", str(table)]) == 0
    said = capsys.readouterr().out
    assert "error: b.csv: row 3 was left out: " in said and "row 2 opens a quote" in said
    assert "columns not used: 'size'" in said and "copy for 2 of 2 briefs" in said
    table.write_text("product,voice\nPan,gone\n")
    assert main(["write", "--catalogue", str(table)]) == 1
    assert "none of the rows can be written: row 2" in capsys.readouterr().err
