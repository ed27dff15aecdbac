"""Judging images: what is measured, what is missing and why, and what is refused."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from lorakit.errors import DataError
from lorakit.generation.pictures.judging import judge as judging
from lorakit.generation.pictures.judging.judge import judge


def cut_out(brand="VELORA", body=(170, 40, 40)):
    image = Image.new("RGBA", (260, 400), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rectangle((10, 10, 250, 390), fill=(*body, 255))
    if brand:
        draw.text((130, 200), brand, font=ImageFont.load_default(50), fill=(250, 250, 240, 255), anchor="mm")
    return image


def scene(product, behind=(150, 170, 160), at=(190, 120)):
    image = Image.new("RGB", (640, 640), behind)
    image.paste(product, at, product)
    return image


class Averages:
    """An embedder that sees the mean colour of an image, and that knows two words."""

    reads = True

    def images(self, images):
        means = np.stack([np.asarray(image).reshape(-1, 3).mean(0) for image in images])
        return (means / np.linalg.norm(means, axis=1, keepdims=True)).astype(np.float32)

    def texts(self, texts):
        colours = {"red": (1, 0, 0), "blue": (0, 0, 1)}
        return np.array([colours[text] for text in texts], np.float32)


@pytest.fixture(scope="module")
def judged():
    """The product, one with a wrong letter and another colour, and the first once more a little brighter."""
    right, wrong = scene(cut_out()), scene(cut_out("VELQRA", (40, 60, 170)), (90, 80, 60))
    again = Image.eval(right, lambda value: min(255, value + 6))
    return judge([right, wrong, again], "on a table", cut_out())


def test_lettering_and_colours_are_those_of_the_cut_out(judged):
    right, wrong, _ = judged
    assert right.lettering == 0 and wrong.lettering == pytest.approx(1 / 6)
    assert right.colour < 3 and wrong.colour > 20
    assert right.craft.worst > 0.5


def test_a_twin_names_the_earlier_image(judged):
    assert [scores.twin_of for scores in judged] == [None, None, 0]


def test_what_needs_a_judge_model_is_missing_and_says_so(judged):
    for scores in judged:
        assert scores.product is None and scores.scene is None
        assert scores.missing == {"product": judging.NO_EMBEDDER, "scene": judging.NO_EMBEDDER}


def test_without_a_cut_out_only_craft_and_twins_are_measured():
    (scores,) = judge([scene(cut_out())])
    assert scores.craft and (scores.lettering, scores.colour) == (None, None)
    assert scores.missing["lettering"] == scores.missing["colour"] == judging.NO_CUT_OUT


def test_a_product_without_lettering_has_no_lettering_score():
    (scores,) = judge([scene(cut_out(""))], product=cut_out(""))
    assert scores.lettering is None and scores.missing["lettering"] == judging.NO_LETTERING
    assert scores.colour is not None


def test_a_product_that_is_not_found_has_no_colour_score():
    (scores,) = judge([Image.new("RGB", (300, 300), "teal")], product=cut_out())
    assert scores.colour is None and scores.missing["colour"] == judging.NOT_FOUND
    assert scores.lettering == 1


def test_an_embedder_ranks_the_product_and_reads_the_prompt():
    red, blue = cut_out(""), cut_out("", (40, 60, 170))
    first, second = judge(
        [scene(red), scene(blue)], ["red", "blue"], red, Averages(), {"blue box": [blue], "empty": []}
    )
    assert (first.product.rank, second.product.rank) == (1, 2)
    assert first.product.look_alikes == 1 and second.product.nearest == "blue box"
    assert first.product.margin > 0 > second.product.margin
    pixels = np.asarray(scene(red)).reshape(-1, 3).mean(0)
    assert first.scene == pytest.approx(pixels[0] / np.linalg.norm(pixels), abs=1e-4)
    assert "product" not in first.missing and "scene" not in first.missing


class Blind(Averages):
    reads = False


@pytest.mark.parametrize(
    ("embedder", "prompt", "product", "missing"),
    [
        (Averages(), " ", True, {"product": judging.NO_LOOK_ALIKES, "scene": judging.NO_PROMPT}),
        (Averages(), "red", False, {"product": judging.NO_CUT_OUT}),
        (Blind(), "red", True, {"product": judging.NO_LOOK_ALIKES, "scene": judging.NO_TEXT}),
    ],
)
def test_what_an_embedder_can_not_score_is_said(embedder, prompt, product, missing):
    (scores,) = judge([scene(cut_out())], prompt, cut_out() if product else None, embedder)
    said = {name: why for name, why in scores.missing.items() if name in ("product", "scene")}
    assert said == missing


def test_all_cut_outs_that_are_none_are_named():
    with pytest.raises(DataError) as caught:
        judge([], product=[cut_out(), Image.new("RGB", (90, 90)), Image.new("RGBA", (90, 90))])
    assert str(caught.value) == (
        "product 2 has no transparency (RGB); use a cut-out; "
        "product 3 has next to nothing opaque in it; use a cut-out that shows the product"
    )


@pytest.mark.parametrize("prompts", [["one"], ["one", "two", "three"]])
def test_prompts_are_one_for_each_image(prompts):
    with pytest.raises(DataError, match="one per image"):
        judge([scene(cut_out())] * 2, prompts)


def test_images_may_be_opened_as_they_are_asked_for():
    assert judge(iter([])) == []
    assert len(judge(image for image in [scene(cut_out()).convert("RGBA")])) == 1
