"""The Train tab: what an upload says, what a click starts, and one page for products, styles and voices."""

import json
import re
import zipfile

import gradio as gr
import pytest
from PIL import Image

from lorakit.data.photos import file_types
from lorakit.data.texts.sets import TextSet
from lorakit.jobs import queue
from lorakit.starter import SAMPLE_PHOTOS, SAMPLE_VOICE
from lorakit.ui.pages import train
from lorakit.ui.parts import forms, gate, photo_gate, training_data, training_page

FLUX = "black-forest-labs/FLUX.1-dev"
BASES = {"image": "starter-image", "text": "starter-text"}


@pytest.fixture(scope="module")
def tab():
    with gr.Blocks():
        return train.build()


def values(kind="image", **changes):
    recipe = dict(zip(names(kind), forms.recipe_values(kind, BASES[kind], "quick"), strict=True))
    return list((recipe | changes).values())


def names(kind="image"):
    return [setting.name for setting in forms.settings_for(kind)]


def start(
    name="mug", path=str(SAMPLE_PHOTOS), left_out=(), captions=None, subject="product", base="starter-image",
    savers=(), **changes,
):  # fmt: skip
    given = (subject, name, path, list(left_out), captions or {}, "", base, list(savers))
    return training_page.start(*given, *values(**changes))


def start_voice(name, path="", left_out=(), pasted=""):
    given = ("voice", name, path, list(left_out), {}, pasted, "starter-text", [])
    return training_page.start(*given, *values("text"))


def judge(tab, path, name="x", left_out=(), rank=16, captions=None, subject="product", base=None):
    """Verdict, rank button and cards."""
    side = tab.sides["text" if subject == "voice" else "image"]
    base = base or BASES[side.kind]
    shown = training_page.judge(side, subject, name, path, left_out, captions, base, rank)
    return [shown.get(part) for part in (side.data.verdict, side.data.rank, side.data.cards)]


def test_a_file_that_is_no_picture_is_named_and_the_others_are_kept(tab, tmp_path):
    (tmp_path / "brief.png").write_text("not a picture")
    Image.effect_noise((600, 600), 50).convert("RGB").save(tmp_path / "front.png")
    checked = training_data.check_photos([str(tmp_path / "brief.png"), str(tmp_path / "front.png")])
    verdict, _, cards = judge(tab, checked.path)
    assert "brief.png" in verdict and "1 photo:" in verdict
    assert cards.count("<img") == 1 and "front.png" in cards and "brief.png" not in cards


def test_an_upload_without_any_picture_says_so_and_gives_nothing_to_train_on(tab, tmp_path):
    (tmp_path / "notes.txt").write_text("nothing to see")
    checked = training_data.check_photos([str(tmp_path / "notes.txt")])
    assert checked.path == "" and "Can’t use these files" in checked.problem
    data = tab.sides["image"].data
    assert data.taking(checked)[data.verdict] == checked.problem
    assert judge(tab, checked.path)[2] == ""


def test_a_new_upload_forgets_what_was_left_out_and_written_before(tab):
    data = tab.sides["image"].data
    shown = data.taking(training_data.Checked("/photos"))
    assert shown == {data.path: "/photos", data.left_out: [], data.captions: {}}


@pytest.mark.battery(111, "HEIC on the page")
def test_heic_photos_are_learned_and_shown_and_what_cannot_be_read_says_what_to_do(tab, tmp_path):
    file_types.formats()
    Image.effect_noise((600, 600), 50).convert("RGB").save(tmp_path / "IMG_1.HEIC")
    (tmp_path / "IMG_1.MOV").write_bytes(b"\0\0\0\x14ftypqt  \0\0\0\0")
    (tmp_path / "b.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    checked = training_data.check_photos([str(path) for path in tmp_path.iterdir()])
    verdict, _, cards = judge(tab, checked.path)
    assert "1 photo:" in verdict and "b.heic" in verdict and "Most Compatible" in verdict
    assert "IMG_1.MOV" not in verdict
    assert "IMG_1.HEIC" in cards and "data:image/jpeg;base64" in cards


def test_the_upload_hides_no_file_that_the_studio_reads(tab):
    assert tab.sides["image"].data.upload.file_types is None


@pytest.mark.battery(102, "a zip with refused entries beside readable photos, on the page")
def test_what_a_zip_held_back_is_said_beside_the_photos_that_could_be_read(tab, tmp_path):
    Image.effect_noise((600, 600), 50).convert("RGB").save(tmp_path / "front.png")
    with zipfile.ZipFile(tmp_path / "shoot.zip", "w") as archive:
        archive.write(tmp_path / "front.png", "front.png")
        for name in ("../up.jpg", "/etc/abs.jpg", "more.zip", "a.zip", "b.zip", "c.zip", "d.zip", "e.7z"):
            archive.writestr(name, b"data")
    checked = training_data.check_photos([str(tmp_path / "shoot.zip")])
    assert checked.problem == ""
    verdict = judge(tab, checked.path)[0]
    assert re.search(r"2 files: [^<]*\(\.\./up\.jpg, /etc/abs\.jpg\)", verdict)
    assert re.search(r"6 files: [^<]*\(more\.zip, a\.zip, b\.zip, c\.zip and 2 more\)", verdict)
    assert "1 photo:" in verdict


@pytest.mark.battery(51, "HTML shown inert")
def test_what_a_person_wrote_is_shown_as_text(tab, tmp_path):
    for name in ("<img src=x onerror=alert(1)>.png", '"><script>.png'):
        Image.effect_noise((600, 600), 50).convert("RGB").save(tmp_path / name)
    (tmp_path / "<b>.png").write_text("broken")
    checked = training_data.check_photos([str(path) for path in tmp_path.iterdir()])
    shown = "".join(map(str, judge(tab, checked.path, "<i>x")))
    for html in ("<img src=x", "<script", "<b>.png", "<i>x"):
        assert html not in shown


@pytest.fixture
def mixed(tmp_path):
    """The sample's photos, one of them again, and one that shows nothing."""
    for path in sorted(SAMPLE_PHOTOS.glob("*.jpg"))[:12]:
        (tmp_path / path.name).write_bytes(path.read_bytes())
    first = sorted(tmp_path.iterdir())[0]
    (tmp_path / "twin.jpg").write_bytes(first.read_bytes())
    Image.new("RGB", (300, 300), "grey").save(tmp_path / "blank.png")
    return training_data.check_photos([str(path) for path in tmp_path.iterdir()]).path


def test_problems_come_first_and_a_person_decides_what_is_left_out(tab, mixed):
    verdict, _, cards = judge(tab, mixed, "mug")
    assert "14 photos" in verdict and "12 to keep, 2 to leave out" in verdict
    assert "Leave out the 2" in cards
    listed = re.findall('data-name="([^"]+)"', cards)
    assert listed[:2] == ["blank.png", "twin.jpg"] and len(listed) == 14
    assert cards.count(" checked") == 14, "nothing is left out automatically"
    left_out = gate.received(["blank.png", "twin.jpg"])
    verdict, _, cards = judge(tab, mixed, "mug", left_out)
    assert "12 photos" in verdict and "2 left out by you" in verdict and cards.count(" checked") == 12
    assert queue.get(start(path=mixed, left_out=left_out)).spec["without"] == left_out
    with pytest.raises(gr.Error, match="all photos were left out"):
        start(path=mixed, left_out=[photo.name for photo in photo_gate.photos_in(mixed, "mug").photos])
    assert gate.received({"x": 1}) == [] == gate.received(None)


def test_what_is_cropped_from_a_photo_and_put_around_it_is_drawn(tab, tmp_path):
    Image.effect_noise((640, 600), 50).convert("RGB").save(tmp_path / "cut.png")
    Image.effect_noise((1200, 200), 50).convert("RGB").save(tmp_path / "long.png")
    checked = training_data.check_photos([str(path) for path in tmp_path.iterdir()])
    cards = judge(tab, checked.path, "mug")[2]
    assert "cropped by" in cards and "padded by" in cards
    assert cards.count('class="frame padded"') == 1 and cards.count('<i style="position:absolute') == 1


def test_the_rank_that_fits_the_photos_is_one_click_away(tab, mixed):
    few = [photo.name for photo in photo_gate.photos_in(mixed, "mug").photos[:8]]
    verdict, button, _ = judge(tab, mixed, "mug", few)
    assert "Rank 8" in verdict and button["visible"] and button["value"] == "Use rank 8"
    assert training_page.fitting_rank(tab.sides["image"], "product", "mug", mixed, few, {}) == 8
    assert not judge(tab, mixed, "mug", few, rank=8)[1]["visible"]


@pytest.mark.parametrize(("name", "path", "words"), [(" ", "/x", "product name"), ("mug", "", "photos")])
def test_what_is_missing_is_asked_for(name, path, words):
    with pytest.raises(gr.Error, match=words):
        start(name, path)


def test_a_setting_that_cannot_be_is_named():
    with pytest.raises(gr.Error, match="rank"):
        start(rank=0)
    assert queue.list_jobs() == []


def test_a_second_click_starts_no_second_training():
    first = start(steps=3)
    assert start(steps=3) == first
    assert len(queue.list_jobs(["train"])) == 1


def test_the_sample_always_trains_on_the_base_it_was_made_for(tab):
    side = tab.sides["image"]
    form, steps = side.form, side.form.settings["steps"]
    training = tab.view.job_id
    changed = training_page.start_sample(side, training, FLUX, values(steps=999))
    spec = queue.get(changed[training]).spec
    assert changed[form.base] == spec["base"] == "starter-image" and "quantize" not in spec
    assert spec["recipe"]["steps"] == 900 == changed[steps], "the page follows"
    assert changed[form.preset]["value"] == "quick" and changed[form.savers]["value"] == []
    changed = training_page.start_sample(side, training, "starter-image", values(steps=7))
    assert queue.get(changed[training]).spec["recipe"]["steps"] == 7 and steps not in changed


def test_a_large_base_is_kept_as_the_boxes_say_and_fills_the_form_again(tab):
    job_id = start(base=FLUX, savers=["4-bit", "offload"])
    spec = queue.get(job_id).spec
    assert spec["quantize"] == "nf4" and spec["offload"] is True
    shown, side = tab.fill(job_id), tab.sides["image"]
    data, form = side.data, side.form
    assert shown[data.name]["value"] == "mug" and shown[data.path] == str(SAMPLE_PHOTOS)
    assert (shown[data.left_out], shown[data.captions]) == ([], {})
    assert shown[form.base] == FLUX and shown[form.savers]["value"] == ["4-bit", "offload"]
    settings = [shown[field] for field in form.fields]
    assert [one["value"] if isinstance(one, dict) else one for one in settings] == values()


def test_a_style_is_asked_for_in_its_own_words_and_trains_as_one(tab):
    side = tab.sides["image"]
    shown = tab.choose("style", "product", "starter-image")
    assert shown[side.data.name]["label"] == "Style name" and not shown[side.invitation]["visible"]
    assert "share one look" in shown[side.data.heading]
    for name in forms.OF_A_PRODUCT:
        assert shown[side.form.settings[name]]["visible"] is False
    assert "quick" not in [id for _, id in shown[side.form.preset]["choices"]]
    job_id = start("zelto print", subject="style")
    assert queue.get(job_id).spec["subject"] == "style"
    again = tab.fill(job_id)
    assert again[tab.subject] == "style" and again[side.data.name]["value"] == "zelto print"
    assert "subject" not in queue.get(start()).spec, "a product's job is as it always was"
    with pytest.raises(gr.Error, match="style name"):
        start(" ", subject="style")


def test_another_choice_shows_another_form_and_keeps_what_was_set(tab):
    image, text = tab.sides["image"], tab.sides["text"]
    shown = tab.choose("voice", "style", FLUX)
    assert shown[text.whole]["visible"] and not shown[image.whole]["visible"]
    assert image.form.preset not in shown and tab.worded_for not in shown
    back = tab.choose("style", "style", FLUX)
    assert back[image.whole]["visible"] and image.form.preset not in back, "as it was left"


PASTED = "Morning. Tea first.\n\nRain. Still tea.\n\nNoon. More tea. Write to ann@example.com <b>now</b>."
TEXTS = ["Morning. Tea first.", "Rain. Still tea.", "Noon. More tea, please."]
CHAT = [[{"role": "user", "content": "Go"}, {"role": "assistant", "content": text}] for text in TEXTS]


def as_word(path):
    import docx

    document = docx.Document()
    for text in TEXTS:
        document.add_paragraph(text)
    document.save(path)


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


def test_a_table_without_texts_is_named_with_what_to_do(tmp_path):
    (tmp_path / "plan.csv").write_text("when,where\nMonday,Bergen\nTuesday,Oslo\n")
    checked = training_data.check_file(str(tmp_path / "plan.csv"))
    assert checked.path == "" and "plan.csv" in checked.problem and "column" in checked.problem


@pytest.mark.parametrize("name", FILES)
def test_texts_of_every_kind_of_file_come_through_the_page_to_the_job(tab, tmp_path, name):
    made = FILES[name]
    made(tmp_path / name) if callable(made) else (tmp_path / name).write_text(made, encoding="utf-8")
    path = training_data.check_file(str(tmp_path / name)).path
    assert "3 texts" in judge(tab, path, subject="voice")[0]
    spec = queue.get(start_voice("Nordal", path, ["1"])).spec
    learned = TextSet.from_file(spec["texts"]).without(map(int, spec["without"]))
    assert [sample.answer for sample in learned.samples] == [TEXTS[0], TEXTS[2]]


def test_pasted_texts_are_kept_as_a_file_and_judged(tab):
    path = training_data.check_pasted(PASTED).path
    assert path.endswith("pasted.txt")
    verdict, button, cards = judge(tab, path, subject="voice")
    assert "3 texts" in verdict and "1 with private data" in verdict and "Rank 8" in verdict
    assert button["value"] == "Use rank 8" and "ann@example.com" in cards and "<b>now" not in cards
    verdict, _, cards = judge(tab, path, left_out=["2"], subject="voice")
    assert "2 texts" in verdict and "1 left out by you" in verdict and "private" not in verdict
    assert "ann@example.com" in cards and " checked" not in cards
    assert queue.get(start_voice("Tea", path, ["2"])).spec["without"] == ["2"]


def test_a_click_right_after_pasting_trains_on_what_was_pasted():
    spec = queue.get(start_voice("Tea", pasted=PASTED)).spec
    assert len(TextSet.from_file(spec["texts"]).samples) == 3


def test_the_sample_voice_is_a_job_with_its_own_file(tab):
    side = tab.sides["text"]
    changed = training_page.start_sample(side, tab.view.job_id, "starter-text", values("text"))
    job_id = changed[tab.view.job_id]
    spec = queue.get(job_id).spec
    assert spec["texts"] == str(SAMPLE_VOICE) and spec["name"] == changed[side.data.name]
    assert changed[side.form.base] == "starter-text"
    shown = tab.fill(job_id)
    assert shown[tab.subject] == "voice" and shown[side.whole]["visible"]
    assert (shown[side.data.name], shown[side.data.path]) == (spec["name"], str(SAMPLE_VOICE))


def test_a_voice_needs_a_name_and_texts():
    with pytest.raises(gr.Error, match="voice name"):
        start_voice("", "/x.csv")
    with pytest.raises(gr.Error, match="texts"):
        start_voice("Nordal")


def test_the_encoding_that_a_person_names_counts_whatever_the_file_is(tab, tmp_path):
    words = "ЧАЙНИК ДЛЯ ДОМА"
    (tmp_path / "a.csv").write_bytes(f"text\n{words}\n".encode("koi8-r"))
    (tmp_path / "a.html").write_bytes(f'<meta charset="cp1251"><p>{words}</p>'.encode("koi8-r"))
    head = "Subject: Tea\nContent-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: 8bit\n\n"
    (tmp_path / "a.eml").write_bytes(f"{head}{words}\n".encode("koi8-r"))
    as_word(tmp_path / "a.docx")
    for name, first in (
        ("a.csv", words), ("a.html", words), ("a.eml", f"Subject: Tea\n\n{words}"), ("a.docx", TEXTS[0]),
    ):  # fmt: skip
        checked = training_data.check_file(str(tmp_path / name), "koi8_r")
        assert TextSet.from_file(checked.path).samples[0].answer == first
    checked = training_data.check_file(str(tmp_path / "a.csv"))
    verdict = judge(tab, checked.path, subject="voice")[0]
    assert "choose another encoding" in verdict, "the guess is said where it can be changed"
    checked = training_data.check_file(str(tmp_path / "a.csv"), "klingon")
    assert checked.path == "" and "klingon" in checked.problem
