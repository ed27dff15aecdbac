"""A table of briefs through the page and the worker: checked before it waits, resumed, and taken away."""

import csv
import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from lorakit import cataloguing, jobs
from lorakit.bases import Bases
from lorakit.errors import LoraKitError
from lorakit.running import run_job
from lorakit.store import Store
from lorakit.ui import catalogue
from lorakit.ui.desk import NO_VOICE

SHIPPED = Path(__file__).parent.parent / "adapters"
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
    return catalogue.check_file(str(file))


def start(path, voice=NO_VOICE, kept=None, variants=1):
    return jobs.get(catalogue.start(path, voice, [], kept or {}, "starter-text", [], variants))


def test_a_table_of_briefs_becomes_a_table_of_copy(store, tmp_path):
    path, said = upload(tmp_path)
    assert "2 briefs are ready" in said and "1 voice named in the table; 1 in the voice chosen above" in said
    job = start(path, "dry", {"dry": {"weight": 0.5}}, variants=2)
    assert job.spec["mix"] == {"dry": 0.5} and not job.is_short
    assert start(path, "dry", {"dry": {"weight": 0.5}}, variants=2).id == job.id, "one job for two clicks"
    assert "Waiting" in catalogue.poll(job.id, "")[2]
    bases = Bases()
    base = bases.get("starter-text")
    base.settings = dataclasses.replace(base.settings, max_tokens=24)
    assert job.acquire()
    run_job(job, bases)
    mark, status, stop, shown, table = catalogue.poll(job.id, "")[1:]
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
    assert catalogue.poll(job.id, mark) == [catalogue.gr.skip()] * 6


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TABLE.replace("Dry voice", "gone"), "row 1.*gone"),
        (TABLE.replace("Dry voice", "Riso"), "row 1: Riso"),
        (TABLE.replace("Dry voice", "dry=x"), "'x' is not a number"), ("product\n", "no row"),
        (TABLE.replace("Dry voice", "dry=1@40-100"), "only pictures"),
        ("a;b\n1;2\n", "column 'a' is not known"),
        (TABLE.replace("Dry voice", "/etc/passwd"), "not the name of an adapter"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_written_is_refused_with_its_row(store, tmp_path, text, words):
    path, said = upload(tmp_path, text)
    assert path == "" and "cannot be used" in said
    with pytest.raises(LoraKitError, match=words):
        cataloguing.check(tmp_path / "briefs.csv")
    with pytest.raises(catalogue.gr.Error, match="Add a table"):
        start(path)


def test_a_voice_that_goes_while_the_table_waits_is_named_and_a_cancelled_one_is_no_fault(store, tmp_path):
    path, _ = upload(tmp_path)
    job, other = start(path), start(path, variants=2)
    other.cancel()
    assert other.acquire()
    run_job(other, Bases())
    assert other.state == "cancelled"
    Store().trash("dry")
    assert job.acquire()
    run_job(job, Bases())
    assert job.state == "failed" and "row 1" in job.progress().message
