"""A mix as words of the command line."""

import pytest

from lorakit.errors import LoraKitError
from lorakit.lora.mix_syntax import read_mix
from lorakit.lora.strength import Strength
from lorakit.store.store import Store
from lorakit.terminal.cli import main
from lorakit.terminal.mix_argument import mix_of


def test_a_mix_tells_every_word_that_cannot_be_meant():
    with pytest.raises(LoraKitError, match=r"(?s)^mix: aurora=strong: .*\.\n=0\.5: no adapter.*\.\nink=9: "):
        read_mix(["aurora=strong", "=0.5", "bottle", "ink=9"])


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("aurora=strong", r"'strong' is not a number; write aurora=0\.8"), ("aurora=nan", "nan"),
        ("aurora=3", "-2 to 2"), ("=0.5", "no adapter is named"),
        ("aurora=0.6@40", r"'@40'.*aurora=0\.8@40-100"),
        ("aurora=0.6@x-100", "'x'"), ("aurora=0.6@80-40", "'@80-40' must go up"),
        ("aurora=1@40-120", "@40-120"),
        ("aurora=0.6/double", "'double'"), ("aurora=0.6/", "no group"), ("aurora=1/double:x", "'double' 'x'"),
        ("aurora=0.6/middle:1", "middle.*double, single"), ("aurora=1/up:1,up:0", "'up' has two strengths"),
        ("aurora=1/0-7:1,4-9:1", "overlap"), ("aurora=0.6/double:9", "in double"),
    ],
)  # fmt: skip
def test_a_word_of_a_mix_that_cannot_be_meant_names_its_piece(word, said):
    with pytest.raises(LoraKitError, match=said):
        read_mix([word])


def test_a_word_of_a_mix_says_how_strongly_where_and_when():
    mix = read_mix(["bottle", "riso=0.6@40-100/double:0.2,single:0.8", "film=0.5/up:0", "ink=1@0-60"])
    assert mix == {
        "bottle": Strength(1.0), "riso": Strength(0.6, {"double": 0.2, "single": 0.8}, 0.4, 1.0),
        "film": Strength(0.5, {"up": 0.0}), "ink": Strength(1.0, end=0.6),
    }  # fmt: skip


def test_an_adapter_named_twice_is_in_the_mix_once_with_both_weights(file, capsys):
    Store().add(file, "Aurora")
    mix = mix_of(["aurora=0.5", "aurora=0.25"])
    assert list(mix.values()) == [Strength(0.75)] and "add up to 0.75" in capsys.readouterr().err
    with pytest.raises(LoraKitError, match="-2 to 2"):
        mix_of(["aurora=1.5", "aurora=1"])
    assert read_mix(["a=0.5/double:0.1", "a=0.25"])["a"] == Strength(0.75, {"double": 0.35})
    with pytest.raises(LoraKitError, match="twice, active during different steps"):
        read_mix(["a=0.5@0-40", "a=0.25"])


def test_only_pictures_have_a_part_of_the_sampling(file, capsys):
    Store().add(file, "Aurora")
    assert main(["combine", "aurora=1@40-100", "--name", "x"]) == 1
    assert "aurora: only images are generated in steps" in capsys.readouterr().err
    assert list(mix_of(["aurora=1@40-100"], sampled=True).values()) == [Strength(start=0.4)]
