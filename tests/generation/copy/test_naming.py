"""Slips of the product's name are mended, other names never."""

import pytest

from lorakit.generation.copy.naming import respelled, strangers


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("Meet Norvla tea. Norvla tea is here.", "Norvela tea", "Meet Norvela tea. Norvela tea is here."),
        ("Subject: New: Nor Vela tea\n\nHello,", "Norvela tea", "Subject: New: Norvela tea\n\nHello,"),
        ("The Fernwod canvas tote", "Fernwood canvas tote", "The Fernwood canvas tote"),
        ("Meet the Café-Royal cup", "Cafe Royal cup", "Meet the Cafe Royal cup"),
        ("New: Mercdes-Benz", "Mercedes-Benz", "New: Mercedes-Benz"),
        ("Kessel & Co mug", "Kessel & Co. mug", "Kessel & Co. mug"),
    ],
)
def test_a_slip_is_mended(text, name, expected):
    assert respelled(text, name) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Twice as fast as the Galaxy S23.", "Galaxy S24"),
        ("Better than the iPhone 15", "iPhone 16"),
        ("Longer than the Pixel 8 Pro", "Pixel 9 Pro"),
        ("From New York with love", "New Work"),
        ("The Model Y drives", "Model X"),
        ("The Marina tea", "Martina tea"),
        ("A Nordic teapot", "Nordal teapot"),
        ("Nordic Teapot", "Nordal teapot"),
        ("Nordals Teekanne", "Nordal Teekanne"),
        ("The Aurora lamp", "Auror lamp"),
        ("Canon or Nikon", "Cannon"),
        ("Dessert boots", "Desert boots"),
        ("Adidos shoes", "Adidas shoes"),
        ("Drink a normal tea. Or do not.", "Norvela tea"),
        ("Say Norvela tea, not Norvla tea.", "Norvela tea"),
        ("Kessel & Co. Holds 350 ml.", "Kessel & Co. mug"),
        ("Nothing like it.", "Norvela tea"),
    ],
)
def test_what_may_be_another_name_or_word_stays(text, name):
    assert respelled(text, name) == text


def test_a_word_that_the_base_or_the_brief_knows_stays():
    assert respelled("Norvla tea", "Norvela tea", known=lambda word: word == "Norvla") == "Norvla tea"


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("Twice as fast as the Galaxy S23.", "Galaxy S24", ["Galaxy S23"]),
        ("The Galaxy S24 beats the Galaxy S23.", "Galaxy S24", ["Galaxy S23"]),
        ("From New York with love", "New Work", ["New York"]),
        ("The Galaxy S24 and your old Galaxy S22", "Galaxy S24", []),
        ("The Galaxy S24 is here", "Galaxy S24", []),
        ("Nordals Teekanne", "Nordal Teekanne", []),
        ("Kessel & Co. Holds 350 ml.", "Kessel & Co. mug", []),
    ],
)
def test_another_product_s_name_is_marked_unless_the_brief_has_it(text, name, expected):
    assert strangers(text, name, f"{name} better than the Galaxy S22") == expected
