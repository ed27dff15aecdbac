"""A table of briefs through the page and the worker: checked before it waits, resumed, and taken away."""

import csv
import dataclasses
import json
import re
import shutil
from pathlib import Path

import gradio as gr
import pytest

from lorakit.errors import LoraKitError
from lorakit.jobs import queue
from lorakit.jobs.kinds import catalogue as cataloguing
from lorakit.jobs.loaded_bases import Bases
from lorakit.jobs.run import run_job
from lorakit.store.store import Store
from lorakit.ui.parts import catalogue, desk
from lorakit.ui.parts.desk import NO_VOICE

SHIPPED = Path(__file__).parents[3] / "adapters"
TABLE = "product;channel;voice\nNordal teapot;google-headline;Dry voice\nLumen lamp;google-headline;\n"


@pytest.fixture
def store():
    for folder, slug, name in (("ready-made-voice", "dry", "Dry voice"), ("riso-print", "riso", "Riso")):
        shutil.copytree(SHIPPED / folder, Store().folder / slug)
        card = Store().folder / slug / "card.json"
        card.write_text(json.dumps(json.loads(card.read_text()) | {"name": name}))
    return Store()


def upload(tmp_path, text=TABLE):
    file = tmp_path / "briefs.csv"
    file.write_bytes(text.encode("cp1252"))
    checked = catalogue.check_file(str(file))
    return checked.path, checked.about


def start(path, voice=NO_VOICE, kept=None, variants=1):
    return queue.get(catalogue.start(path, voice, [], kept or {}, "starter-text", [], variants))


def test_a_table_of_briefs_becomes_a_table_of_copy(store, tmp_path):
    path, said = upload(tmp_path)
    assert (
        "2 briefs are ready" in said and "The table names 1 voice; 1 row uses the voice chosen above" in said
    )
    job = start(path, "dry", {"dry": {"weight": 0.5}}, variants=2)
    assert job.spec["mix"] == {"dry": 0.5} and not job.is_short
    assert start(path, "dry", {"dry": {"weight": 0.5}}, variants=2).id == job.id, "one job for two clicks"
    with gr.Blocks():
        view = catalogue.build(desk.form(gr.BrowserState({})))
    assert "Waiting" in view.poll(job.id, "")[view.status]
    bases = Bases()
    base = bases.get("starter-text")
    base.settings = dataclasses.replace(base.settings, max_tokens=24)
    assert job.acquire()
    run_job(job, bases)
    told = view.poll(job.id, "")
    mark, status, stop, shown, table = (told[part] for part in view.parts[1:])
    assert (
        "Finished" in status
        and "2 of 2" in status
        and not stop["visible"]
        and "Nordal teapot" in shown["value"]
    )
    with open(table["value"], encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["product"], row["variant"]) for row in rows] == [
        (name, number) for name in ("Nordal teapot", "Lumen lamp") for number in "12"
    ]
    assert all(row["text"] for row in rows) and job.folder not in Path(table["value"]).parents
    assert view.poll(job.id, mark) == gr.skip()


def only(voice):
    return f"product;channel;voice\nNordal teapot;google-headline;{voice}\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (only("gone"), "row 2.*gone"), (only("Riso"), "row 2.*Riso"),
        (only("dry=x"), "'x' is not a number"), ("product\n", "no rows"),
        (only("dry=1@40-100"), "only images"), ("a;b\n1;2\n", "'a', 'b'.*name the column 'product'"),
        (only("/etc/passwd"), "not the name of one of your adapters"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_written_is_refused_with_its_row(store, tmp_path, text, words):
    path, said = upload(tmp_path, text)
    assert path == "" and "Can’t use this table" in said
    with pytest.raises(LoraKitError, match=words):
        cataloguing.check(tmp_path / "briefs.csv")
    with pytest.raises(catalogue.gr.Error, match="Add a table"):
        start(path)


def test_rows_that_cannot_be_written_are_named_and_the_rest_is(store, tmp_path):
    table = TABLE + f"Pan;google-headline;gone\n;sms;\nMug;telex;\n{'x' * 300};sms;\n"
    path, said = upload(tmp_path, table)
    assert "2 briefs are ready; 4 left out" in said
    for row, why in ((4, "gone"), (5, "product is empty"), (6, "telex"), (7, "300 characters")):
        assert re.search(f"row {row} was left out.*{why}", said)
    assert [line.brief.product for line in cataloguing.check(path).briefs.lines] == [
        "Nordal teapot",
        "Lumen lamp",
    ]


def test_a_table_in_another_encoding_is_read_as_the_person_says(store, tmp_path):
    (tmp_path / "b.csv").write_bytes("product\nЧАЙ\n".encode("mac_cyrillic"))
    checked = catalogue.check_file(str(tmp_path / "b.csv"), "mac_cyrillic")
    assert "1 brief is ready" in checked.about
    assert [line.brief.product for line in cataloguing.check(checked.path).briefs.lines] == ["ЧАЙ"]


def test_a_voice_that_goes_while_the_table_waits_is_named_and_a_cancelled_one_is_no_fault(store, tmp_path):
    path, _ = upload(tmp_path, only("Dry voice"))
    job, other = start(path), start(path, variants=2)
    other.cancel()
    assert other.acquire()
    run_job(other, Bases())
    assert other.state == "cancelled"
    Store().trash("dry")
    assert job.acquire()
    run_job(job, Bases())
    assert job.state == "failed" and "row 2" in job.progress().message
