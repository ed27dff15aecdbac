"""The words and figures that every tab shares."""

import pytest
from markupsafe import Markup

from lorakit import units
from lorakit.data.findings import Finding
from lorakit.errors import AdapterError
from lorakit.jobs import queue
from lorakit.ui.parts import bases, pieces


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (42, "42 s"), (170, "3 min"), (4800, "80 min"), (6000, "1 h 40 min")]
)
def test_times_are_told_as_people_tell_them(seconds, said):
    assert units.duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"), [(12, "12 bytes"), (2_600_000, "2.6 MB"), (43e6, "43 MB"), (2e9, "2.0 GB")]
)
def test_sizes_are_told_in_the_unit_that_fits(count, said):
    assert units.size(count) == said


def test_a_failure_is_shown_with_its_reason_as_text():
    job = queue.create("copy", {
        "base": "starter-text", "mix": {}, "variants": 1, "seed": 0,
        "brief": {"product": "tea", "facts": "", "audience": "", "channel": "instagram-caption", "tone": ""},
    })  # fmt: skip
    job.emit({"event": "failed", "error": "<b>base.json</b> is missing", "advice": ""})
    said = pieces.status(queue.get(job.id))
    assert "Failed" in said and "&lt;b&gt;base.json" in said


def test_a_badge_never_calls_an_unknown_base_free():
    assert "Check its licence" in bases.badge("somebody/some-model")
    assert "No commercial use" in bases.badge("black-forest-labs/FLUX.1-dev")
    assert "Check its licence" in bases.badge(None)


def test_every_base_on_offer_says_what_it_allows_and_needs():
    offered = {id: label for kind in ("image", "text") for label, id in bases.offered(kind)}
    assert "non-commercial, needs a GPU" in offered["black-forest-labs/FLUX.2-dev"]
    assert "OpenRAIL++-M" in offered["stabilityai/stable-diffusion-xl-base-1.0"]
    assert "Commercial use allowed" in bases.badge("black-forest-labs/FLUX.2-klein-base-4B")
    assert "Built with Llama" in bases.badge("meta-llama/Llama-3.2-3B-Instruct")
    assert "Request access on Hugging Face first" in bases.badge("meta-llama/Llama-3.2-3B-Instruct")
    assert "Demo model" in bases.badge("starter-text")


@pytest.mark.battery(81, "image beacons in the words of an error")
def test_what_an_error_names_stays_text_where_the_page_shows_html():
    told = pieces.problem(AdapterError("<img src=http://beacon.example/x.png>: it's not known")).message
    assert told == "&lt;img src=http://beacon.example/x.png&gt;: it's not known"


HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.mark.battery(81, "names and sentences in every piece of the page")
@pytest.mark.parametrize(
    "piece",
    [
        lambda text: pieces.card(text, text, text),
        lambda text: pieces.card("", Markup("<p>{}</p>").format(text)),
        lambda text: pieces.step(1, text, text),
        lambda text: pieces.strip([text]),
        lambda text: pieces.hero(text, text),
        lambda text: pieces.empty(text, text),
        lambda text: pieces.facts([(text, text)]),
        lambda text: pieces.total(1, text),
        lambda text: pieces.hint(text) + pieces.advice(text) + pieces.good(text),
        lambda text: pieces.finding_lines([Finding(text, "blur", "warn", text, text)]),
    ],
)
def test_what_a_person_or_a_file_named_stays_text_in_every_piece(piece):
    shown = piece(HOSTILE)
    assert isinstance(shown, Markup) and "&lt;img" in shown and HOSTILE not in shown
