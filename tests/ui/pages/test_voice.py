"""The Brand voice tab: the writing desk, and where it leads when there is no voice yet."""

from types import SimpleNamespace

import gradio as gr
import pytest

from lorakit.jobs import queue
from lorakit.store.store import Store
from lorakit.ui.pages import voice
from lorakit.ui.parts import copies, desk


@pytest.fixture
def tab():
    with gr.Blocks():
        return voice.build(gr.BrowserState({}))


@pytest.fixture
def dry_and_calm():
    for name in ("calm", "dry"):
        folder = Store().folder / name
        folder.mkdir(parents=True)
        (folder / "adapter_model.safetensors").write_bytes(b"weights")
        (folder / "card.json").write_text('{"family": "llm", "base": "starter-text"}')


def test_copy_needs_a_product_and_a_second_click_writes_something_new():
    brief = ("", "holds 900 ml", "", "instagram-caption", "", 2)
    with pytest.raises(gr.Error, match="product"):
        desk.start(desk.NO_VOICE, [], {}, "starter-text", [], *brief)
    brief = ("Nordal teapot", *brief[1:])
    specs = [queue.get(desk.start(desk.NO_VOICE, [], {}, "starter-text", [], *brief)).spec for _ in range(2)]
    assert specs[0]["seed"] != specs[1]["seed"] and specs[0]["mix"] == {}


def test_without_a_voice_the_desk_says_where_to_train_one_and_with_one_it_is_chosen(tab, dry_and_calm):
    writing, store = tab.desk, Store()
    for slug in ("calm", "dry"):
        store.trash(slug)
    shown = tab.load()
    assert shown[writing.none_yet]["visible"] and shown[writing.train]["value"] == "Train a voice"
    assert shown[writing.voice]["value"] == desk.NO_VOICE
    for row in store.trashed():
        store.restore(row)
    shown = tab.load()
    assert not shown[writing.none_yet]["visible"] and shown[writing.voice]["value"] in ("calm", "dry")
    assert writing.offer("calm")[writing.voice]["value"] == "calm", "a choice stays"
    assert writing.offer("gone")[writing.voice]["value"] in ("calm", "dry")
    taken = writing.take("dry")
    assert taken[writing.voice]["value"] == "dry" and taken[writing.more] == []


def test_voices_are_mixed_with_strengths_the_chosen_one_first(tab, dry_and_calm):
    brief = ("Nordal teapot", "", "", "instagram-caption", "", 2)
    settings = {"calm": {"weight": 0.3}}
    spec = queue.get(desk.start("dry", ["calm", "dry"], settings, "other", [], *brief)).spec
    assert spec["mix"] == {"dry": 1.0, "calm": 0.3} and spec["base"] == "starter-text"
    writing = tab.desk
    closed = desk.take_out(writing, SimpleNamespace(slug="dry"), "dry", ["calm"])
    assert closed == {writing.voice: desk.NO_VOICE, writing.more: ["calm"]}
    closed = desk.take_out(writing, SimpleNamespace(slug="calm"), "dry", ["calm"])
    assert closed == {writing.voice: "dry", writing.more: []}


def test_a_variant_shows_its_count_and_marks_what_is_too_long():
    assert "12 of 30 characters" in copies.variant("Keeps warm.\n", 12, 30, "")
    assert 'class="count over"' in copies.variant("x" * 31, 31, 30, "")
    assert 'class="count over"' in copies.variant("Warm te", 7, 30, "cut short", fits=False)
    assert "<script>" not in copies.variant("<script>alert(1)</script>", 10, 30, "")


def test_what_is_written_grows_on_the_page_and_is_read_only_when_it_did(tab):
    brief = ("Nordal <b>pot", "", "", "instagram-caption", "", 1)
    job = queue.get(desk.start(desk.NO_VOICE, [], {}, "starter-text", [], *brief))
    copy = tab.copy
    waiting = copy.poll(job.id, "")
    assert "Waiting" in waiting[copy.text] and waiting[copy.cancel]["visible"]
    assert copy.poll(job.id, waiting[copy.seen]) == gr.skip()
    for piece in ("Keeps ", "<i>warm"):
        job.emit({"event": "text", "index": 0, "piece": piece})
    shown = copy.poll(job.id, waiting[copy.seen])[copy.text]
    assert "Keeps &lt;i&gt;warm" in shown and "Nordal &lt;b&gt;pot" in shown
