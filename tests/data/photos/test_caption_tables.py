"""Tables of captions as other trainers write them."""

import json

import pytest

from lorakit.data.photos.caption_tables import caption_in, is_named, parsed, rows
from lorakit.errors import DataError

PAIR = [("a.jpg", "a red bottle")]


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        (".csv", "file_name,text\na.jpg,a red bottle\n"),
        (".csv", "a.jpg,a red bottle\n"),  # no heading
        (".tsv", "Image Path\tCaption\na.jpg\ta red bottle\n"),
        (".jsonl", '{"file_name": "a.jpg", "text": "a red bottle"}\n\n'),
        (".json", json.dumps({"a.jpg": {"caption": "a red bottle"}})),
        (".json", json.dumps([{"image": "a.jpg", "caption": ["", "a red bottle"]}])),
        (
            ".json",
            json.dumps(
                {
                    "images": [{"id": 7, "file_name": "a.jpg"}],
                    "annotations": [
                        {"image_id": 7, "caption": "a red bottle"},
                        {"image_id": 7, "caption": "the second of several"},
                    ],
                }
            ),
        ),
        (
            ".json",
            json.dumps(
                [
                    {
                        "image": "a.jpg",
                        "conversations": [
                            {"from": "human", "value": "What is it?"},
                            {"from": "gpt", "value": "a red bottle"},
                        ],
                    }
                ]
            ),
        ),
    ],
)
def test_each_kind_of_table_is_read(ending, text):
    assert list(rows(text, ending)) == PAIR


def test_the_last_column_keeps_its_commas():
    assert list(rows("file_name,text\na.jpg,red, round, cold\n", ".csv")) == [("a.jpg", "red, round, cold")]


def test_what_is_no_row_is_said_and_the_others_are_read():
    text = '{"file_name": "a.jpg", "text": "a red bottle"}\nnonsense\n'
    assert list(rows(text, ".jsonl")) == [*PAIR, "line 2 is not a JSON object with file_name and text"]


@pytest.mark.parametrize(
    ("ending", "text", "said"),
    [
        (".csv", "file_name,size\na.jpg,3\n", "no text column (found: file_name, size)"),
        (".json", "{}", "lists no photos with captions"),
        (".json", '{\n"a": ', "not valid JSON (line 2)"),
    ],
)
def test_what_is_no_table_of_captions_says_why(ending, text, said):
    with pytest.raises(DataError) as caught:
        list(rows(text, ending))
    assert str(caught.value) == said


def test_a_setting_is_no_photo():
    assert list(rows(json.dumps({"base": "a model", "a.jpg": "a red bottle"}), ".json")) == PAIR


def test_tags_count_where_there_is_no_caption():
    assert caption_in({"tags": ["red", "bottle"]}) == "red, bottle"
    assert caption_in({"tags": ["red"], "text": "a red bottle"}) == "a red bottle"
    assert caption_in({"text": " "}) == ""
    assert caption_in({"width": 64}) is None
    assert caption_in(parsed('"a red bottle"')) == "a red bottle"


def test_only_some_names_say_what_a_table_is():
    assert is_named("Metadata.csv") and is_named("photos/captions.jsonl")
    assert not is_named("prices.csv")
