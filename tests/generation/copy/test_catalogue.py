"""Catalogue runs: briefs from a table, each in its voice, one table out, and nothing written twice."""

import csv
from pathlib import Path
from types import SimpleNamespace

import pytest

from lorakit import load_adapter, load_base
from lorakit.errors import DataError, LoraKitError
from lorakit.generation.copy import catalogue
from lorakit.generation.copy.writing import Brief, Copy, write_batch, write_copy
from lorakit.lora.strength import Strength

SHIPPED = Path(__file__).parents[3] / "adapters" / "ready-made-voice"

TABLE = """Product,Facts,channel,voice
Teapot,holds 900 ml,instagram-caption,calm
Cup,,google-headline,
=Kettle,boils fast,sms,calm=0.5  dry
Pan,,,calm
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "briefs.csv"
    path.write_text(TABLE)
    return path


@pytest.fixture
def writing(monkeypatch, adapter):
    """Records what is written with which voice; voices are opened once each."""
    adapters = {name: adapter(name=name, value=n) for n, name in enumerate(("calm", "dry"), 1)}
    base = SimpleNamespace(source="starter-text", settings=SimpleNamespace(max_tokens=300))
    seen = SimpleNamespace(opened=[], written=[], batches=[], most=9, base=base)

    def voices(words):
        seen.opened.append(words)
        pairs = (word.partition("=") for word in words)
        return {adapters[name]: float(weight or 1) for name, _, weight in pairs}

    def write(base, briefs, variants, seed, should_stop=None):
        if len(briefs) > seen.most:
            raise RuntimeError("CUDA out of memory")
        seen.batches.append([brief.product for _, brief in briefs])
        seen.written += [(brief.product, {a.name: w for a, w in mix.items()}) for mix, brief in briefs]
        return [[Copy(f"{b.product} {n}", 8, 30, True) for n in range(variants)] for _, b in briefs]

    monkeypatch.setattr(catalogue, "write_batch", write)
    monkeypatch.setattr(catalogue, "TEXTS_AT_ONCE", 2)
    seen.voices = voices
    return seen


def run(writing, lines, out, **more):
    return catalogue.run(writing.base, lines, writing.voices, out, **more)


def rows_of(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))


def test_every_brief_is_written_in_its_voice_beside_others_of_its_length(table, writing, tmp_path):
    out, asked = tmp_path / "copy.csv", []
    lines = catalogue.read_briefs(table).lines
    assert run(writing, lines, tmp_path / "one.csv", between=lambda: asked.append(1)) == 4
    assert writing.batches == [["Cup", "=Kettle"], ["Teapot", "Pan"]] and asked == [1, 1]
    writing.written.clear()
    writing.opened.clear()
    assert run(writing, lines, out, variants=2) == 4
    assert [name for name, _ in writing.written] == ["Cup", "=Kettle", "Teapot", "Pan"]
    assert dict(writing.written)["=Kettle"] == {"calm": 0.5, "dry": 1.0}
    assert writing.opened == [["calm"], [], ["calm=0.5", "dry"]]
    rows = rows_of(out)
    assert [row["product"] for row in rows[::2]] == ["Teapot", "Cup", "'=Kettle", "Pan"], "the table's order"
    assert {row["variant"] for row in rows} == {"1", "2"} and rows[0]["facts"] == "holds 900 ml"


def test_a_second_run_writes_only_what_is_new_or_changed(table, writing, tmp_path):
    out = tmp_path / "copy.csv"
    run(writing, catalogue.read_briefs(table).lines, out)
    writing.written.clear()
    table.write_text(TABLE.replace("boils fast", "boils slowly") + "Bowl,,,\n")
    assert run(writing, catalogue.read_briefs(table).lines, out) == 5
    assert sorted(name for name, _ in writing.written) == ["=Kettle", "Bowl"]
    assert len(rows_of(out)) == 5


def test_a_stopped_run_keeps_what_is_written_and_goes_on(table, writing, tmp_path):
    out, lines = tmp_path / "copy.csv", catalogue.read_briefs(table).lines
    assert run(writing, lines, out, should_stop=lambda: len(writing.written) > 2) == 2
    assert len(rows_of(out)) == 2, "what was being written when it stopped is not whole"
    assert run(writing, lines, out) == 4
    assert len(writing.written) == 6, "the batch that was stopped, again"
    with pytest.raises(LoraKitError, match="nothing has been written"):
        run(writing, lines, tmp_path / "other.csv", should_stop=lambda: True)


def test_a_batch_that_the_memory_is_too_small_for_is_halved(table, writing, tmp_path):
    writing.most = 1
    assert run(writing, catalogue.read_briefs(table).lines, tmp_path / "copy.csv") == 4
    assert writing.batches == [["Cup"], ["=Kettle"], ["Teapot"], ["Pan"]]
    writing.most = 0
    with pytest.raises(RuntimeError, match="out of memory"):
        run(writing, catalogue.read_briefs(table).lines, tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("b.csv", "facts\nx\n", "product"), ("b.csv", "product\n", "no row"), ("b.csv", "", "is empty"),
        ("b.csv", "product,channel\nCup,fax\nPan,telex\n", "row 2.*fax.*row 3.*telex"),
        ("b.csv", "product\n,\n \n", "no row"), ("b.xlsx", "x", "CSV"), ("b.jsonl", "{", "JSON"),
        ("b.jsonl", '["Cup"]\n', "line 1"), ("b.pdf", "x", "csv"), ("b.csv", "%PDF-1.7", "PDF"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_meant_is_named_with_its_row(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=words):
        catalogue.read_briefs(tmp_path / name)


def test_each_brief_reads_as_it_does_alone_whatever_voices_are_beside_it():
    base, voice = load_base("starter-text"), load_adapter(SHIPPED)
    briefs = [
        (mix, Brief(product, channel=channel))
        for mix, product, channel in (
            ({voice: 0.9}, "Aurora bottle", "google-headline"), ({}, "Nordal teapot", "google-headline"),
            ({voice: Strength(0.9, {"0-1": 0.3})}, "Aurora bottle", "meta-headline"),
        )
    ]  # fmt: skip
    together = write_batch(base, briefs, variants=2, seed=3)
    assert together == [write_copy(base, mix, brief, 2, seed=3) for mix, brief in briefs]
    assert len({copy.text for copies in together for copy in copies}) > 3


def test_rows_that_cannot_be_written_are_listed_as_the_spreadsheet_counts_them(tmp_path):
    long = "x" * 2_000_000  # far more than a cell of Python's csv module may have
    table = 'Produktname;Beschreibung;Gewicht\n"Tee\nkanne";hält warm;1 kg\n;ohne Namen;2 kg\n'
    (tmp_path / "b.csv").write_text(f"{table}Mug;{long};3 kg\nPan;;\n")
    briefs = catalogue.read_briefs(tmp_path / "b.csv")
    assert [(line.place, line.brief.product) for line in briefs.lines] == [
        ("row 2", "Tee kanne"),
        ("row 5", "Pan"),
    ]
    said = [finding.what for finding in briefs.findings]
    assert briefs.left_out == 2 and said[0] == "columns not used: 'Gewicht'"
    assert said[1] == "row 3 was left out: product is empty"
    assert said[2].startswith("row 4 was left out: facts has 2,000,000 characters")


def test_a_result_table_is_a_table_of_briefs_again(table, writing, tmp_path):
    lines = catalogue.read_briefs(table).lines
    run(writing, lines, tmp_path / "copy.csv", variants=2)
    again = catalogue.read_briefs(tmp_path / "copy.csv")
    assert [(line.brief, line.voice) for line in again.lines] == [(line.brief, line.voice) for line in lines]
    assert again.lines[2].brief.product == "=Kettle" and again.findings == []


def test_a_list_in_html_becomes_facts(tmp_path):
    page = "<ul><li>Light</li><li>Dry &amp; warm</li></ul>"
    (tmp_path / "b.csv").write_text(f'Title,Body (HTML),Vendor\nJacket,"{page}",Ridge\n')
    brief = catalogue.read_briefs(tmp_path / "b.csv").lines[0].brief
    assert (brief.product, brief.facts, brief.name) == ("Jacket", "Light; Dry & warm", "Ridge")


def test_a_channel_is_known_by_its_name_in_any_spelling(tmp_path):
    table = tmp_path / "a.csv"
    names = ("Google Headline", "INSTAGRAM_CAPTION", "Instagram: caption", "TikTok", "sms", "Amazon bullet")
    table.write_text("product,channel\n" + "".join(f"Pot {i},{name}\n" for i, name in enumerate(names)))
    assert [line.brief.channel for line in catalogue.read_briefs(table).lines] == [
        "google-headline", "instagram-caption", "instagram-caption", "tiktok-caption", "sms", "amazon-bullet",
    ]  # fmt: skip


def test_a_table_of_channels_that_do_not_exist_lists_those_that_do(tmp_path):
    table = tmp_path / "a.csv"
    table.write_text("product,channel\n" + "".join(f"Pot {i},Fax\n" for i in range(9)))
    with pytest.raises(DataError, match=r"'Fax' does not exist.*choose one of .*alt-text.*\(and 4 more\)"):
        catalogue.read_briefs(table)
