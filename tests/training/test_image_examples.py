"""Photos kept aside, and pictures of the product's class: what is drawn, mixed in, and weighed."""

import shutil

import pytest
import torch

import lorakit
from lorakit.data.photos.sets import PhotoSet
from lorakit.errors import RecipeError
from lorakit.families import family_named
from lorakit.starter import SAMPLE_PHOTOS
from lorakit.training import class_pictures
from lorakit.training.held_out import alike, held_out_photos
from lorakit.training.image_examples import ImageExamples
from lorakit.training.recipe import Recipe

flux1 = family_named("flux")


@pytest.fixture(scope="module")
def base():
    return lorakit.load_base("starter-image")


def photos_in(folder, count, twice=0):
    folder.mkdir()
    for file in sorted(SAMPLE_PHOTOS.glob("*.jpg"))[:count]:
        shutil.copy(file, folder / file.name)
        for copy in range(twice):
            shutil.copy(file, folder / f"{file.stem}-{copy}.jpg")
    return PhotoSet.from_folder(folder, "aurora bottle")


def prepared(base, photos, of_class=None, **changes):
    recipe = Recipe.from_dict({"batch_size": 4, "resolution": 64} | changes)
    return ImageExamples.prepare(base, photos, recipe, lambda event: None, lambda: False, of_class)


def test_photos_that_look_alike_are_kept_aside_together(tmp_path):
    photos = photos_in(tmp_path / "photos", 6, twice=1).photos
    groups = alike(photos)
    assert sorted(len(group) for group in groups) == [2] * 6
    aside = held_out_photos(photos, 0.1, seed=0)
    assert any(set(group) == aside for group in groups)
    assert held_out_photos(photos, 0.1, seed=0) == aside and held_out_photos(photos, 0.0, seed=0) == set()
    assert held_out_photos(photos[:11], 0.1, seed=0) == set()


def test_what_is_kept_aside_is_never_learned_and_its_loss_is_always_the_same(base, tmp_path):
    examples = prepared(base, photos_in(tmp_path / "photos", 14), held_out=0.2)
    assert len(examples.held_out) == 3
    seen = {i for number in range(examples.per_epoch) for i in examples.batch(number).chosen}
    assert seen == set(range(14)) - set(examples.held_out)
    first = examples.held_out_loss(base)
    torch.manual_seed(123)
    assert examples.held_out_loss(base) == first > 0


def test_captions_are_learned_as_the_recipe_puts_them(base, tmp_path, monkeypatch):
    photos, learned = photos_in(tmp_path / "photos", 2), []
    photos = photos.phrased(written={photos.photos[0].name: "on ice"})

    def prepare(base, data, *rest):
        learned.extend(photo.caption for photo in data.photos)
        raise RecipeError("seen enough")

    monkeypatch.setattr(ImageExamples, "prepare", prepare)
    recipe = Recipe(caption_template="a photo of {trigger} {class}, {caption}", class_prompt="a flask")
    with pytest.raises(RecipeError, match="seen enough"):
        lorakit.train(base, photos, recipe, tmp_path / "out")
    assert learned == ["a photo of aurora bottle flask, on ice", "a photo of aurora bottle flask"]


def test_a_caption_that_photos_share_is_encoded_once(base, tmp_path, monkeypatch):
    encode, asked = flux1.encode_prompts, []
    monkeypatch.setattr(flux1, "encode_prompts", lambda b, texts: asked.extend(texts) or encode(b, texts))
    photos = photos_in(tmp_path / "photos", 4)
    photos.photos[1].caption = photos.photos[0].caption
    examples = prepared(base, photos, held_out=0.0)
    assert sorted(asked) == sorted({photo.caption for photo in photos.photos} | {""})
    assert all(len(rows) == 4 for rows in examples.conditioning.values())


def test_a_picture_of_the_class_counts_by_its_weight(base, tmp_path):
    photos, others = photos_in(tmp_path / "photos", 4), photos_in(tmp_path / "class", 3)
    examples = prepared(base, photos, others, class_weight=0.25, held_out=0.0)
    assert examples.weights == [1.0] * 4 + [0.25] * 3 and len(examples.photos) == 4
    batches = [examples.batch(number) for number in range(examples.per_epoch)]
    assert any(set(b.chosen) & set(range(4)) and set(b.chosen) & set(range(4, 7)) for b in batches)
    batch = batches[0]
    assert examples.weight(batch) == sum(examples.weights[i] for i in batch.chosen)
    heavy = prepared(base, photos, others, class_weight=0.0, held_out=0.0)
    assert len(heavy.latents) == 4


def test_the_base_draws_the_class_once_and_only_what_is_missing(base, tmp_path):
    recipe = Recipe.from_dict({"class_images": 2, "class_prompt": "a bottle", "resolution": 64})
    events = []

    def gather():
        return class_pictures.gather(base, recipe, None, tmp_path, events.append, lambda: False)

    drawn = gather()
    assert [photo.caption for photo in drawn.photos] == ["a bottle"] * 2
    assert [event["done"] for event in events] == [1, 2]
    (tmp_path / "0001.png").unlink()
    assert len(gather().photos) == 2
    assert [event["done"] for event in events] == [1, 2, 2]


def test_a_class_that_is_not_named_is_asked_for():
    with pytest.raises(RecipeError, match="class_images needs a class_prompt"):
        Recipe(class_images=4)
