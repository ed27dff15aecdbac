"""Where the product's outline is known, the rest of the photo need not be learned."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

import lorakit
from lorakit.data.photos.sets import PhotoSet
from lorakit.training.image_examples import ImageExamples
from lorakit.training.recipe import Recipe
from tests.families.tiny_bases import flux1, write


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return lorakit.load_base(write(tmp_path_factory.mktemp("base"), flux1()))


def cut_out(path, size=(64, 64)) -> None:
    """A product in the right half, transparent on the left."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((size[0] // 2, 0, size[0], size[1]), fill=(200, 60, 30, 255))
    image.save(path)


def prepared(base, folder, **settings):
    photos = PhotoSet.from_folder(folder, "can")
    recipe = Recipe(resolution=64, held_out=0.0, caption_dropout=0.0, **settings)
    return ImageExamples.prepare(base, photos, recipe, lambda event: None, lambda: False)


def gradient(base, examples, index: int, monkeypatch) -> torch.Tensor:
    """The gradient of the loss by what the base predicts at each place, (C, h, w)."""
    shape = (1, *examples.latents[index].shape)
    moved = torch.zeros(shape, requires_grad=True)
    family = base.kind
    plain = family.predict
    monkeypatch.setattr(family, "predict", lambda *arguments: plain(*arguments).detach() + moved)
    loss = examples.loss_at(base, [index], torch.ones(shape), torch.tensor([0.5]))
    loss.sum().backward()
    monkeypatch.undo()
    return moved.grad[0]


def test_the_gradient_ignores_what_is_masked(base, tmp_path, monkeypatch):
    cut_out(tmp_path / "a.png")
    for weight, ignored in ((0.0, True), (1.0, False)):
        examples = prepared(base, tmp_path, background_weight=weight)
        slope = gradient(base, examples, 0, monkeypatch).abs()
        half = slope.shape[-1] // 2
        assert (slope[..., half + 1 :] > 0).all(), "the product is learned"
        assert bool((slope[..., : half - 1] == 0).all()) == ignored


def test_padding_is_never_learned(base, tmp_path, monkeypatch):
    Image.new("RGB", (400, 40), (30, 90, 200)).save(tmp_path / "long.png")
    examples = prepared(base, tmp_path)
    assert examples.places[0] is not None
    slope = gradient(base, examples, 0, monkeypatch).abs()
    assert (slope[:, 0] == 0).all() and (slope[:, -1] == 0).all()
    assert (slope[:, slope.shape[1] // 2] > 0).any()


def test_photos_that_are_learned_whole_have_no_weights(base, tmp_path):
    Image.new("RGB", (64, 64), (30, 90, 200)).save(tmp_path / "a.png")
    assert prepared(base, tmp_path).places == [None]


def test_a_cut_out_product_is_shown_before_other_backgrounds_too(base, tmp_path, monkeypatch):
    cut_out(tmp_path / "a.png")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "b.png")
    examples = prepared(base, tmp_path, backgrounds=2)
    assert len(examples.latents) == 4, "two photos, and two more of the one whose outline is known"
    assert sorted(i for group in examples.groups for i in group) == [0, 1, 2, 3]
    assert not torch.equal(examples.latents[2], examples.latents[3])
    slope = gradient(base, examples, 2, monkeypatch).abs()
    half = slope.shape[-1] // 2
    assert (slope[..., : half - 1] == 0).all() and (slope[..., half + 1 :] > 0).all()


def test_a_photo_kept_aside_is_not_learned_before_another_background(base, tmp_path):
    random = np.random.default_rng(1)
    for number in range(12):
        cut_out(tmp_path / f"{number:02}.png")
        image = Image.open(tmp_path / f"{number:02}.png")
        ImageDraw.Draw(image).rectangle(
            (34, 4, 60, 30), fill=(*(int(c) for c in random.integers(0, 255, 3)), 255)
        )
        ImageDraw.Draw(image).ellipse((36, number * 4, 52, number * 4 + 12), fill=(0, 0, 0, 255))
        image.save(tmp_path / f"{number:02}.png")
    photos = PhotoSet.from_folder(tmp_path, "can")
    recipe = Recipe(resolution=64, held_out=0.1, backgrounds=1)
    examples = ImageExamples.prepare(base, photos, recipe, lambda event: None, lambda: False)
    learned = {i for group in examples.groups for i in group}
    assert not learned & {12 + i for i in examples.held_out} and not learned & set(examples.held_out)
    assert len(learned) == 24 - 2 * len(examples.held_out)
