"""Tables as shops and spreadsheets save them: what is read, and what is said of the rest."""

import itertools

import pytest

from lorakit.data.findings import Finding
from lorakit.data.tables import delimited, reading
from lorakit.data.tables.headings import BRIEFS, TEXTS, meaning_of
from lorakit.data.tables.lines import Lines
from lorakit.errors import DataError


def read(folder, content, schema=BRIEFS, name="a.csv", encoding=None):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = list(reading.read(path, schema, encoding))
    rows = {row.place: row.cells for row in found if not isinstance(row, Finding)}
    return rows, [str(row) for row in found if isinstance(row, Finding)]


@pytest.mark.battery(108, "one column with commas")
def test_commas_of_a_table_of_one_column_separate_nothing(tmp_path):
    table = "\ufeffText\r\nGrößer: Der Becher fasst 0,3 l, für 12,90 €.\r\nWarm, weich, waschbar.\r\n"
    rows, said = read(tmp_path, table, TEXTS)
    assert [row["text"] for row in rows.values()] == [
        "Größer: Der Becher fasst 0,3 l, für 12,90 €.", "Warm, weich, waschbar.",
    ]  # fmt: skip
    assert said == []
    rows, said = read(tmp_path, "Der Becher, der 0,3 l fasst.\nWarm, weich, waschbar.\n", TEXTS)
    assert [row["text"] for row in rows.values()] == [
        "Der Becher, der 0,3 l fasst.",
        "Warm, weich, waschbar.",
    ]
    assert "without a heading" in said[0]


@pytest.mark.battery(108, "unquoted commas")
@pytest.mark.parametrize(
    ("table", "facts"),
    [
        ("product,facts\nTeapot,holds 900 ml, keeps heat\n", "holds 900 ml, keeps heat"),
        ("product,facts\nTeapot,0,9 l,1,2 kg\n", "0,9 l,1,2 kg"),
        ("product,facts,channel\nTeapot,holds 900 ml, keeps heat,sms\n", "holds 900 ml, keeps heat"),
        ("product,facts,channel\nTeapot,holds 900 ml,keeps heat,sms\n", "holds 900 ml,keeps heat"),
    ],
)  # fmt: skip
def test_more_cells_than_headings_are_put_together_and_named(tmp_path, table, facts):
    rows, said = read(tmp_path, table)
    assert rows["row 2"]["facts"] == facts and rows["row 2"].get("channel", "sms") == "sms"
    assert len(said) == 1 and "row 2 has" in said[0] and facts in said[0]


def test_empty_cells_behind_the_last_heading_are_no_finding(tmp_path):
    assert read(tmp_path, "product,facts,,\nTeapot,holds 900 ml,,\n")[1] == []


@pytest.mark.battery(108, "unclosed quotes")
@pytest.mark.parametrize(
    "table",
    [
        'product,facts\nTeapot,"holds 900 ml\nKettle,boils fast\nMug,holds 300 ml\n',
        'product,facts\nTeapot,"holds 900 ml\nKettle,"boils fast"\nMug,"holds 300 ml"\n',
        'product,facts\r\n"Teapot","holds 900 ml\r\n"Kettle","boils fast"\r\n"Mug","holds 300 ml"\r\n',
        'product;facts\nTeapot;"holds 900 ml\nKettle;boils fast\n"Mug";holds 300 ml\n',
    ],
)
def test_a_quote_that_is_never_closed_costs_no_row(tmp_path, table):
    rows, said = read(tmp_path, table)
    assert rows == {
        "row 2": {"product": "Teapot", "facts": "holds 900 ml"},
        "row 3": {"product": "Kettle", "facts": "boils fast"},
        "row 4": {"product": "Mug", "facts": "holds 300 ml"},
    }
    assert len(said) == 1 and "row 2 opens a quote" in said[0]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('"Ridge ""3L"" jacket"', 'Ridge "3L" jacket'), ('Ridge "3L" jacket', 'Ridge "3L" jacket'),
        ('"Ridge "3L" jacket"', 'Ridge "3L" jacket'), ('"Pan 12"" wide, deep"', 'Pan 12" wide, deep'),
        (r'"Ridge \"3L\", dry"', 'Ridge "3L", dry'), ('Pan 12"', 'Pan 12"'),
        ('"two\nlines, and ""more"""', 'two\nlines, and "more"'),
        (' "after a space, quoted"', "after a space, quoted"),
        ('"Best" jacket', '"Best" jacket'),
    ],
)  # fmt: skip
def test_quotes_within_cells_are_read_as_they_are_meant(tmp_path, cell, value):
    rows, said = read(tmp_path, f'facts,product\n{cell},Ridge\n"x","Moss"\n')
    assert list(rows.values()) == [{"facts": value, "product": "Ridge"}, {"facts": "x", "product": "Moss"}]
    assert said == []


def test_quotes_that_only_some_programs_write_cost_nothing(tmp_path):
    rows, said = read(tmp_path, 'title\tfacts\n"Best" mug\tholds 12" pans\nPot\t"Best" of all, 1 l\n')
    assert [tuple(row.values()) for row in rows.values()] == [
        ('"Best" mug', 'holds 12" pans'), ("Pot", '"Best" of all, 1 l'),
    ]  # fmt: skip
    assert said == []
    rows, said = read(tmp_path, '"product,facts\nPot,1 l\n')
    assert list(rows.values()) == [{"product": "Pot", "facts": "1 l"}] and "row 1 opens a quote" in said[0]


def test_rows_are_numbered_as_a_spreadsheet_numbers_them(tmp_path):
    table = 'sep=;\nproduct;facts\n"Tea\npot";"two\n\nlines"\n\nMug;\n'
    rows, said = read(tmp_path, table)
    assert list(rows) == ["row 2", "row 4"] and rows["row 2"]["facts"] == "two\n\nlines" and said == []


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_separator_is_told_from_the_headings(tmp_path, separator):
    table = (
        separator.join(["Beschreibung", "Produktname"]) + "\n" + separator.join(["Hält warm", "Kanne"]) + "\n"
    )
    assert read(tmp_path, table)[0]["row 2"] == {"facts": "Hält warm", "product": "Kanne"}


def test_a_txt_with_tabs_is_a_table_and_prose_with_commas_is_none(tmp_path):
    for content, table in (
        ("text\tproduct\nWarm.\tMug\n", True), ("Text;Produkt\nWarm;Mug\n", True),
        ("Warm, soft.\nDry, light.\n", False),
        ("Hello, text\nand more, of it\n", False), ("text\n", False),
    ):  # fmt: skip
        (tmp_path / "a.txt").write_text(content)
        assert reading.is_table(tmp_path / "a.txt", TEXTS) is table, content


@pytest.mark.parametrize(
    ("heading", "meaning"),
    [
        ("Beschreibung", "description"), ("Légende", "text"), ("Descrizione", "description"),
        ("説明", "description"),
        ("Описание товара", "description"), ("描述", "description"), ("Beskrivelse", "description"),
        ("Product Description", "description"), ("Body (HTML)", "description"),
        ("Description (FR)", "description"),
        ("description_de", "description"), ("DESCRICAO", "description"), ("商品名", "product"),
        ("Ürün Adı", "product"),
        ("product_name", "product"), ("Marke", "brand"), ("상품명", "product"), ("投稿文", "text"),
        ("Zielgruppe", "audience"),
        ("weather", ""), ("Preis", "other"),
    ],
)  # fmt: skip
def test_headings_are_known_in_the_languages_of_shops(heading, meaning):
    assert meaning_of(heading)[0] == meaning


def test_unknown_columns_are_named_and_titles_above_the_headings_passed_over(tmp_path):
    table = (
        "Spring catalogue,,\n,,\nProdukt,Farbe,Fakten\nMug,blau,0.3 l\nProdukt,Farbe,Fakten\nPot,rot,1 l\n"
    )
    rows, said = read(tmp_path, table)
    assert rows == {
        "row 4": {"product": "Mug", "facts": "0.3 l"}, "row 6": {"product": "Pot", "facts": "1 l"},
    }  # fmt: skip
    assert "above the headings (row 3)" in said[0] and "'Farbe'" in said[1] and "row 5 repeats" in said[2]


def test_two_rows_of_headings_are_one_table(tmp_path):
    labels = "Item Name,Brand,Description\nitem_name,brand,description\nMug,Nordal,Keeps warm.\n"
    assert list(read(tmp_path, labels)[0].values()) == [
        {"product": "Mug", "facts": "Keeps warm.", "name": "Nordal"}
    ]
    groups = "Product,,Text\nName,Brand,Description\nMug,Nordal,Keeps warm.\n"
    assert list(read(tmp_path, groups)[0].values()) == [
        {"product": "Mug", "facts": "Keeps warm.", "name": "Nordal"}
    ]


@pytest.mark.battery(46, "mixed line ends, a mark in the middle, NULs")
def test_line_ends_marks_and_zero_bytes_do_no_harm(tmp_path):
    rows, said = read(tmp_path, b"text\rOne.\r\nTwo.\n\xef\xbb\xbftext\nThr\0ee.\n", TEXTS)
    assert [row["text"] for row in rows.values()] == ["One.", "Two.", "Three."]
    assert "repeats the headings" in said[0] and "NUL" in said[1]


def test_the_encoding_is_said_and_can_be_given(tmp_path):
    data = "text\nЧайник держит тепло два часа.\n".encode("koi8-r")
    rows, said = read(tmp_path, data, TEXTS)
    assert rows["row 2"]["text"] == "Чайник держит тепло два часа." and "Cyrillic (KOI8-R)" in said[0]
    rows, said = read(tmp_path, data, TEXTS, encoding="koi8-r")
    assert rows["row 2"]["text"] == "Чайник держит тепло два часа." and said == []
    with pytest.raises(DataError, match="'klingon' is not known"):
        read(tmp_path, data, TEXTS, encoding="klingon")
    rows, said = read(tmp_path, b"text\n" + "Größe für alle.\n".encode() * 9 + b"Gr\xf6\xdfe\n", TEXTS)
    assert len(rows) == 10 and "1 line contains characters that can't be read (first in line 11)" in said[0]


class Endless:
    """A file of rows without end, as a reader sees it."""

    def __init__(self, *lines):
        self.lines = itertools.chain(lines, itertools.cycle(['1,"a, b"\n', "2,c\n"]))

    def readline(self, most):
        return next(self.lines)


@pytest.mark.battery(47, "1,000,000 rows, 1,000 columns")
def test_a_long_table_is_read_row_by_row_and_an_unclosed_quote_in_it_row_by_row_too(tmp_path, monkeypatch):
    monkeypatch.setattr("lorakit.data.tables.delimited.LONGEST_LINE", 2_000)
    rows = delimited.rows(Lines(Endless("id,text\n", '7,"never closed\n', *["3,plain\n"] * 2_000)), ",")
    found = list(itertools.islice(rows, 20_000))
    assert found[1] == (["7", "never closed"], True) and len(found) == 20_000
    assert found[-1][0] in (["1", "a, b"], ["2", "c"])
    with pytest.raises(DataError, match="2,000 columns"):
        read(tmp_path, ",".join(["text"] * 2000) + "\n", TEXTS)


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("a.json", '[{"product": "Mug", "facts": ["0.3 l", "blue"]}]',
         {"item 1": {"product": "Mug", "facts": "0.3 l; blue"}}),
        ("a.json", '{"data": [{"Titel": "Mug", "price": 3}]}', {"item 1": {"product": "Mug"}}),
        ("a.json", '{"product": ["Mug", "Pot"], "facts": ["x", "y"]}',
         {"item 1": {"product": "Mug", "facts": "x"}, "item 2": {"product": "Pot", "facts": "y"}}),
        ("a.jsonl", '{"product": "A\\u2028B"}\n\n{"商品名": 5}\n',
         {"line 1": {"product": "A\u2028B"}, "line 3": {"product": "5"}}),
    ],
)  # fmt: skip
def test_objects_of_json_are_rows_too(tmp_path, name, content, rows):
    assert read(tmp_path, content, name=name)[0] == rows


def test_html_in_cells_is_read_as_a_person_reads_it(tmp_path):
    page = "<p>Holds <b>0,9&nbsp;l</b>.</p><ul><li>2&frac12; hours</li><li>Stoneware</li></ul>"
    rows, said = read(tmp_path, f'Title,Body (HTML)\nPot,"{page}"\n')
    assert rows["row 2"] == {"product": "Pot", "facts": "Holds 0,9 l.\n\n- 2½ hours\n- Stoneware"}
    assert said == ["a.csv: HTML in 1 row was read as plain text; nothing to do"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "password"), ("a.csv", b"%PDF-1.7", "PDF"),
        ("a.xls", b"x", "old Excel"), ("a.xlsx", b"x", "Excel"), ("a.csv", b"PK\x03\x04x", "Excel"),
        ("a.json", b"{,", "JSON"), ("a.csv", b"", "is empty"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(tmp_path, name, content, words):
    with pytest.raises(DataError, match=words):
        read(tmp_path, content, name=name)


def test_a_sign_that_nobody_sees_is_no_part_of_a_heading(tmp_path):
    rows, _ = read(tmp_path, "\u00a0Product\u00a0,\u200bfacts,\u2060channel\nTea,900 ml,email\n")
    assert list(rows.values()) == [{"product": "Tea", "facts": "900 ml", "channel": "email"}]


def test_line_breaks_that_woocommerce_writes_out_are_line_breaks(tmp_path):
    table = "Name,Description\nPot,Keeps heat.\\n\\nStoneware.\nMug,Save it at C:\\new\\tea\n"
    rows, said = read(tmp_path, table)
    assert rows["row 2"]["facts"] == "Keeps heat.\n\nStoneware."
    assert rows["row 3"]["facts"] == "Save it at C:\\new\\tea"
    assert [line for line in said if "line break" in line] == [
        "a.csv: \\n in 1 row was read as a line break; nothing to do"
    ]


def test_a_systems_own_names_below_the_labels_are_no_product(tmp_path):
    table = (
        "TemplateType=fptcustom\tVersion=2023\tFor Amazon only\nSKU\tProduct Name\tProduct Description\tUPC\n"
        "item_sku\titem_name\tproduct_description\texternal_product_id\nNT1\tPot\tHolds 0.9 l.\t123\n"
    )
    rows, said = read(tmp_path, table, name="a.txt")
    assert [row["product"] for row in rows.values()] == ["Pot"]
    assert any("row 3 also contains headings and was skipped" in line for line in said)


def test_a_file_without_a_row_is_said_to_be_empty(tmp_path):
    with pytest.raises(DataError, match=r"^a\.csv is empty"):
        read(tmp_path, "\n\n")


def test_the_columns_that_are_named_are_the_headings_not_the_title_above(tmp_path):
    with pytest.raises(DataError, match="found: 'product', 'facts'"):
        read(tmp_path, "Export of 1 March,\nproduct,facts\nTea,900 ml\n", TEXTS)
