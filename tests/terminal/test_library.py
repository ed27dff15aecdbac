"""The shelf of adapters, kept from the terminal."""

from lorakit.store.store import Store
from lorakit.terminal.cli import main


def test_an_adapter_is_made_smaller_from_the_terminal(file, capsys):
    Store().add(file, "Aurora")
    assert main(["combine", "aurora", "--rank", "1", "--name", "Aurora small"]) == 0
    assert Store().get("aurora-small").rank == 1
    assert "% kept" in capsys.readouterr().out


def test_the_store_can_be_kept_from_the_terminal(file, tmp_path, capsys):
    for arguments in (
        ["add", str(file), "--name", "Sea"],
        ["rename", "sea", "Ocean"],
        ["use-in-part", "ocean"],
        ["trash", "ocean"],
        ["list", "--trash"],
        ["restore", "ocean"],
        ["export", "ocean", str(tmp_path)],
        ["export", "ocean", str(tmp_path), "--layout", "kohya"],
        ["show", "ocean"],
        ["list"],
        [],
    ):
        assert main(["adapters", *arguments]) == 0
    assert (tmp_path / "ocean.zip").is_file() and (tmp_path / "ocean-kohya.zip").is_file()
    said = capsys.readouterr().out
    assert said.count("aurora bottle") >= 3 and "adapters restore ocean brings it back\nocean\n" in said
    assert main(["adapters", "export", "ocean", str(tmp_path), "--layout", "comfy"]) == 1
    assert "use one of peft, diffusers, kohya" in capsys.readouterr().err
    assert Store().load("ocean").card.partial is True
    assert (
        main(["adapters", "use-in-part", "ocean", "--undo"]) == 0
        and Store().load("ocean").card.partial is False
    )


def test_an_adapter_of_a_name_that_is_in_the_trash_already_comes_back_by_its_own(file, capsys):
    for _ in range(2):
        Store().add(file, "Sea")
        assert main(["adapters", "trash", "sea"]) == 0
    assert "adapters restore sea-2 brings it back" in capsys.readouterr().out
    assert main(["adapters", "restore", "sea-2"]) == 0 and Store().trashed() == ["sea"]
