"""The jobs behind the mix table, on the starter base: measuring a set of adapters, and making one of them."""

import dataclasses
import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import ImageChops

from lorakit.errors import LoraKitError
from lorakit.jobs import measurements, queue
from lorakit.jobs.loaded_bases import Bases
from lorakit.jobs.run import run_job
from lorakit.lora.methods import METHODS
from lorakit.lora.stability import GREEN
from lorakit.store.store import Store
from lorakit.ui.parts import (
    adapter_result,
    combining,
    meter,
    mixing,
    pictures,
    pieces,
    tuning,
)

SHIPPED = Path(__file__).parents[3] / "adapters"
IMAGE = "starter-image"


@pytest.fixture(scope="module")
def bases():
    """The starter bases, loaded once; two sampling steps are enough for a picture to exist."""
    loaded = Bases()
    base = loaded.get(IMAGE)
    base.settings = dataclasses.replace(base.settings, steps=2)
    return loaded


@pytest.fixture
def store():
    """The shipped style, a twin of it under another name, and the shipped voice."""
    for folder, slug, name in (
        ("riso-print", "riso", "Riso"),
        ("riso-print", "twin", "Twin"),
        ("ready-made-voice", "voice", "Voice"),
    ):
        shutil.copytree(SHIPPED / folder, Store().folder / slug)
        change_card(slug, name=name, sha256=slug)
    return Store()


SAME = meter.gr.skip()


def look(*page):
    """What the meter shows, by the name of its part; SAME for what stays as it is."""
    with meter.gr.Blocks():
        view = meter.view()
    shown = view.look(*page)
    return SimpleNamespace(**{name: shown.get(part, SAME) for name, part in vars(view).items()})


def result_of(job_id):
    """What stands below a button that made an adapter, by the name of its part."""
    with meter.gr.Blocks():
        view = adapter_result.view()
    shown = view.poll(job_id)
    return SimpleNamespace(**{name: shown.get(part, SAME) for name, part in vars(view).items()})


def change_card(slug, **changes):
    path = Store().folder / slug / "card.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def run(kind, spec, bases):
    job = queue.create(kind, spec)
    assert job.acquire()
    job.start()
    run_job(job, bases)
    return job


def balanced(slugs, kept):
    """What the browser keeps once "Balance" was pressed and nothing else was set meanwhile."""
    fields = meter.balance(slugs, kept, IMAGE, [])["turned"]["rows"]
    rows = {slug: mixing.row_of(kept, slug) for slug in slugs}
    for slug, row in rows.items():
        for name, (before, after) in fields[slug].items():
            assert row.get(name) == before
            row[name] = after
    return rows


def test_a_set_is_measured_once_and_answers_for_any_weights(store, bases):
    kept = {"riso": {"weight": 1.5}, "twin": {"weight": 1.5}}
    waiting = look(["riso", "twin"], kept, IMAGE, [], "")
    assert "Checking" in waiting.gauge and queue.list_jobs(["check"])[0].id == waiting.check_id
    assert look(["twin", "riso"], {}, IMAGE, [], waiting.check_id).check_id == SAME, (
        "no second job for one set"
    )
    job = queue.get(waiting.check_id)
    assert job.acquire()
    run_job(job, bases)
    shown = look(["riso", "twin"], kept, IMAGE, [], job.id)
    # The same adapter twice at 1.5 is three times its change.
    assert 'class="gauge red"' in shown.gauge and "3.0 times" in shown.gauge and shown.balance["visible"]
    kept = balanced(["riso", "twin"], kept)
    assert kept["riso"]["weight"] == kept["twin"]["weight"] == pytest.approx(GREEN / 2, abs=0.011)
    answer = look(["riso", "twin"], kept, IMAGE, [], "")
    assert 'class="gauge green"' in answer.gauge and not answer.balance["visible"]
    assert len(queue.list_jobs(["check"])) == 1, "weights are answered without the worker"
    assert "49 layers" in answer.gauge


def test_blocks_are_measured_for_themselves_and_moments_judged_apart(store, bases):
    apart = {"riso": {"weight": 1.5, "part": "structure"}, "twin": {"weight": 1.5, "part": "finish"}}
    together = {slug: {"weight": 1.5} for slug in apart}
    slugs = list(apart)
    assert run("check", measurements.request(IMAGE, slugs), bases).state == "done"
    shown = look(slugs, apart, IMAGE, [], "")
    assert 'class="gauge green"' in shown.gauge and "where the combined change is largest" in shown.gauge
    assert not shown.balance["visible"]
    assert mixing.spec(slugs, balanced(slugs, apart)) == mixing.spec(slugs, apart)
    assert 'class="gauge red"' in look(slugs, together, IMAGE, [], "").gauge
    late = together | {"twin": {"weight": 1.5, "part": "finish"}}
    turned = balanced(slugs, late)
    assert turned["twin"]["part"] == "finish" and turned["riso"]["weight"] == turned["twin"]["weight"]
    blocks = together | {"twin": {"weight": 1.5, "single": 0.3}}
    assert "Checking" in look(slugs, blocks, IMAGE, [], "").gauge, "other shares of the blocks"
    spec = measurements.request(IMAGE, mixing.spec(slugs, blocks))
    assert spec["mix"]["twin"] == {"weight": 1.0, "blocks": {"single": 0.2}}
    assert run("check", spec, bases).state == "done"
    shares = [look(slugs, rows, IMAGE, [], "").gauge for rows in (together, blocks)]
    assert "Twin 50%" in shares[0] and "Twin 50%" not in shares[1]
    kept = balanced(slugs, blocks)
    assert kept["twin"]["weight"] < 1.5 and kept["twin"]["single"] == round(kept["twin"]["weight"] / 5, 4)
    assert 'class="gauge green"' in look(slugs, kept, IMAGE, [], "").gauge, "the same load, known already"


def test_an_adapter_of_another_name_or_content_is_measured_anew(store, bases):
    spec = measurements.request(IMAGE, ["riso"])
    assert run("check", spec, bases).state == "done"
    assert measurements.find(spec) is not None
    store.rename("riso", "print")
    assert measurements.find(measurements.request(IMAGE, ["print"])) is not None, (
        "the same file under another name"
    )
    change_card("print", sha256="other")
    assert measurements.find(measurements.request(IMAGE, ["print"])) is None


def test_a_slider_loads_no_large_base(store):
    spec = {"base": "somebody/FLUX.1-large", "mix": {"riso": 1.0}}
    job = run("check", spec, Bases())
    assert job.state == "done" and measurements.find(spec) is None
    waiting = look(["riso"], {}, spec["base"], [], job.id)
    assert "once the base model is loaded" in waiting.gauge and waiting.timer == waiting.check_id == SAME, (
        "a campaign may still read it"
    )


def test_the_meter_asks_for_the_base_as_the_page_keeps_it_in_memory(store, bases):
    base = "somebody/FLUX.1-large"
    asked = queue.get(look(["riso"], {}, base, ["4-bit", "offload"], "").check_id)
    assert asked.spec == {"base": base, "mix": {"riso": 1.0}, "quantize": "nf4", "offload": True}
    measurements.keep(asked.spec, [[0.09]], [("one", [0.3])])
    shown = look(["riso"], {}, base, ["4-bit"], asked.id)
    assert "Stable" in shown.gauge, "what 4 bits leave of a base does not depend on where it waits"
    assert "Checking" in look(["riso"], {}, base, [], asked.id).gauge and asked.cancelled
    assert "Stable" not in look(["riso"], {}, IMAGE, ["4-bit"], "").gauge, "starter bases never are"


@pytest.mark.parametrize(
    ("slugs", "kept", "words"),
    [
        (["gone"], {}, "gone"), (["riso"], {"riso": {"weight": None}}, "Riso: its strength is missing"),
        (["riso"], {"riso": {"weight": 3}}, "-2 to 2"),
        (["riso"], {"riso": {"part": "own", "start": 60, "end": 40}}, "start is 0.6 and end 0.4"),
        (["riso"], {"riso": {"part": "own", "start": None, "end": 40}}, "Riso: start is None"),
        (["riso"], {"riso": {"double": 7}}, "in double"), (["riso"], {"riso": {"layers": "0-3=1"}}, "0-3=1"),
    ],
)  # fmt: skip
def test_a_mix_that_cannot_be_is_said_beside_the_table_and_asks_nobody(store, slugs, kept, words):
    shown = look(slugs, kept, IMAGE, [], "")
    assert "Can&#39;t use this mix" in shown.gauge and words in shown.gauge
    assert queue.list_jobs() == []


def test_an_adapter_for_another_base_is_named(store, bases):
    job = run("check", measurements.request(IMAGE, ["riso", "voice"]), bases)
    assert job.state == "failed"
    shown = look(["riso", "voice"], {}, IMAGE, [], job.id).gauge
    assert "Voice" in shown and "language model" in shown


def test_no_adapter_is_the_base_alone():
    assert "base model only" in look(["riso"], {"riso": {"on": False}}, IMAGE, [], "").gauge
    assert look([], {}, IMAGE, [], "").gauge == ""


def test_an_adapter_is_shrunk_into_a_new_one_with_the_picture_before_and_after(store, bases):
    change_card("riso", base=IMAGE)
    job = queue.get(tuning.start_shrink("riso", 2))
    assert job.acquire()
    run_job(job, bases)
    shown = result_of(job.id)
    made = store.get("riso-rank-2")
    assert made.rank == 2 and made.size_bytes < 0.4 * store.get("riso").size_bytes
    assert made.trigger == store.get("riso").trigger and made.preview is not None
    assert (
        shown.before["value"].size == shown.after["value"].size
        and shown.before["value"].tobytes() != shown.after["value"].tobytes()
    )
    said = f"{1 - made.card['scores']['combined']['error'] ** 2:.1%}</b><span>of its effect kept"
    assert said in shown.status and not shown.timer.active
    again = run_job_again(job, bases)
    assert again == ["riso", "riso-rank-2", "twin", "voice"], "a job that says what it made makes it once"


def run_job_again(job, bases):
    assert job.acquire()
    run_job(job, bases)
    return sorted(entry.slug for entry in Store().list())


def test_a_mix_becomes_one_adapter_that_draws_the_same(store, bases):
    kept = {"riso": {"weight": 0.5}, "twin": {"weight": 0.25}}
    job = queue.get(combining.start_combine(["riso", "twin"], kept, IMAGE, [], "concat", "Both"))
    assert job.acquire()
    run_job(job, bases)
    result = pieces.result(job)
    assert store.get(result.slug).rank == 2 * store.get("riso").rank and result.error == 0
    pair = [pictures.small(sample["path"]) for sample in (result.before, result.after)]
    assert max_difference(*pair) <= 2, "exact up to the rounding of the last bit"


def test_the_product_stays_as_it_is_and_the_style_gives_way(store, bases):
    change_card("twin", trigger="twin")
    assert combining.products(["riso", "twin"], None)["value"] == "riso"
    assert combining.products(["riso", "twin"], "twin")["value"] == "twin"
    assert combining.products(["riso"], "twin")["value"] == "riso"
    assert "give way" in METHODS["project"].help
    with pytest.raises(meter.gr.Error, match="a product and a style"):
        combining.start_combine(["riso"], {}, IMAGE, [], "project", "x")
    job = queue.get(combining.start_combine(["riso", "twin"], {}, IMAGE, [], "project", "Both", "twin"))
    assert job.spec["product"] == "twin" and "rank" not in job.spec
    assert job.acquire()
    run_job(job, bases)
    result = pieces.result(job)
    # The style is the product's twin: nearly all of it lies where the product does.
    assert set(result.removed) == {"Riso"} and result.removed["Riso"] > 0.85
    assert "of Riso removed to protect the product" in result_of(job.id).status
    assert store.get(result.slug).card["trigger"].startswith("twin")


def test_a_voice_that_was_shrunk_says_how_well_it_foresees_the_one_before(store):
    bases = Bases()
    base = bases.get("starter-text")
    base.settings = dataclasses.replace(base.settings, max_tokens=32)
    job = queue.get(tuning.start_shrink("voice", 1))
    assert job.acquire()
    run_job(job, bases)
    made = pieces.result(job)
    own, other = made.before["perplexity"], made.after["perplexity"]
    assert 1 < own < 3 and other > 1.2 * own, "one direction is not enough for this voice"
    assert f"{own:.2f} → {other:.2f}" in result_of(job.id).status


def max_difference(one, other):
    return max(high for _, high in ImageChops.difference(one, other).getextrema())


def test_an_adapter_whose_base_is_not_here_is_shrunk_all_the_same(store, bases):
    """As other tools name bases; two adapters are not combined unseen."""
    change_card("riso", base="flux1-dev-fp8")
    job = queue.get(tuning.start_shrink("riso", 4))
    assert job.acquire()
    run_job(job, bases)
    (made,) = [event for event in job.events() if event["event"] == "result"]
    assert job.state == "done" and Store().get(made["slug"]).rank == 4 and made["error"] < 1
    assert "flux1-dev-fp8" in made["unseen"] and "No preview" in result_of(job.id).status
    spec = {"base": "flux1-dev-fp8", "mix": {"riso": 1.0, "twin": 1.0}, "method": "concat", "name": "x"}
    assert run("combine", spec, bases).state == "failed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"method": "average"}, "average"),
        ({"rank": 0}, "rank"),
        ({"mix": {}}, "empty"),
        ({"name": " "}, "name"),
        ({"method": "project"}, "add another"),
        ({"product": "gone"}, "'gone'"),
        ({"mix": {"riso": {"weight": 1.0, "start": 0.4}}}, "riso is active for only part of the steps"),
    ],
)
def test_what_cannot_be_combined_is_refused_by_name(change, words):
    spec = {"base": IMAGE, "mix": {"riso": 1.0}, "method": "svd", "name": "x", "rank": 2} | change
    with pytest.raises(LoraKitError, match=words):
        queue.create("combine", spec)


def test_advice_says_what_shrinking_keeps_and_when_there_is_nothing_to_shrink(store):
    entry = store.get("riso")
    rank = entry.rank
    flat = {"spectrum": {"shares": [1 / rank] * rank}}
    change_card("riso", scores=flat)
    assert f"rank {2 * rank}" in tuning.advice(store.get("riso"))
    steep = {"spectrum": {"shares": [0.9, 0.09] + [0.01 / (rank - 2)] * (rank - 2)}}
    change_card("riso", scores=steep)
    said = tuning.advice(store.get("riso"))
    assert f"uses 2 of its {rank}" in said and "keeps 99.0%" in said
    change_card("riso", scores={"spectrum": {"shares": "x"}})
    assert tuning.advice(store.get("riso")) == "" and tuning.rank_limits("riso") is None


def test_rows_that_came_from_elsewhere_do_not_break_the_table(store):
    assert mixing.table(["riso"], {"riso": "x"}) == mixing.table(["riso"], {})
