"""The job that writes copy: what it is asked, the growing texts, and the finished ones."""

import json

import pytest

from lorakit.errors import LoraKitError
from lorakit.generation.copy.writing import Copy
from lorakit.jobs.kinds import checked

SPEC = {"base": "starter-text", "mix": {}, "brief": {"product": "Mug"}, "variants": 2, "seed": 5}


@pytest.mark.parametrize("brief", [{}, "Mug", {"product": "Mug", "colour": "red"}])
def test_a_brief_names_a_product_and_no_unknown_field(brief):
    with pytest.raises(LoraKitError, match="brief must give product, and of the others only"):
        checked("copy", SPEC | {"brief": brief})


@pytest.fixture
def writes(monkeypatch):
    """Puts texts in the place of what the model writes, three pieces each."""
    asked = []

    def write_copy(base, mix, brief, variants, seed, on_text, should_stop):
        asked.append((brief.product, variants, seed))
        for index in range(variants):
            for piece in ("Co", "ld", "."):
                on_text(index, piece)
        return [Copy("Cold.", 5, None, True) for _ in range(variants)]

    monkeypatch.setattr("lorakit.generation.copy.writing.write_copy", write_copy)
    return asked


def test_the_texts_are_kept_and_their_pieces_arrive_in_order(ran, held, text_base, writes):
    job = ran("copy", SPEC, held(starter_text=text_base))
    assert job.state == "done" and writes == [("Mug", 2, 5)]
    grown = {0: "", 1: ""}
    for event in job.events():
        if event["event"] == "text":
            grown[event["index"]] += event["piece"]
    assert grown == {0: "Cold.", 1: "Cold."}
    kept = json.loads((job.folder / "result.json").read_text())
    assert [copy["text"] for copy in kept] == ["Cold.", "Cold."]


def test_one_that_is_stopped_is_not_done(ran, held, text_base, writes):
    job = ran("copy", SPEC, held(starter_text=text_base), stopping=lambda: True)
    assert job.state != "done"
