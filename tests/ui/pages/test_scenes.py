"""The Product scenes tab: the plan that a page's choices make, and its pictures."""

import json
from types import SimpleNamespace

import gradio as gr
import pytest

from lorakit.generation.pictures.formats import FORMATS
from lorakit.generation.pictures.plan import MAX_PROMPT
from lorakit.generation.pictures.scenes import SCENES
from lorakit.jobs import queue
from lorakit.store.store import Store
from lorakit.ui.pages import scenes
from lorakit.ui.parts import campaigns, choices, compare, mixing

FORMATS_SET = ["instagram-story", "a4-portrait"]


@pytest.fixture(scope="module")
def tab():
    """The tab as the app builds it."""
    with gr.Blocks():
        return scenes.build(*scenes.remembered())


@pytest.fixture
def page(tab):
    """What the page holds, by name: a scene of each kind, and formats of two platforms."""

    def values(**changes):
        plan, sampling, comparing = tab.plan, tab.sampling, tab.comparing
        named = {
            "chosen": (tab.chosen, []), "settings": (tab.settings, {}), "first": (tab.first, {}),
            "base": (sampling.base, "starter-image"), "savers": (sampling.savers, []),
            "trigger": (sampling.trigger, ""), "negative": (sampling.negative, ""),
            "steps": (sampling.steps, 0), "guidance": (sampling.guidance, 0), "seed": (sampling.seed, 5),
            "scenes": (plan.scenes, ["snow"]), "more": (plan.more, ["picnic"]),
            "typed": (plan.typed, "on the moon\n\n"), "count": (plan.count, 2),
            "what": (comparing.what, "alone"), "strengths": (comparing.strengths, "0, 1"),
        }  # fmt: skip
        assert set(changes) <= set(named) | {"formats"}
        chosen = changes.pop("formats", FORMATS_SET)
        held = {widget: changes.get(name, value) for name, (widget, value) in named.items()}
        offered = [[id for _, id in row.choices] for row in plan.formats]
        rows = [[id for id in chosen if id in ids] for ids in offered]
        return held | dict(zip(plan.formats, rows, strict=True))

    return values


@pytest.fixture
def start(tab, page):
    return lambda **changes: tab.start(page(**changes))


@pytest.fixture
def comparing(tab, page):
    def run(what, strengths="0, 1", first=None, **changes):
        return tab.start_comparing(page(what=what, strengths=strengths, first=first, **changes))

    return run


def test_the_total_is_told_before_anything_is_generated(tab, page):
    def told(**changes):
        return tab.show_total(page(typed="on the moon", **changes))

    total = told(scenes=["snow", "garden"], more=[], formats=["instagram-post", "x-post"])
    assert "<b>12</b>" in total and "3 scenes × 2 formats × 2" in total
    assert "choose at least one" in tab.show_total(page(scenes=[], more=[], typed=""))
    assert "choose at least one" in told(formats=[])


@pytest.fixture
def two():
    """Two adapters in the store."""
    for name in ("mug", "film"):
        put(name)
    return ["mug", "film"]


def put(name):
    """An adapter folder as another tool may leave it."""
    folder = Store().folder / name
    folder.mkdir(parents=True)
    (folder / "pytorch_lora_weights.safetensors").write_bytes(b"weights")
    card = {"name": name.title(), "family": "flux", "trigger": name, "sha256": name}
    (folder / "card.json").write_text(json.dumps(card))


@pytest.mark.parametrize(
    ("trained_on", "used_on"),
    [
        ("black-forest-labs/FLUX.2-klein-base-4B", "black-forest-labs/FLUX.2-klein-4B"),
        ("stabilityai/stable-diffusion-xl-base-1.0", "stabilityai/stable-diffusion-xl-base-1.0"),
        ("starter-image", "starter-image"),
    ],
)
def test_making_scenes_with_an_adapter_takes_the_base_to_use_it_on(tab, two, trained_on, used_on):
    card = Store().folder / "mug/card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"base": trained_on}))
    taken = tab.take("mug")
    assert taken == {tab.chosen: ["mug"], tab.sampling.base: used_on}
    assert tab.take("gone")[tab.chosen] == []


def test_the_page_becomes_a_campaign(two, start):
    spec = queue.get(start(chosen=two, settings={"film": {"weight": 0.4}}, steps=8)).spec
    assert spec["mix"] == {"mug": 1.0, "film": 0.4}
    assert spec["scenes"] == ["in the snow", "on a checked picnic blanket in a sunny park", "on the moon"]
    assert spec["formats"] == ["instagram-story", "a4-portrait"]
    assert spec["seeds"] == [5, 6] and spec["steps"] == 8 and "guidance" not in spec


def test_an_adapter_that_is_switched_off_leaves_the_mix_and_keeps_its_weight(two, start):
    kept = {"film": {"weight": 0.4, "on": False}}
    assert queue.get(start(chosen=two, settings=kept)).spec["mix"] == {"mug": 1.0}
    assert "0.4" in mixing.table(two, kept)


def test_when_and_where_an_adapter_acts_is_below_its_row_and_in_the_spec(two, start, comparing):
    kept = {
        "mug": {"part": "structure"},
        "film": {"weight": 0.6, "part": "own", "start": 30, "end": 80, "double": 0.2, "single": None},
    }
    mix = queue.get(start(chosen=two, settings=kept)).spec["mix"]
    assert mix["mug"] == {"weight": 1.0, "start": 0.0, "end": 0.4}
    assert mix["film"] == {"weight": 0.6, "blocks": {"double": 0.2}, "start": 0.3, "end": 0.8}
    shown = mixing.table(two, kept)
    assert shown.count('<details class="set">') == 2 and 'value="structure" selected' in shown
    assert 'data-set="double" value="0.2"' in shown and 'data-set="up"' not in shown
    assert mixing.table(two, {}).count("<details>") == 2, "nothing set: closed, and no more is said"
    compared = queue.get(comparing("weights:film", "0.3, 1", chosen=two, settings=kept)).spec["mix"]
    assert [mix["film"]["blocks"]["double"] for mix in compared] == [0.1, pytest.approx(1 / 3, abs=1e-4)]
    first = compare.save_first(two, kept)
    assert "from 30% to 80%" in compare.offers(two, first, "saved")["choices"][-1][0]


def test_one_adapter_under_two_names_adds_up_and_says_so(two):
    put("copy")
    card = Store().folder / "copy" / "card.json"
    card.write_text(card.read_text().replace('"sha256": "copy"', '"sha256": "film"'))
    assert "Film and Copy are the same adapter: their strengths add up" in mixing.table([*two, "copy"], {})
    assert "same adapter" not in mixing.table(two, {})


def test_an_adapter_trashed_since_it_was_chosen_is_named_before_anything_waits(two, start, tab):
    Store().trash("film")
    with pytest.raises(gr.Error, match="film"):
        start(chosen=two)
    assert queue.list_jobs() == []
    assert "no longer exists" in mixing.table(two, {})
    assert tab.refresh(two)[tab.chosen] == ["mug"] and scenes.restore({scenes.CHOSEN: two}) == ["mug"]


def test_an_adapter_is_in_the_mix_once_and_leaves_by_its_row(two):
    assert mixing.with_one(["mug"], "film") == ["mug", "film"]
    assert mixing.with_one(["mug"], "mug") == ["mug"] and mixing.with_one(None, None) == []
    assert mixing.take_out(SimpleNamespace(slug="mug"), two) == ["film"]
    assert scenes.restore(None) == [] and scenes.restore({scenes.CHOSEN: "x"}) == []


@pytest.mark.parametrize("weight", [None, "x", 2.5, float("nan"), True])
def test_a_weight_that_cannot_be_meant_is_named(two, weight, start):
    with pytest.raises(gr.Error, match="film"):
        start(chosen=two, settings={"film": {"weight": weight}})


def test_a_large_base_is_kept_as_the_boxes_say(start):
    spec = queue.get(start(base="black-forest-labs/FLUX.1-dev", savers=["4-bit"])).spec
    assert spec["quantize"] == "nf4" and "offload" not in spec


def test_the_base_alone_can_be_rendered(start):
    assert queue.get(start()).spec["mix"] == {}


def test_weights_are_compared_on_one_seed_and_format(two, comparing):
    spec = queue.get(comparing("weights:film", "0, 0.5; 1.5", chosen=two)).spec
    assert spec["mix"] == [{"mug": 1.0, "film": weight} for weight in (0.0, 0.5, 1.5)]
    assert (spec["formats"], spec["seeds"], len(spec["scenes"])) == (["instagram-story"], [5], 3)
    assert "3 mixes compared, 9 images" in campaigns.label(queue.list_jobs()[0])


def test_a_mix_is_compared_with_the_one_kept_before_and_with_the_base(two, comparing):
    first = compare.save_first(["mug"], {"mug": {"weight": 0.7}})
    assert queue.get(comparing("saved", first=first, chosen=two)).spec["mix"] == [
        {"mug": 0.7}, {"mug": 1.0, "film": 1.0},
    ]  # fmt: skip
    assert queue.get(comparing("alone", chosen=["mug"])).spec["mix"] == [{"mug": 0.0}, {"mug": 1.0}]
    offered = [value for _, value in compare.offers(two, first, "saved")["choices"]]
    assert offered == ["weights:mug", "weights:film", "alone", "saved"]


@pytest.mark.parametrize(("weights", "words"), [("0, big", "big"), ("", "mixes"), ("0, 7", "film")])
def test_weights_that_cannot_be_compared_are_named(two, weights, words, comparing):
    with pytest.raises(gr.Error, match=words):
        comparing("weights:film", weights, chosen=two)


def test_a_row_that_a_browser_made_up_is_as_a_new_one(two):
    assert mixing.spec(two, {"film": "x", "mug": None}) == {"film": 1.0, "mug": 1.0}
    assert "1" in mixing.table(two, {"film": [1]})


def test_a_name_cannot_break_out_of_the_table(two):
    card = Store().folder / "film" / "card.json"
    card.write_text(json.dumps({"name": "<img src=x onerror=alert(1)>\"'", "family": "flux"}))
    shown = mixing.table(two, {"film": {"weight": '"><script>'}})
    assert "<img src=x" not in shown and "<script" not in shown


@pytest.mark.parametrize(
    ("change", "words"),
    [({"typed": "x" * 10_000}, "10,000|characters"), ({"scenes": [], "more": [], "typed": ""}, "scene")],
)
def test_what_cannot_be_rendered_is_said_at_once(change, words, start):
    with pytest.raises(gr.Error, match=words):
        start(**change)
    assert queue.list_jobs() == []


def test_a_campaign_that_waits_shows_no_images_and_can_be_cancelled(tab, start):
    job_id = start()
    view = tab.campaign
    shown = view.poll(job_id, {}, False)
    assert "Waiting" in shown[view.status] and shown[view.cancel]["visible"]
    assert shown[view.gallery]["value"] == [] and not shown[view.zones]["visible"]
    assert view.poll(job_id, shown[view.seen], False) == {view.seen: gr.skip()}, "nothing new"
    assert campaigns.images_of(job_id) == []
    assert "Cancelled" in campaigns.pieces.cancel(job_id)


def test_every_scene_and_every_format_is_offered_once_and_drawn():
    rules = choices.style()
    with gr.Blocks():
        rows = [*choices.format_rows(True, ()), *choices.format_rows(False, ())]
        chips = [choices.scene_chips(True), choices.scene_chips(False)]
    assert [value for row in rows for _, value in row.choices] == [row.id for row in FORMATS]
    assert [value for row in chips for _, value in row.choices] == [scene.id for scene in SCENES]
    assert all(f'name="{row.id}"' in rules for row in (*FORMATS, *SCENES))


def test_a_scene_that_is_too_long_with_the_trigger_words_is_refused_at_once(two, start):
    """The page adds what the worker adds: the words of each adapter that is on."""
    long = "y" * (MAX_PROMPT - 3)
    with pytest.raises(gr.Error, match="with the trigger words"):
        start(typed=long, chosen=two)
    assert queue.list_jobs() == []
    assert start(typed=long), "and without them it is not"
    off = {"mug": {"on": True, "weight": 0}, "film": {"on": False}}
    assert start(typed=long, chosen=two, settings=off)
