"""The forecast card and the live figures: what they ask for, and what they say of it."""

from dataclasses import replace

import gradio as gr
import pytest

from lorakit import durable, events
from lorakit.jobs import queue
from lorakit.ui.parts import forecast, forms, insight

REPORT = {
    "fits": False, "capacity": 8e9, "peak": 11e9, "seconds": None, "steps": 1000, "file": 90_000_000,
    "trained": 22_000_000, "parameters": 12_000_000_000, "full": 192e9, "host": 33e9,
    "parts": {"weights": 7e9, "activations": 3e9, "average": 0},
    "ways": [{
        "label": "use batch size 1", "changes": {"batch_size": 1}, "quantize": "nf4",
        "offload": True, "peak": 7e9,
    }],
}  # fmt: skip


def values(**changes):
    names = [setting.name for setting in forms.settings_for("image")]
    return list(
        (
            dict(zip(names, forms.recipe_values("image", "starter-image", "quick"), strict=True)) | changes
        ).values()
    )


@pytest.fixture(scope="module")
def card():
    with gr.Blocks():
        form = forms.recipe_form("image", gr.State("product"))
        return forecast.build(form, gr.State(""), gr.State([]))


def look(card, asked="", data="/photos", left_out=(), base="starter-image", savers=(), **changes):
    return card.look(asked, data, list(left_out), base, list(savers), values(**changes))


def counted(card, **changes):
    asked = look(card)[card.asked]
    durable.write_json(queue.get(asked).folder / "result.json", REPORT | changes)
    return asked


def test_nothing_is_counted_before_somebody_begins(card):
    assert look(card, data="") == gr.skip() and queue.list_jobs() == []


def test_a_changed_setting_drops_what_was_asked_before(card):
    first = look(card)[card.asked]
    second = look(card, first, rank=8)[card.asked]
    assert queue.get(first).cancelled and queue.get(second).spec["recipe"]["rank"] == 8
    assert look(card, second, rank=8)[card.asked] == second


def test_a_setting_that_cannot_be_is_said_on_the_card(card):
    shown = look(card, rank=0)
    assert "rank" in shown[card.card] and queue.list_jobs() == []


def test_what_does_not_fit_comes_with_settings_that_one_click_sets(card):
    asked, settings = counted(card), card.form.settings
    shown = card.poll(asked)
    said = shown[card.card]
    assert "Doesn’t fit in memory" in said and "11.0 GB" in said and "192.0 GB" in said
    assert "To make it fit, use batch size 1 (peak memory: 7.0 GB)" in said
    assert shown[card.use]["visible"] and not shown[card.time]["visible"]
    assert card.fit(asked) == {card.form.savers: ["4-bit", "offload"], settings["batch_size"]: 1}


def test_what_no_setting_makes_fit_offers_none(card):
    asked = counted(card, ways=[])
    shown = card.poll(asked)
    assert "Choose a smaller one" in shown[card.card] and not shown[card.use]["visible"]
    assert card.fit(asked) == gr.skip()


def test_a_forecast_that_fails_says_why_and_a_lost_one_is_asked_no_more(card):
    asked = look(card)[card.asked]
    queue.get(asked).emit({"event": "failed", "error": "no such base", "advice": ""})
    assert "no such base" in card.poll(asked)[card.card]
    assert card.poll("gone")[card.asked] == ""


def test_both_losses_become_points_of_their_own_line():
    points = insight.losses(
        [
            events.HeldOut(0, 2.0),
            events.Step(1, 2, 1.5),
            events.Step(2, 2),
            events.Phase("x"),
        ]
    )
    assert points.values.tolist() == [[0, 2.0, "held-out"], [1, 1.5, "training"]]


def test_the_newest_look_is_told_in_words_and_what_a_text_holds_stays_text():
    history = [
        events.Health(5, [["a", 0.1]]),
        events.Health(9, [["<b>", 0.02], ["b", None]], ["Broken: b"]),
        events.LongestCopy(9, True, 11, 2, "<script>x"),
    ]
    said = insight.looked(history)
    assert "at step 9" in said and "Broken: b" in said and "max. 2.0%" in said and "11 words" in said
    assert "<script>" not in said and "<b>" not in said
    assert insight.looked([]) == ""


def test_a_picture_far_from_every_photo_is_called_new():
    event = events.NearestPhoto(3, False, 1.2, "a", "b")
    assert "new images" in insight.looked([event])
    assert "starting to copy a photo" in insight.looked([replace(event, close=True)])


def test_how_the_base_is_kept_and_what_is_left_out_are_part_of_what_is_asked(card):
    flux = {"base": "black-forest-labs/FLUX.1-dev", "savers": ["4-bit", "offload"]}
    spec = queue.get(look(card, left_out=["a.jpg"], **flux)[card.asked]).spec
    assert (spec["quantize"], spec["offload"], spec["without"]) == ("nf4", True, ["a.jpg"])
    starter = queue.get(look(card, savers=["4-bit"])[card.asked]).spec
    assert "quantize" not in starter, "a starter model is never loaded in 4-bit"


def test_the_time_of_a_base_that_is_not_loaded_is_measured_when_asked_for(card):
    asked = counted(card, fits=True, ways=[])
    queue.get(asked).emit({"event": "done"})
    assert card.poll(asked)[card.time]["visible"]
    again = card.measure(asked)[card.asked]
    assert again != asked and queue.get(again).spec["measure"] is True
