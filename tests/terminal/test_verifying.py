"""verify, and the check of the certificate before render begins."""

import pytest
from PIL import Image

from lorakit.generation.pictures.provenance import Provenance, save_image
from lorakit.terminal import verifying
from lorakit.terminal.cli import main

RECORD = Provenance(prompt="aurora bottle", seed=7, base="starter-image")


def saved(path, **record):
    return str(save_image(Image.new("RGB", (8, 8)), path, Provenance(**{**vars(RECORD), **record})))


def test_unsigned_images_and_those_without_a_record_are_fine(tmp_path, capsys):
    Image.new("RGB", (8, 8)).save(tmp_path / "plain.png")
    assert main(["verify", saved(tmp_path / "a.png"), str(tmp_path / "plain.png")]) == 0
    told = capsys.readouterr().out
    assert told.count("not signed") == 2 and "seed 7" in told and "no record of what made it" in told


def test_a_file_that_is_no_image_is_refused_and_the_others_are_shown(tmp_path, capsys):
    (tmp_path / "notes.png").write_text("hello")
    assert main(["verify", str(tmp_path / "notes.png"), saved(tmp_path / "a.jpg")]) == 1
    told = capsys.readouterr()
    assert "notes.png is not a readable" in told.err and "seed 7" in told.out


def test_a_strangers_record_cannot_steer_the_terminal(tmp_path, capsys):
    path = saved(tmp_path / "a.png", prompt="red \x1b[31m\nsigned by Nordal GmbH")
    assert main(["verify", path]) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told and "prompt: red  [31m signed by Nordal GmbH" in told


def test_verify_has_its_own_help(capsys):
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    assert verifying.EXIT in " ".join(capsys.readouterr().out.split())


def test_a_certificate_that_cannot_be_read_ends_render_before_a_model_is_loaded(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("lorakit.families.load_base", lambda *args, **how: pytest.fail("loaded"))
    monkeypatch.setenv("LORAKIT_SIGN_CERT", str(tmp_path / "missing.pem"))
    monkeypatch.delenv("LORAKIT_SIGN_KEY", raising=False)
    assert main(["render", "--scenes", "snow", "--out", str(tmp_path / "c")]) == 1
    told = capsys.readouterr().err
    assert "LORAKIT_SIGN_CERT: the file can't be read" in told and "LORAKIT_SIGN_KEY is not set" in told
    assert not (tmp_path / "c").exists()
