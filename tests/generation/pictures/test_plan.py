"""Planning a campaign: stable ids, prompts, and every mistake refused before a model is loaded."""

import math
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lorakit.errors import DataError, RecipeError
from lorakit.generation.pictures.plan import (
    check_negative,
    check_sampling,
    clean,
    plan,
    slug,
)
from lorakit.generation.pictures.scenes import SCENES

AREA = 128 * 128


def prompts(*scenes, trigger="aurora bottle"):
    return [shot.prompt for shot in plan(scenes, ["1:1"], [0], trigger, AREA)]


def test_every_combination_is_planned_once():
    shots = plan(["snow", "studio"], ["1:1", "9:16", "instagram-post"], [1, 2, 2], "aurora bottle", AREA)
    assert len(shots) == 2 * 2 * 2, "1:1 is the instagram post, and seed 2 is one seed"
    assert len({shot.id for shot in shots}) == len({shot.file_name for shot in shots}) == 8


def test_ids_depend_on_the_picture_and_not_on_the_order():
    made = {"base": "b", "mix": [["aa", 0.8]]}
    one = plan(["snow", "studio"], ["1:1", "9:16"], [1, 2], "x", AREA, made_with=made)
    two = plan(["studio", "snow"], ["9:16", "1:1"], [2, 1], "x", AREA, made_with=dict(reversed(made.items())))
    assert {s.id: s for s in one} == {s.id: s for s in two}


@pytest.mark.parametrize(
    "other",
    [
        {"trigger": "y"},
        {"seeds": [2]},
        {"formats": ["9:16"]},
        {"scenes": ["snow"]},
        {"made_with": {"mix": [["aa", 0.7]]}},
        {"area": 256 * 256},
    ],
)
def test_ids_change_with_everything_a_picture_depends_on(other):
    asked = {"scenes": ["studio"], "formats": ["1:1"], "seeds": [1], "trigger": "x", "area": AREA}
    assert plan(**asked)[0].id != plan(**{**asked, **other})[0].id


def test_scenes_keep_the_words_a_person_chose_as_their_label():
    scenes = ("marble-counter", "on a sandy beach", "rain on {product}", "by a lake")
    labels = [shot.scene for shot in plan(scenes, ["1:1"], [0], "aurora bottle", AREA)]
    assert labels == ["Marble counter", "Sandy beach", "rain on aurora bottle", "by a lake"]


def test_prompts():
    assert prompts("on a marble counter") == ["aurora bottle on a marble counter"]
    assert prompts("a lake behind the {product}, {Product}") == [
        "a lake behind the aurora bottle, aurora bottle"
    ]
    assert prompts("the Aurora Bottle in the rain") == ["the Aurora Bottle in the rain"]
    assert prompts("marble-counter") == prompts("Marble counter") == ["aurora bottle on a marble counter"]
    assert prompts("in the rain", trigger="") == ["in the rain"]
    assert prompts("rain on {product}", trigger="") == ["rain on product"]
    assert prompts("in the rain", trigger=["aurora bottle", "inky style"]) == [
        "aurora bottle in the rain, inky style"
    ]
    assert prompts("x", trigger=r"\1 {product}") == [r"\1 {product} x"]


@pytest.mark.parametrize("scene", ["a { b", "a } b", "{}", "{red|blue} wall", "{{product", "100% {", "{0}"])
def test_other_braces_stay_as_they_are(scene):
    assert scene in prompts(scene, trigger="")[0]


def test_a_mistyped_placeholder_is_refused_with_its_scene_number():
    with pytest.raises(DataError, match=r"scene 2: \{prodct\} is not known"):
        prompts("snow", "rain on {prodct}")


@pytest.mark.parametrize(
    ("scene", "said"),
    [
        ("", "scene 2 is empty"),
        (" \n\t ", "scene 2 is empty"),
        ("\x00\x07\u202e", "scene 2 is empty"),
        ("x" * 10_000, "scene 2: its text has 10,000 characters; at most 2,000"),
        ("y" * 1_995, "with the trigger words its text has 2,009"),
        ("marble-countr", "did you mean 'marble-counter'"),
        (5, "scene 2: must be text"),
    ],
)
def test_a_bad_scene_is_refused_with_its_number(scene, said):
    with pytest.raises(DataError, match=said):
        prompts("snow", scene)


def test_any_script_stays_and_control_characters_go():
    assert clean("a\x00b\x1b[31m\r\nc\u202ed") == "a b [31m cd"
    for text in ("زجاجة على الشاطئ", "瓶 in 雪", "👩‍🔬 in a lab"):
        assert prompts(text, trigger="") == [text]


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64, 1.5, math.nan, math.inf, "7", None, True])
def test_a_bad_seed_is_refused(seed):
    with pytest.raises(RecipeError, match="seed"):
        plan(["snow"], ["1:1"], [0, seed], area=AREA)


def test_seeds_at_the_edges_and_from_json_are_taken():
    shots = plan(["snow"], ["1:1"], [0, 2**63 - 1, 3.0], area=AREA)
    assert [shot.seed for shot in shots] == [0, 2**63 - 1, 3]


@pytest.mark.parametrize(
    ("scenes", "seeds", "said"),
    [
        (["snow"], range(1_000_000), "would have 1,000,000 images \\(max. 5,000"),
        (["snow"] * 100, range(10_000), "1,000,000 images"),
        (["snow"], iter(range(10**9)), "more than 5,000"),
        (["snow"], range(2**70), "more than 5,000"),
        (["snow"] * 6_000, [1], "scenes: more than 5,000"),
    ],
)
def test_too_many_shots_are_refused_with_their_count(scenes, seeds, said):
    with pytest.raises(DataError, match=said):
        plan(scenes, ["1:1"], seeds, area=AREA)


@pytest.mark.parametrize("missing", ["scenes", "formats", "seeds"])
def test_nothing_chosen_is_refused_by_name(missing):
    asked = {"scenes": ["snow"], "formats": ["1:1"], "seeds": [1]}
    with pytest.raises((DataError, RecipeError), match=f"{missing}: none given"):
        plan(**{**asked, missing: []}, area=AREA)
    with pytest.raises(RecipeError, match="list of whole numbers"):
        plan(["snow"], ["1:1"], 4, area=AREA)


@pytest.mark.parametrize(
    ("steps", "guidance", "said"),
    [
        (0, 1, "steps 0"),
        (10_000, 1, "from 1 to 150"),
        (1.5, 1, "steps"),
        (math.nan, 1, "steps"),
        ("8", 1, "steps"),
        (8, math.nan, "guidance nan"),
        (8, math.inf, "guidance"),
        (8, -1, "guidance"),
        (8, 30.1, "guidance"),
        (8, None, "guidance"),
    ],
)
def test_sampling_settings_out_of_range_are_named(steps, guidance, said):
    with pytest.raises(RecipeError, match=said):
        check_sampling(steps, guidance)


def test_good_sampling_settings_and_negative():
    assert check_sampling(4.0, 0) == (4, 0.0)
    assert check_negative(" blurry\n text ") == "blurry text"
    with pytest.raises(DataError, match="negative prompt"):
        check_negative("x" * 2_001)


def test_the_library_has_a_dozen_scenes_that_all_plan():
    assert len(SCENES) >= 12 and len({scene.id for scene in SCENES}) == len(SCENES)
    assert len(plan([scene.id for scene in SCENES], ["1:1"], [0], "x", AREA)) == len(SCENES)


def test_file_names_are_plain():
    shot = plan(["../../etc/passwd \n|:*?"], ["1:1"], [1], area=AREA)[0]
    assert set(shot.file_name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert slug("雪") == "scene" and slug("Café-Tisch") == "cafe-tisch"


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120), st.text(max_size=20))
def test_any_text_either_plans_or_is_refused_in_words(scene, trigger):
    try:
        shot = plan([scene], ["1:1"], [0], trigger, AREA)[0]
    except DataError as error:
        assert "scene 1" in str(error)
    else:
        assert shot.prompt == clean(shot.prompt) and 0 < len(shot.prompt) <= 2_000


def test_planning_needs_no_torch():
    code = (
        "import sys\nfrom lorakit.generation.pictures import export, plan, provenance\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
