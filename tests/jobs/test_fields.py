"""The fields that kinds of job share: what each takes, and what it says of anything else."""

import pytest

from lorakit.errors import LoraKitError, RecipeError
from lorakit.jobs import fields
from lorakit.jobs.spec import Spec
from lorakit.lora.mix_syntax import MOST_ADAPTERS


class Everything(Spec):
    """One of each."""

    base: fields.BaseModelName = "starter-text"
    name: fields.Name = "Calm"
    photos: fields.Place = "photos"
    without: fields.LeftOut
    without_texts: fields.LeftOutTexts
    captions: fields.Captions
    recipe: fields.Settings = None
    mix: fields.MixOfVoices = None
    seed: fields.Seed = 0


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("base", " ", "base is empty; fill it in"),
        ("base", "http://10.0.0.1/x", "base must be a folder or a Hugging Face ID"),
        ("name", "x" * 201, "name must be text of at most 200 characters"),
        ("photos", 3, "photos must be text of at most 1,000 characters"),
        ("photos", "", "photos is empty; fill it in"),
        ("without", [1], "without must be a list of the names of photos"),
        ("without_texts", ["a"], "without_texts must be a list of the places of texts"),
        ("captions", {"a.jpg": 1}, "captions must be a table of photos' names"),
        ("recipe", 4, "recipe must be a table of settings"),
        ("recipe", {"rank": -1}, "rank"),
        ("mix", [], "mix: give a table of adapters with their strengths"),
        ("mix", {"a": "1", "b": float("nan")}, "mix: a"),
        ("seed", -1, "seed is -1; it must be a whole number from 0 to"),
    ],
)
def test_what_is_wrong_is_said_with_the_fields_name(field, value, said):
    with pytest.raises(LoraKitError) as caught:
        Everything.checked("any", {field: value})
    assert said in str(caught.value)


def test_what_is_right_is_kept():
    given = {"without": ["a\udcff.jpg"], "without_texts": ["0", "12"], "captions": "captions.csv",
             "mix": {"a": 0.5}}  # fmt: skip
    assert Everything.checked("any", dict(given)) == given
    assert Everything.checked("any", {"recipe": {"rank": 4}})["recipe"]["rank"] == 4


def test_every_adapter_that_is_wrong_has_its_line():
    with pytest.raises(RecipeError) as caught:
        fields.checked_mix({"a": "x", "fine": 1.0, "b": "y"})
    lines = str(caught.value).splitlines()
    assert len(lines) == 2 and "a" in lines[0] and "b" in lines[1]
    with pytest.raises(RecipeError, match=f"at most {MOST_ADAPTERS} are mixed"):
        fields.checked_mix({f"a{number}": 1.0 for number in range(MOST_ADAPTERS + 1)})


def test_a_job_has_one_mix_several_or_none():
    assert fields.mixes_of({"mix": {"a": 1}}) == [{"a": 1}]
    assert fields.mixes_of({"mix": [{"a": 1}, {}]}) == [{"a": 1}, {}]
    assert fields.mixes_of({}) == []
