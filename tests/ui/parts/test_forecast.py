"""The forecast card and the live figures: what they ask for, and what they say of it."""

import gradio as gr

from lorakit import durable
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


def look(asked="", data="/photos", left_out=(), base="starter-image", savers=(), **changes):
    return forecast.look("image", asked, data, list(left_out), base, list(savers), values(**changes))


def counted(**changes):
    asked = look()[4]
    durable.write_json(queue.get(asked).folder / "result.json", REPORT | changes)
    return asked


def test_nothing_is_counted_before_somebody_begins():
    shown = look(data="")
    assert shown == [gr.skip()] * 5 and queue.list_jobs() == []


def test_a_changed_setting_drops_what_was_asked_before():
    first = look()[4]
    second = look(first, rank=8)[4]
    assert queue.get(first).cancelled and queue.get(second).spec["recipe"]["rank"] == 8
    assert look(second, rank=8)[4] == second


def test_a_setting_that_cannot_be_is_said_on_the_card():
    shown = look(rank=0)
    assert "rank" in shown[0] and queue.list_jobs() == []


def test_what_does_not_fit_comes_with_settings_that_one_click_sets():
    asked = counted()
    card, use, time, _, _ = forecast.poll(asked)
    assert "It does not fit" in card and "11.0 GB" in card and "192.0 GB" in card
    assert "It fits if you use batch size 1: 7.0 GB then" in card
    assert use["visible"] and not time["visible"]
    savers, *set_to = forecast.with_way("image", asked, values(batch_size=8, rank=4))
    assert savers == ["4-bit", "offload"] and set_to == values(batch_size=1, rank=4)


def test_what_no_setting_makes_fit_offers_none():
    asked = counted(ways=[])
    card, use, *_ = forecast.poll(asked)
    assert "smaller base" in card and not use["visible"]
    assert forecast.with_way("image", asked, values()) == [gr.skip()] * (1 + len(values()))


def test_a_forecast_that_fails_says_why_and_a_lost_one_is_asked_no_more():
    asked = look()[4]
    queue.get(asked).emit({"event": "failed", "error": "no such base", "advice": ""})
    assert "no such base" in forecast.poll(asked)[0]
    assert forecast.poll("gone")[4] == ""


def test_both_losses_become_points_of_their_own_line():
    points = insight.losses(
        [
            {"event": "held_out", "step": 0, "loss": 2.0},
            {"event": "step", "step": 1, "loss": 1.5},
            {"event": "phase", "name": "x"},
        ]
    )
    assert points.values.tolist() == [[0, 2.0, "kept aside"], [1, 1.5, "training"]]


def test_the_newest_look_is_told_in_words_and_what_a_text_holds_stays_text():
    events = [
        {"event": "health", "step": 5, "blocks": [["a", 0.1]], "said": []},
        {"event": "health", "step": 9, "blocks": [["<b>", 0.02], ["b", None]], "said": ["Broken: b"]},
        {"event": "memory", "step": 9, "close": True, "words": 11, "usual": 2, "run": "<script>x"},
    ]
    said = insight.looked(events)
    assert "at step 9" in said and "Broken: b" in said and "2.0% at most" in said and "11 words" in said
    assert "<script>" not in said and "<b>" not in said
    assert insight.looked([]) == ""


def test_a_picture_far_from_every_photo_is_called_new():
    event = {"event": "memory", "step": 3, "close": False, "distance": 1.2, "preview": "a", "photo": "b"}
    assert "new pictures" in insight.looked([event])
    assert "begins to repeat" in insight.looked([event | {"close": True}])


def test_how_the_base_is_kept_and_what_is_left_out_are_part_of_what_is_asked():
    asked = look(left_out=["a.jpg"], base="black-forest-labs/FLUX.1-dev", savers=["4-bit", "offload"])[4]
    spec = queue.get(asked).spec
    assert (spec["quantize"], spec["offload"], spec["without"]) == ("nf4", True, ["a.jpg"])
    assert "quantize" not in queue.get(look(savers=["4-bit"])[4]).spec, "a starter base is never in 4 bits"


def test_the_time_of_a_base_that_is_not_loaded_is_measured_when_asked_for():
    asked = counted(fits=True, ways=[])
    queue.get(asked).emit({"event": "done"})
    time = forecast.poll(asked)[2]
    assert time["visible"]
    again = forecast.measure(asked)[4]
    assert again != asked and queue.get(again).spec["measure"] is True
