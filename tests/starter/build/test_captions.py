"""Captions say what the picture shows; the tokenizer knows their words and survives any other."""

import numpy as np
import pytest

from lorakit.starter.build import captions
from lorakit.starter.build.render import COLOURS, Product, random_product
from lorakit.starter.build.scenes import SCENES
from lorakit.starter.build.shapes import SHAPES

PRODUCT = Product("teapot", "orange", "dotted", "beach", "left", "close")


@pytest.fixture(scope="module")
def tokenizer():
    random = np.random.default_rng(1)
    return captions.make_tokenizer([captions.caption(random_product(random), random) for _ in range(3000)])


def test_a_full_caption_names_shape_colour_pattern_and_scene():
    random = np.random.default_rng(0)
    for _ in range(20):
        text = captions.full_caption(PRODUCT, random)
        assert text.startswith("a photo of an orange ") and "teapot" in text
        assert any(word in text for word in ("dotted", "polka-dot"))
        assert any(phrase in text for phrase in next(s for s in SCENES if s.id == "beach").phrases)


def test_captions_never_name_what_is_not_there():
    random = np.random.default_rng(2)
    others = [shape.name for shape in SHAPES if shape.name != "teapot"]
    for _ in range(300):
        words = captions.caption(PRODUCT, random).replace(",", "").split()
        assert not set(words) & {*others, *(set(COLOURS) - {"orange"})} - {"golden"}


def test_captions_vary_and_sometimes_leave_attributes_out():
    random = np.random.default_rng(3)
    texts = [captions.caption(PRODUCT, random) for _ in range(400)]
    assert len(set(texts)) > 200
    for word in ("teapot", "orange"):
        share = np.mean([word in text for text in texts])
        assert 0.85 < share < 1.0


def test_captions_fit_the_models_context(tokenizer):
    random = np.random.default_rng(4)
    lengths = [len(tokenizer(captions.caption(random_product(random), random)).input_ids) for _ in range(500)]
    assert np.mean(np.array(lengths) <= captions.MAX_TOKENS) > 0.99


def test_a_colour_is_one_token_and_an_unknown_word_falls_into_pieces_not_into_unknown(tokenizer):
    assert len(tokenizer(" turquoise", add_special_tokens=False).input_ids) == 1
    pieces = tokenizer("Aurora Bottle ✨ Zoë", add_special_tokens=False).input_ids
    assert len(pieces) > 3 and tokenizer.unk_token_id not in pieces
    assert len(tokenizer) <= 1000


def test_a_place_beside_the_centre_is_always_said():
    random = np.random.default_rng(0)
    for side in ("left", "right"):
        product = Product("mug", "blue", "plain", "studio", "above", "medium", side)
        assert all(side in captions.caption(product, random) for _ in range(40))
    centre = Product("mug", "blue", "plain", "studio", "above")
    assert not any("side" in captions.caption(centre, random) for _ in range(40))
