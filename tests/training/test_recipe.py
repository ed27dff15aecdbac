import pytest

from lorakit.errors import RecipeError
from lorakit.training.presets import PRESETS, from_preset
from lorakit.training.recipe import Recipe, settings_for
from lorakit.training.setting import GROUPS


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rank": 0}, "rank is 0; it must be between 1 and 1,?024"),
        ({"rank": 2.5}, "rank is 2.5; it must be a whole number"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"steps": "many"}, "steps is 'many'; it must be a number"),
        ({"schedule": "zigzag"}, "schedule is 'zigzag'; choose one of constant, cosine"),
        ({"dora": "yes"}, "dora is 'yes'; it must be true or false"),
        ({"class_prompt": 3}, "class_prompt is 3; it must be text"),
        ({"seed": 10**400}, "seed is 1000*; it must be a number"),
        ({"lora_rank": 4}, "no setting 'lora_rank'"),
        ({"pissa": True, "dora": True}, "pissa and dora can't be combined; choose one"),
        ({"class_images": 4}, "class_images needs a class_prompt"),
        ({"optimizer": "prodigy"}, "set it to 1"),
        ({"optimizer": "prodigy", "learning_rate": 1.0, "lora_plus": 4.0}, "lora_plus needs two"),
        ({"learning_rate": 1.0}, "at most 0.1"),
        ({"optimizer": "schedule-free", "schedule": "cosine"}, "schedule must be constant"),
        ({"optimizer": "schedule-free", "ema": 0.9}, "ema must be 0"),
        ({"caption_template": "a photo, {caption}"}, "caption_template must name {trigger}"),
    ],
)
def test_a_wrong_setting_is_named_with_what_it_may_be(changes, words):
    with pytest.raises(RecipeError, match=words):
        Recipe.from_dict(changes)


def test_everything_that_is_wrong_is_told_at_once():
    wrong = {
        "rank": 0, "steps": "many", "lora_rank": 4, "network": 1, "learning_rate": "x",
        "optimizer": "prodigy", "lora_plus": 4.0, "pissa": True, "dora": True,
    }  # fmt: skip
    with pytest.raises(RecipeError) as told:
        Recipe.from_dict(wrong)
    first, *others = str(told.value).split(".\n")
    assert first.startswith("recipe: no settings 'lora_rank', 'network'; the settings are accumulate, alpha,")
    assert others == [
        "steps is 'many'; it must be a number",
        "rank is 0; it must be between 1 and 1024",
        "learning_rate is 'x'; it must be a number",
        "pissa and dora can't be combined; choose one",
        "lora_plus needs two learning rates, and prodigy has one; set lora_plus to 1 or choose adamw",
    ]


def test_a_whole_number_stays_what_its_setting_is():
    recipe = Recipe(steps=8.0, warmup=0)  # type: ignore[arg-type]
    assert (type(recipe.steps), type(recipe.warmup)) == (int, float)


def test_every_preset_is_a_valid_recipe_and_survives_a_file():
    for preset in PRESETS:
        recipe = from_preset(preset.id, preset.kind, preset.starter)
        assert Recipe.from_dict(recipe.to_dict()) == recipe


def test_every_setting_explains_itself():
    for kind in ("image", "text"):
        for setting in settings_for(kind):
            assert setting.metadata["help"].endswith("."), setting.name
            assert setting.metadata["group"] in GROUPS, setting.name


def test_an_unknown_preset_lists_the_known_ones():
    with pytest.raises(RecipeError, match="choose one of quick, balanced"):
        from_preset("heroic", "image", True)


def test_an_unknown_preset_is_named_together_with_wrong_settings():
    with pytest.raises(RecipeError) as caught:
        from_preset("heroic", "image", True, rank=0, pissa=True, dora=True)
    first, *others = str(caught.value).split(".\n")
    assert first.startswith("recipe: preset 'heroic' does not exist")
    assert others == [
        "rank is 0; it must be between 1 and 1024",
        "pissa and dora can't be combined; choose one",
    ]
