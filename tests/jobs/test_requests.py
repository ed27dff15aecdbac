"""Requests that no job is written for: each is refused in words that name the field."""

import json
import string

import pytest

from lorakit.errors import LoraKitError
from lorakit.generation.copy.writing import Brief
from lorakit.generation.pictures.plan import plan
from lorakit.jobs.kinds import checked

CAMPAIGN = {"base": "starter-image", "mix": {}, "scenes": ["a bottle"], "formats": ["1:1"], "seeds": [0]}


def row(number, title, **changes):
    return pytest.param(changes, marks=pytest.mark.battery(number, title))


@pytest.mark.parametrize("changes", [
    row(54, "an empty prompt", scenes=[""]),
    row(54, "a prompt of blanks and control characters", scenes=["\u200e \t\x00\x1b"]),
    row(54, "a prompt of 10,000 characters", scenes=["x" * 10_000]),
    row(55, "a size of 0 pixels", formats=["0x100"]),
    row(55, "a size of 100,000 pixels", formats=["100000x100000"]),
    row(55, "a negative size", formats=["-8x8"]),
    row(56, "0 steps", steps=0),
    row(56, "10,000 steps", steps=10_000),
    row(56, "guidance NaN", guidance=float("nan")),
    row(56, "a negative seed", seeds=[-1]),
    row(56, "a seed of 2^64", seeds=[2**64]),
    row(57, "1e6 shots", seeds=range(1_000_000)),
    row(57, "1e12 seeds", seeds=range(10**12)),
    row(58, "braces around an unknown word", scenes=["a {colour} bottle"]),
    row(59, "an unknown format", formats=["no-such-format"]),
    row(80, "an address where a base is expected", base="http://10.0.0.1/model"),
    row(82, "a token that rides along", token="secret"),
    row(83, "scenes that are no list", scenes="bottle"),
    row(83, "a weight that is text", mix={"a": "1"}),
    row(83, "a weight that is NaN", mix={"a": float("nan")}),
])  # fmt: skip
def test_it_is_refused_in_words(changes, record_property):
    with pytest.raises(LoraKitError) as caught:
        checked("campaign", CAMPAIGN | changes)
    assert "secret" not in str(caught.value)
    record_property("told", caught.value)


def test_the_same_request_without_the_fault_is_taken():
    assert checked("campaign", dict(CAMPAIGN))["seeds"] == [0]


ODD = {
    "control characters": ("a\x00 bottle\x1b[31m\r\nin snow\x7f", "aurora a bottle [31m in snow"),
    "right to left": ("زجاجة على الطاولة", "aurora زجاجة على الطاولة"),
    "marks that turn the order": ("snow \u202egnp.exe\u202c", "aurora snow gnp.exe"),
    "emoji": ("a bottle 🍾👩‍🚀 in snow", "aurora a bottle 🍾👩‍🚀 in snow"),
    "half of a pair": ("snow \ud83c end", "aurora snow end"),
    "another form of the same letters": ("cafe\u0301", "aurora café"),
}


@pytest.mark.battery(54, "control characters, RTL, emoji in prompts and briefs")
@pytest.mark.parametrize("odd", ODD)
def test_odd_prompts_are_read_as_one_line_of_text_and_name_plain_files(odd):
    scene, prompt = ODD[odd]
    (shot,) = plan([scene], ["1:1"], [0], "aurora")
    assert shot.prompt == prompt
    assert shot.file_name.isascii() and set(shot.file_name) <= set(
        string.ascii_lowercase + string.digits + "-"
    )
    assert json.loads(json.dumps(shot.to_dict()))["prompt"] == prompt, "it can be written down"
    assert checked("campaign", CAMPAIGN | {"scenes": [scene]})
    brief = Brief(scene)
    assert brief.product.replace("\u200d", "").isprintable()


@pytest.mark.battery(58, "unmatched braces")
@pytest.mark.parametrize("scene", ["a {red|blue bottle", "a {product", "}{ x"])
def test_braces_without_a_partner_stay_text(scene):
    (shot,) = plan([scene], ["1:1"], [0], "aurora")
    assert scene in shot.prompt
