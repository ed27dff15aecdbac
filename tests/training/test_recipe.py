import pytest

from lorakit.errors import RecipeError
from lorakit.training.presets import PRESETS, from_preset
from lorakit.training.recipe import GROUPS, Recipe, settings_for


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rank": 0}, "rank is 0; it must be between 1 and 1,?024"),
        ({"rank": 2.5}, "rank is 2.5; it must be a whole number"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"steps": "many"}, "steps is 'many'; it must be a number"),
        ({"schedule": "zigzag"}, "schedule is 'zigzag'; choose one of constant, cosine"),
        ({"dora": "yes"}, "dora"),
        ({"lora_rank": 4}, "no setting 'lora_rank'"),
        ({"pissa": True, "dora": True}, "choose one of them"),
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
