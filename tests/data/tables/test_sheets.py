"""Spreadsheets, made by openpyxl and by hand: what a person sees in the cells is what is read."""

import zipfile
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from lorakit.data.findings import Finding
from lorakit.data.tables import reading
from lorakit.data.tables.headings import BRIEFS, TEXTS
from lorakit.errors import DataError


def read(path, schema=TEXTS):
    found = list(reading.read(path, schema))
    rows = {row.place: row.cells for row in found if not isinstance(row, Finding)}
    return rows, [row.what for row in found if isinstance(row, Finding)]


def test_cells_are_read_as_they_are_shown_with_merged_ones_for_all_they_cover(tmp_path):
    book = Workbook()
    sheet = book.active
    sheet.append(["Spring", None, None, None])
    sheet.append(["Produkt", "Fakten", "Beschreibung", "Kampagne"])
    sheet.append(["Mug", 0.9, "Warm.", date(2026, 3, 1)])
    sheet.append([None, 900.0, "Dry.", datetime(2026, 3, 1, 9, 30)])
    sheet.append(["Pot", 0.25, "Two\nlines.", True])
    sheet["B5"].number_format = "0%"
    sheet.merge_cells("A3:A4")
    sheet.merge_cells("A1:D1")
    book.save(tmp_path / "a.xlsx")
    rows, said = read(tmp_path / "a.xlsx")
    assert rows == {
        "row 3": {"product": "Mug", "facts": "0.9", "text": "Warm.", "group": "2026-03-01"},
        "row 4": {"product": "Mug", "facts": "900", "text": "Dry.", "group": "2026-03-01 09:30"},
        "row 5": {"product": "Pot", "facts": "25%", "text": "Two\nlines.", "group": "TRUE"},
    }
    assert len(said) == 1 and "above the headings (row 2)" in said[0]


def test_every_visible_sheet_with_the_columns_is_read_and_the_others_are_named(tmp_path):
    book = Workbook()
    for title, rows in {
        "Posts": [["Text"], ["One."]], "Mails": [["Copy"], ["Two."]],
        "Notes": [["who", "when"], ["Ann", "May"]],
        "Old": [["Text"], ["Three."]],
    }.items():  # fmt: skip
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.remove(book.worksheets[0])
    book["Old"].sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")
    rows, said = read(tmp_path / "a.xlsx")
    assert {place: row["text"] for place, row in rows.items()} == {
        "sheet 'Posts', row 2": "One.", "sheet 'Mails', row 2": "Two.",
    }  # fmt: skip
    assert "'Old' is hidden" in said[0] and "'Notes' has no column 'text'" in said[1]
    with pytest.raises(DataError, match="'product'"):
        read(tmp_path / "a.xlsx", BRIEFS)


def test_formulas_are_never_computed_their_stored_results_count(tmp_path):
    book = Workbook()
    book.active.append(["text", "facts"])
    book.active.append(["Warm.", "=1+1"])
    book.active.append(["Dry.", "=2+2"])
    book.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "a.xlsx") as old, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name.endswith("sheet1.xml"):
                data = data.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>7</v>").replace(
                    b"<f>1+1</f><v/>", b"<f>1+1</f><v>7</v>"
                )
            new.writestr(name, data)
    rows, said = read(tmp_path / "b.xlsx")
    assert rows["row 2"]["facts"] == "7" and rows["row 3"]["facts"] == ""
    assert said == ["1 formula without a stored result is read as empty (first in row 3)"]
