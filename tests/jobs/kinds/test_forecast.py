"""The forecast loads a base only to measure, and keeps its newest report."""

import json

import pytest

from lorakit.errors import LoraKitError
from lorakit.jobs.kinds import checked

SPEC = {"base": "owner/large", "recipe": {}}


@pytest.fixture
def reports(monkeypatch):
    """Two reports in the place of a real look ahead; remembers whether it might load the base."""
    asked = []

    def look_ahead(spec, load):
        asked.append(load is not None)
        yield {"bytes": 1}
        yield {"bytes": 1, "seconds": 60.0}

    monkeypatch.setattr("lorakit.training.forecast.ahead.look_ahead", look_ahead)
    return asked


@pytest.mark.parametrize(("measure", "may_load"), [(False, False), (True, True)])
def test_the_base_is_loaded_only_to_measure(ran, held, reports, measure, may_load):
    job = ran("forecast", SPEC | {"measure": measure}, held())
    assert job.state == "done" and reports == [may_load]
    assert json.loads((job.folder / "result.json").read_text())["seconds"] == 60.0


def test_when_stopped_the_first_report_is_there(ran, held, reports):
    job = ran("forecast", SPEC, held(), stopping=lambda: True)
    assert json.loads((job.folder / "result.json").read_text()) == {"bytes": 1}


def test_what_is_left_out_is_a_photo_by_name_and_a_text_by_place():
    assert checked("forecast", SPEC | {"photos": "p", "without": ["a.jpg"]})
    assert checked("forecast", SPEC | {"texts": "t.csv", "without": ["3"]})
    with pytest.raises(LoraKitError, match="without must be a list of the places of texts"):
        checked("forecast", SPEC | {"texts": "t.csv", "without": ["a.jpg"]})
