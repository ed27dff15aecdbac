"""Campaigns from the terminal."""

from lorakit.lora.strength import Strength
from lorakit.store.store import Store
from lorakit.terminal.cli import main


def test_several_mixes_are_compared_and_drawn_as_a_grid(file, monkeypatch, tmp_path, capsys):
    Store().add(file, "Aurora")
    asked = []

    class Campaign:
        stopped = False

        def __init__(self, base, mixes, *rest, **options):
            self.mixes = mixes
            asked.append([list(mix.values()) for mix in mixes])

        def run(self, **hooks):
            return [{}]

    monkeypatch.setattr("lorakit.families.load_base", lambda source, **how: None)
    monkeypatch.setattr("lorakit.generation.pictures.campaign.Campaign", Campaign)
    monkeypatch.setattr("lorakit.generation.pictures.export.grid_picture", lambda folder, out: out)
    arguments = ["render", "--scenes", "snow", "--out", str(tmp_path / "c")]
    assert main([*arguments, "--mix", "aurora=0.5", "--mix"]) == 0
    assert "grid.png" in capsys.readouterr().out
    assert main(arguments) == 0 and main([*arguments, "--mix", "aurora"]) == 0
    assert asked == [[[Strength(0.5)], []], [[]], [[Strength(1.0)]]]
