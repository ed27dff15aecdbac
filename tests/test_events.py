"""Events as rows of JSON and back, on what version 0.1.0 wrote and on lines that are broken."""

import json
import zipfile
from pathlib import Path

import pytest

from lorakit import event, events

WRITTEN = Path(__file__).parent / "fixtures" / "before.zip"
KINDS = {
    "caption", "cancelled", "checkpoint", "compared", "done", "failed", "health", "held_out", "image",
    "interrupted", "memory", "note", "phase", "preview", "result", "saved", "slug", "started", "step", "text",
}  # fmt: skip


def old_lines():
    with zipfile.ZipFile(WRITTEN) as archive:
        for name in archive.namelist():
            if name.endswith("events.jsonl"):
                yield from map(json.loads, archive.read(name).decode().splitlines())


def test_what_an_earlier_version_wrote_reads_by_type_and_is_written_the_same():
    seen = set()
    for line in old_lines():
        told = {name: value for name, value in line.items() if name != "time" and value is not None}
        read = event.read(line)
        assert read is not None, line
        assert {name: value for name, value in read.row().items() if value is not None} == told
        seen.add(read.kind)
    assert seen >= KINDS - {"held_out"}


@pytest.mark.parametrize(
    "row, kind",
    [
        ({"event": "preview", "path": "a.png"}, events.ImagePreview),
        ({"event": "preview", "text": "Tea"}, events.TextPreview),
        ({"event": "memory", "words": 3}, events.LongestCopy),
        ({"event": "memory", "distance": 0.5}, events.NearestPhoto),
        ({"event": "result", "slug": "a", "rank": 4}, events.Combined),
        ({"event": "result", "photos": 2, "described": 1}, events.Captioned),
        ({"event": "result", "briefs": 2, "written": 1, "left_out": 0}, events.Catalogued),
        ({"event": "result", "slug": "a", "summary": {}}, events.Trained),
    ],
)
def test_shapes_of_one_kind_are_told_apart(row, kind):
    assert type(event.read(row)) is kind


BROKEN = [None, [], {}, "x", True, -1, 10**400, float("nan"), float("inf"), [[]], {"a": None}]


@pytest.mark.parametrize("shape", event.Event.__subclasses__(), ids=lambda shape: shape.__name__)
def test_broken_fields_have_their_defaults_and_never_raise(shape):
    names = [*vars(shape()), shape.by]
    for value in BROKEN:
        row = {"event": shape.kind} | {name: value for name in names if name}
        read = event.read(row)
        assert isinstance(read, shape)
        for name, default in vars(shape()).items():
            got = getattr(read, name)
            assert got == default or type(got) in (type(default), type(value), int, float)
    assert event.read({"event": shape.kind, shape.by: 0, "time": 3, "other": 1}) is not None


@pytest.mark.parametrize("row", [{}, {"event": "film"}, {"event": []}, {"event": None}, {"event": 3}])
def test_what_is_no_known_event_is_none(row):
    assert event.read(row) is None


def test_a_number_of_the_wrong_kind_is_left_out():
    assert event.read({"event": "image", "done": None, "total": "x"}) == events.Image()
    assert event.read({"event": "step", "step": 2.0, "total": float("inf"), "loss": "low"}) == events.Step(2)


def test_fields_that_are_none_are_not_written():
    assert events.Phase("Writing", 1, 2).row() == {"event": "phase", "name": "Writing", "done": 1, "total": 2}
    assert events.Done().row() == {"event": "done"}


def test_a_step_always_tells_its_loss():
    assert events.Step(1, 2).row() == {
        "event": "step", "step": 1, "total": 2, "loss": None, "seconds_left": None,
    }  # fmt: skip
