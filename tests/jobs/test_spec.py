"""A request's fields are checked all at once, in words that name each."""

from typing import Annotated, Literal

import pytest
from pydantic import AfterValidator, Field

from lorakit.errors import LoraKitError, RecipeError
from lorakit.jobs.spec import AsItIs, Blank, OnThisMachine, Spec, must_be


def _even(value):
    if value % 2:
        raise ValueError("must be even")
    return value


def _refused(value):
    raise RecipeError("brief: its own sentence")


class Cake(Spec):
    """A kind of the test's own."""

    name: Annotated[str, Field(max_length=5)]
    layers: Annotated[int, Field(ge=1, le=4), Blank(1)]
    eggs: Annotated[int, AfterValidator(_even)] = 2
    icing: Literal["sugar", "cream"] | None = None
    photo: Annotated[str, AsItIs(), OnThisMachine()] = ""
    table: Annotated[dict, Blank({"size": 1})] = Field(default_factory=dict)


def told(given, spec=Cake):
    with pytest.raises(LoraKitError) as caught:
        spec.checked("cake", given)
    return str(caught.value).splitlines()


def test_only_what_was_given_is_stored():
    assert Cake.checked("cake", {"name": "plain", "layers": 2}) == {"name": "plain", "layers": 2}


def test_all_problems_are_said_at_once_a_line_each():
    lines = told({"layers": 9, "eggs": 3, "icing": "salt", "secret": "x"})
    assert lines == [
        "cake job: 'name' is missing; it takes eggs, icing, layers, name, photo, table",
        "cake job: 'secret' is not known; it takes eggs, icing, layers, name, photo, table",
        "cake job: layers is 9; it must be a whole number from 1 to 4",
        "cake job: eggs must be even",
        "cake job: icing is 'salt'; it must be one of 'sugar', 'cream', or left out",
    ]


def test_a_long_text_is_not_repeated_and_no_type_is_guessed():
    assert told({"name": "x" * 99, "layers": "2"}) == [
        "cake job: name must be text of at most 5 characters",
        "cake job: layers is '2'; it must be a whole number from 1 to 4",
    ]
    assert told("plain") == ["cake job: the spec must be a table of fields, not str"]


def test_an_errors_own_sentence_stays_as_it_is():
    class Brief(Spec):
        brief: Annotated[str, AfterValidator(_refused)]

    assert told({"brief": "x"}, Brief) == ["brief: its own sentence"]


def test_halves_of_characters_are_mended_but_in_names_of_files():
    stored = Cake.checked("cake", {"name": "a\ud83d", "layers": 1, "photo": "a\udcff.jpg"})
    assert stored["name"] == "a\ufffd" and stored["photo"] == "a\udcff.jpg"


def test_fields_are_known_by_their_marks():
    assert Cake.needed() == {"name", "layers"} and Cake.places() == ["photo"]


def test_a_stored_request_of_another_version_is_completed_to_be_shown():
    spec, lacking = Cake.completed({"name": "plain", "colour": "red"})
    assert spec == {"name": "plain", "layers": 1, "colour": "red"} and lacking == ("layers",)


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (bool, "true or false"),
        (float | None, "a number, or left out"),
        (list[str], "a list of texts"),
        (list[int], "a list of whole numbers"),
        (dict[str, int], "a table"),
        (Literal["nf4"] | None, "'nf4', or left out"),
    ],
)
def test_what_a_field_takes_is_said_in_words(annotation, words):
    assert must_be(annotation) == words


def test_one_limit_is_said_alone():
    (mark,) = (Field(ge=3),)
    assert must_be(int, mark.metadata) == "a whole number of at least 3"
