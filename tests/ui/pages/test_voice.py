"""The Brand voice tab: texts in, and the writing desk."""

import json
from types import SimpleNamespace

import gradio as gr
import pytest

from lorakit.data.texts.sets import TextSet
from lorakit.jobs import queue
from lorakit.starter import SAMPLE_VOICE
from lorakit.store.store import Store
from lorakit.ui.pages import voice
from lorakit.ui.parts import desk, forms


def values():
    return forms.recipe_values("text", "starter-text", "quick")


def own(name, path="", left_out=(), pasted=""):
    return voice.start_own(name, path, list(left_out), pasted, "starter-text", [], *values())


def test_a_table_without_texts_is_named_with_what_to_do(tmp_path):
    (tmp_path / "plan.csv").write_text("when,where\nMonday,Bergen\nTuesday,Oslo\n")
    path, _, said = voice.check_file(str(tmp_path / "plan.csv"))
    assert path == "" and "plan.csv" in said and "column" in said


PASTED = "Morning. Tea first.\n\nRain. Still tea.\n\nNoon. More tea. Write to ann@example.com <b>now</b>."


def as_word(path):
    import docx

    document = docx.Document()
    for text in TEXTS:
        document.add_paragraph(text)
    document.save(path)


TEXTS = ["Morning. Tea first.", "Rain. Still tea.", "Noon. More tea, please."]
CHAT = [[{"role": "user", "content": "Go"}, {"role": "assistant", "content": text}] for text in TEXTS]
FILES = {
    "a.txt": "\n\n".join(TEXTS),
    "a.md": "\r\n\r\n".join(TEXTS),
    "a.csv": "\n".join(["text,product", *[f'"{text}",tea' for text in TEXTS]]),
    "semicolons.csv": "\n".join(["text;product", *[f"{text};tea" for text in TEXTS]]),
    "a.tsv": "\n".join(["product\ttext", *[f"tea\t{text}" for text in TEXTS]]),
    "chat.jsonl": "\n".join(json.dumps({"messages": turns}) for turns in CHAT),
    "alpaca.jsonl": "\n".join(json.dumps({"instruction": "Go", "input": "", "output": t}) for t in TEXTS),
    "completion.jsonl": "\n".join(json.dumps({"prompt": "Go", "completion": text}) for text in TEXTS),
    "a.docx": as_word,
}


@pytest.mark.parametrize("name", FILES)
def test_texts_of_every_kind_of_file_come_through_the_page_to_the_job(tmp_path, name):
    made = FILES[name]
    made(tmp_path / name) if callable(made) else (tmp_path / name).write_text(made, encoding="utf-8")
    path, left_out, _ = voice.check_file(str(tmp_path / name))
    said, _, _ = voice.judge(path, left_out, 16)
    assert "3 texts" in said
    spec = queue.get(own("Nordal", path, ["1"])).spec
    learned = TextSet.from_file(spec["texts"]).without(map(int, spec["without"]))
    assert [sample.answer for sample in learned.samples] == [TEXTS[0], TEXTS[2]]


def test_pasted_texts_are_kept_as_a_file_and_judged():
    path, left_out, _ = voice.check_pasted(PASTED)
    assert path.endswith("pasted.txt")
    said, button, cards = voice.judge(path, left_out, 16)
    assert "3 texts" in said and "1 with private data" in said and "Rank 8" in said
    assert button["value"] == "Set rank 8" and "ann@example.com" in cards and "<b>now" not in cards
    said, _, cards = voice.judge(path, ["2"], 16)
    assert "2 texts" in said and "1 left out by you" in said and "private" not in said
    assert "ann@example.com" in cards and " checked" not in cards
    assert queue.get(own("Tea", path, ["2"])).spec["without"] == ["2"]


def test_a_click_right_after_pasting_trains_on_what_was_pasted():
    spec = queue.get(own("Tea", pasted=PASTED)).spec
    assert len(TextSet.from_file(spec["texts"]).samples) == 3


def test_the_sample_voice_is_a_job_with_its_own_file():
    job_id, name, base, *_ = voice.start_sample("starter-text", [], *values())
    spec = queue.get(job_id).spec
    assert spec["texts"] == str(SAMPLE_VOICE) and spec["name"] == name and base == "starter-text"
    assert voice.fill(job_id)[:3] == [name, str(SAMPLE_VOICE), []]


def test_a_voice_needs_a_name_and_texts():
    with pytest.raises(gr.Error, match="name"):
        own("", "/x.csv")
    with pytest.raises(gr.Error, match="texts"):
        own("Nordal")


def test_copy_needs_a_product_and_a_second_click_writes_something_new():
    brief = ("", "holds 900 ml", "", "instagram-caption", "", 2)
    with pytest.raises(gr.Error, match="product"):
        desk.start(desk.NO_VOICE, [], {}, "starter-text", [], *brief)
    brief = ("Nordal teapot", *brief[1:])
    specs = [queue.get(desk.start(desk.NO_VOICE, [], {}, "starter-text", [], *brief)).spec for _ in range(2)]
    assert specs[0]["seed"] != specs[1]["seed"] and specs[0]["mix"] == {}


def test_voices_are_mixed_with_weights_the_chosen_one_first(tmp_path):
    for name in ("calm", "dry"):
        folder = Store().folder / name
        folder.mkdir(parents=True)
        (folder / "adapter_model.safetensors").write_bytes(b"weights")
        (folder / "card.json").write_text('{"family": "llm", "base": "starter-text"}')
    brief = ("Nordal teapot", "", "", "instagram-caption", "", 2)
    spec = queue.get(desk.start("dry", ["calm", "dry"], {"calm": {"weight": 0.3}}, "other", [], *brief)).spec
    assert spec["mix"] == {"dry": 1.0, "calm": 0.3} and spec["base"] == "starter-text"
    assert desk.take_out(SimpleNamespace(slug="dry"), "dry", ["calm"]) == [desk.NO_VOICE, ["calm"]]
    assert desk.take_out(SimpleNamespace(slug="calm"), "dry", ["calm"]) == ["dry", []]


def test_a_variant_shows_its_count_and_marks_what_is_too_long():
    assert "12 of 30 characters" in desk.variant("Keeps warm.\n", 12, 30, "")
    assert 'class="count over"' in desk.variant("x" * 31, 31, 30, "")
    assert 'class="count over"' in desk.variant("Warm te", 7, 30, "cut short", fits=False)
    assert "<script>" not in desk.variant("<script>alert(1)</script>", 10, 30, "")


def test_the_encoding_that_a_person_names_counts_whatever_the_file_is(tmp_path):
    words = "ЧАЙНИК ДЛЯ ДОМА"
    (tmp_path / "a.csv").write_bytes(f"text\n{words}\n".encode("koi8-r"))
    (tmp_path / "a.html").write_bytes(f'<meta charset="cp1251"><p>{words}</p>'.encode("koi8-r"))
    head = "Subject: Tea\nContent-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: 8bit\n\n"
    (tmp_path / "a.eml").write_bytes(f"{head}{words}\n".encode("koi8-r"))
    as_word(tmp_path / "a.docx")
    for name, first in (
        ("a.csv", words),
        ("a.html", words),
        ("a.eml", f"Subject: Tea\n\n{words}"),
        ("a.docx", TEXTS[0]),
    ):
        path, _, _ = voice.check_file(str(tmp_path / name), "koi8_r")
        assert TextSet.from_file(path).samples[0].answer == first
    path, _, _ = voice.check_file(str(tmp_path / "a.csv"))
    said, _, _ = voice.judge(path, [], 16)
    assert "choose another encoding" in said, "the guess is said where it can be changed"
    path, _, said = voice.check_file(str(tmp_path / "a.csv"), "klingon")
    assert path == "" and "klingon" in said
