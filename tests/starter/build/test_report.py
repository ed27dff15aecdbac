"""The report: sections replaced one at a time, and contact sheets."""

import numpy as np
from PIL import Image

from lorakit.starter.build import report


def test_a_section_is_replaced_and_the_others_stay(tmp_path):
    path = tmp_path / "REPORT.md"
    report.write_section("text", "first text", path)
    report.write_section("image", "an image part", path)
    report.write_section("text", "second text", path)
    text = path.read_text()
    assert text.startswith(report.HEAD)
    assert "first text" not in text and text.index("an image part") < text.index("second text")


def test_a_section_of_another_name_is_kept_at_the_end(tmp_path):
    path = tmp_path / "REPORT.md"
    report.write_section("speed", "fast", path)
    report.write_section("speed", "faster", path)
    assert path.read_text().count("<!-- speed -->") == 1 and "faster" in path.read_text()


def test_a_sheet_holds_rows_of_different_sizes(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "PICTURES", tmp_path)
    rows = [[np.zeros((20, 30, 3), np.uint8)] * 2, [np.full((40, 10, 3), 200, np.uint8)] * 3]
    with Image.open(report.sheet(rows, "both", gap=2)) as image:
        assert image.size == (62, 62)


def test_a_missed_goal_is_called_missed():
    assert "not met" in report.verdict(74.9, 75, 1)
    assert "not met" not in report.verdict(75, 75)
