"""Training on photos, on the starter image base: the whole way from files to an adapter that draws."""

import shutil

import pytest
import torch
from safetensors.torch import load_file

import lorakit
from lorakit.data.photos.sets import PhotoSet
from lorakit.starter import SAMPLE_PHOTOS
from lorakit.training.recipe import Recipe
from lorakit.training.session import train

RECIPE = Recipe.from_dict({
    "steps": 4, "rank": 2, "alpha": 2.0, "learning_rate": 1e-3, "batch_size": 2, "preview_every": 2,
    "caption_dropout": 0.5,
})  # fmt: skip


@pytest.fixture(scope="module")
def base():
    return lorakit.load_base("starter-image")


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for file in sorted(SAMPLE_PHOTOS.iterdir())[:10]:
        shutil.copy(file, folder / file.name)
    return PhotoSet.from_folder(folder, "aurora bottle")


def after(calls):
    """A stop that comes with the given number of questions."""
    asked = 0

    def should_stop():
        nonlocal asked
        asked += 1
        return asked > calls

    return should_stop


def weights(folder):
    return load_file(folder / "pytorch_lora_weights.safetensors")


def test_a_stopped_training_on_photos_goes_on_bit_for_bit(base, photos, tmp_path):
    before = {name: value.clone() for name, value in base.model.state_dict().items()}
    whole = train(base, photos, RECIPE, tmp_path / "whole")
    parts, rounds = train(base, photos, RECIPE, tmp_path / "parts", should_stop=after(12)), 1
    while parts.stopped:
        parts, rounds = train(base, photos, RECIPE, tmp_path / "parts", should_stop=after(13)), rounds + 1
    assert rounds > 1 and parts.steps == whole.steps == 4
    first, second = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)
    assert all(torch.equal(value, before[name]) for name, value in base.model.state_dict().items())


def test_what_was_trained_changes_the_picture_and_carries_its_previews(base, photos, tmp_path):
    events = []
    result = train(base, photos, RECIPE, tmp_path / "aurora", on_event=events.append)
    drawn = [event for event in events if event["event"] == "preview"]
    assert [event["step"] for event in drawn] == [2] * 4 + [4] * 4
    assert len(list((tmp_path / "aurora" / "previews").glob("*.png"))) == 4
    assert lorakit.load_adapter(tmp_path / "aurora").card.trigger == "aurora bottle"
    assert max(factors.up.abs().max() for factors in result.adapter.modules.values()) > 0


def test_cancelling_does_not_wait_for_the_previews(base, photos, tmp_path):
    events = []
    stop_at_first = lambda: any(event["event"] == "preview" for event in events)  # noqa: E731
    result = train(base, photos, RECIPE, tmp_path / "a", on_event=events.append, should_stop=stop_at_first)
    assert result.stopped and result.steps == 2
    assert sum(event["event"] == "preview" for event in events) == 1
