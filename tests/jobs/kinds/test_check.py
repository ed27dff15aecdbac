"""The check of a mix measures what is in memory, and loads nothing for a slider."""

from lorakit.jobs import measurements

SPEC = {"base": "starter-text", "mix": {}}


def test_a_base_that_is_not_in_memory_is_not_loaded(ran, held, monkeypatch):
    monkeypatch.setattr(measurements, "measure", lambda *given: measured.append(given))
    measured, bases = [], held()
    assert ran("check", SPEC, bases).state == "done"
    assert measured == [] and bases.loaded == []


def test_one_in_memory_is_measured_with_the_jobs_mix(ran, held, text_base, monkeypatch):
    monkeypatch.setattr(measurements, "measure", lambda *given: measured.append(given))
    measured = []
    job = ran("check", SPEC, held(starter_text=text_base))
    assert job.state == "done" and measured == [(job.spec, {}, text_base)]
