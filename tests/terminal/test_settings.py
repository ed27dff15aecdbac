"""The settings of a recipe as options: each one, and all that is wrong with them at once."""

import pytest

from lorakit.store.store import Store
from lorakit.terminal.cli import main


def test_a_setting_of_the_recipe_is_an_option(fake_training):
    calls, texts = fake_training
    assert main(["voice", texts, "--steps", "12", "--learning-rate", "0.002", "--rslora"]) == 0
    recipe = calls[0].recipe
    assert (recipe.steps, recipe.learning_rate, recipe.rslora) == (12, 0.002, True)
    assert calls[0].out == Store().folder / "calm"


def test_a_wrong_setting_is_named(fake_training, capsys):
    _, texts = fake_training
    assert main(["voice", texts, "--rank", "many"]) == 1
    assert "rank" in capsys.readouterr().err


def test_every_wrong_setting_is_named_at_once(fake_training, capsys):
    calls, texts = fake_training
    wrong = ["--rank", "many", "--steps", "0", "--dora", "--pissa", "--optimizer", "magic"]
    assert main(["voice", texts, *wrong]) == 1 and not calls
    assert capsys.readouterr().err.splitlines() == [
        "error: recipe: steps is 0; it must be between 1 and 100000.",
        "rank is 'many'; it must be a number.",
        "optimizer is 'magic'; choose one of adamw, adamw-8bit, adamw-8bit-paged, prodigy, schedule-free.",
        "pissa and dora can't be combined; choose one",
    ]


def test_a_switch_is_on_or_off_and_takes_no_word(fake_training, capsys):
    calls, texts = fake_training
    large = ["--base", "owner/large", "--no-gradient-checkpointing", "--dora"]
    assert main(["voice", texts]) == main(["voice", texts, *large]) == 0
    assert [call.recipe.dora for call in calls] == [False, True]
    assert calls[1].recipe.gradient_checkpointing is False
    for arguments in ([texts, "--dora", "ture"], ["--dora", "ture", texts], [texts, "--dora", "true"]):
        with pytest.raises(SystemExit) as ended:
            main(["voice", *arguments])
        word = arguments[arguments.index("--dora") + 1]
        assert ended.value.code == 2 and len(calls) == 2
        assert f"--dora takes no value (here '{word}'); --no-dora switches it off" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["voice", texts, "--dora=ture"])
    assert "--dora" in capsys.readouterr().err.splitlines()[-1]
