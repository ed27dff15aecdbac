"""Tables in Markdown: rows of texts are texts, figures are not learned, and a lone bar makes no table."""

import pytest

from lorakit.data.texts.markdown_tables import without_tables
from lorakit.data.texts.sets import TextSet
from lorakit.errors import DataError

FIGURES = "| Size | Volume |\n|------|-------:|\n| S | 500 ml |\n| L | 750 ml |\n"
POSTS = "Channel | Post\n:-- | ---\nemail | Tea first.<br>Rain **later**.\nbanner | This \\| that.\n"


def read(tmp_path, text, name="brand.md"):
    (tmp_path / name).write_text(text)
    return TextSet.from_file(tmp_path / name)


@pytest.mark.parametrize("name", ["brand.md", "brand.txt"])
def test_a_table_of_figures_is_left_out_and_reported(tmp_path, name):
    texts = read(tmp_path, f"Tea comes first.\n\n{FIGURES}\nThen the rain stops.\n", name)
    assert [sample.answer for sample in texts.samples] == ["Tea comes first.", "Then the rain stops."]
    assert [finding.what for finding in texts.skipped if "table" in finding.what] == [
        "table 1 was left out: none of its columns is headed as texts"
    ]


def test_each_row_under_a_heading_of_texts_is_one_text(tmp_path):
    texts = read(tmp_path, f"Tea comes first.\n\n{POSTS}\nThen the rain stops.\n")
    first, second = texts.samples[2:]
    assert (first.answer, second.answer) == ("Tea first.\nRain later.", "This | that.")
    assert "email" in first.instruction and second.place == "table 1, row 2"


def test_a_file_that_is_only_a_table_of_figures_says_why_nothing_is_usable(tmp_path):
    with pytest.raises(DataError, match=r"no usable text: table 1 was left out.*head it “text”"):
        read(tmp_path, FIGURES)


@pytest.mark.parametrize(
    "text", ["Tea | rain\nComes first.", "Tea\n---\nFirst | second.", "a | b | c\n--- | ---\n1 | 2 | 3", "|"]
)
def test_a_bar_alone_makes_no_table(text):
    assert without_tables(text) == (text, [])


def test_short_rows_are_filled_and_long_ones_cut():
    _, (table,) = without_tables("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |")
    assert table.rows == [["1", ""], ["1", "2"]]


def test_a_long_line_of_dashes_is_read_at_once():
    assert without_tables("a | b\n" + "-" * 50_000 + "|x")[1] == []
