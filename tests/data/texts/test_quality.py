"""The text gate finds what a voice should not learn, and leaves good copy alone."""

import numpy as np
import pytest

from lorakit.data.texts.near_texts import nearest_earlier
from lorakit.data.texts.sets import TextSample, TextSet
from lorakit.errors import DataError
from lorakit.starter import SAMPLE_VOICE
from lorakit.starter.build.text_data import sample


def copy(count: int, seed: int = 1) -> list[TextSample]:
    """Clean, different texts about made-up products."""
    random, texts = np.random.default_rng(seed), []
    while len(texts) < count:
        one = sample(random, odd=0)
        if len(one.answer.split()) > 6:
            texts.append(TextSample(one.instruction, one.answer))
    return texts


def found(answer: str, instruction: str = "Write.") -> list[str]:
    """The kinds that one more text among clean ones is found to have."""
    report = TextSet([*copy(20), TextSample(instruction, answer)]).report()
    assert all(one.verdict == "keep" for one in report.judged[:20])
    return [finding.kind for finding in report.of(20)]


def test_clean_copy_has_no_findings_and_the_full_score():
    report = TextSet(copy(40)).report()
    assert report.findings == [] and report.score == 100 and report.language == "en"
    assert report.verdicts() == {"keep": 40, "edit": 0, "remove": 0} and report.texts == 40


def test_the_sample_voice_is_kept_whole():
    assert TextSet.from_file(SAMPLE_VOICE).report().verdicts()["keep"] == 60


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param(
            "private", "Questions? Write to anna.b@shop.example.com today.",
            marks=pytest.mark.battery(53, "emails, card numbers (flagged)"),
        ),
        pytest.param(
            "private", "Pay with 4111 1111 1111 1111 and be done with it.",
            marks=pytest.mark.battery(53, "emails, card numbers (flagged)"),
        ),
        ("private", "Call us at +49 30 1234 5678 for the lamp that never tires."),
        ("private", "Call (555) 123-4567 for the lamp that never tires."),
        ("private", "Send the money to DE89 3704 0044 0532 0130 00 and sleep well."),
        ("private", "Questions? Write to anna (at) shop [dot] com for the lamp today."),
        ("private", "Call us at 22 34 56 78 for the lamp that never tires."),
        ("price", "The lamp that never tires is now only $49.90 for you."),
        ("price", "The lamp that never tires is now half price for you."),
        ("price", "The lamp that never tires is now 19.- for all of you."),
        ("date", "The lamp that never tires is yours, order by Friday or never."),
        ("date", "The lamp that never tires comes out in summer 2026 for you."),
        ("link", "Find the lamp that never tires on nordal-home.com today."),
        ("placeholder", "Dear XXX, the lamp that never tires is here for all of you."),
        ("boilerplate", "The lamp that never tires. Sent from my telephone, as it is."),
        ("price", "The lamp that never tires is now 1.299 € for all of you."),
        ("price", "The lamp that never tires, now 20% off for all of you."),
        ("date", "The lamp that never tires comes out on June 12th for you."),
        ("date", "The lamp that never tires comes out on 12.06.2024 for you."),
        ("link", "Find the lamp that never tires on www.lamp-shop.example today."),
        ("placeholder", "Dear {{first_name}}, the lamp that never tires is here."),
        ("placeholder", "The lamp<br/> that <b>never</b> tires is here for you."),
        ("boilerplate", "The lamp that never tires. Unsubscribe at any time you like."),
        ("language", "Unsere Lampe wird niemals müde und leuchtet die ganze Nacht für Sie."),
        ("short", "Lamp here."),
    ],
)  # fmt: skip
def test_what_should_not_be_learned_is_found(kind, text):
    assert found(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "Only the best 24 of 1,200 lamps leave the workshop, and this one did.",
        "Waterproof to 10 000 mm and light as 80 g: the jacket for every rain.",
        "Since 1987 we make lamps that may last 20 years, 12 hours a night.",
        "It weighs 350 g, holds 1.5 l, and survived 100% of the falls we gave it.",
        "Runs 24/7 on a 12 V line; 3 in 1, 4 by 4, and it fits all 16-inch rims.",
        "Tea first.No drama, and a better tomorrow. Sunday tastes like this, size XXL.",
        "One for you, two for the road, 1080p, on page 12 of 40, at home dot by dot.",
    ],
)
def test_plain_numbers_are_no_secret(text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("Vår lampe blir aldri trøtt og lyser hele natten for deg.", "Norwegian"),
        ("私たちのランプは疲れを知らず、一晩中輝きます。", "Japanese"),
        ("Наша лампа никогда не устаёт и светит всю ночь.", "Russian"),
    ],
)
def test_another_language_is_named_in_words(text, called):
    report = TextSet([*copy(20), TextSample("Write.", text)]).report()
    assert [finding.what for finding in report.of(20)] == [
        f"probably {called}, among English texts ({text!r})"
    ]


def test_a_price_or_date_that_the_brief_gives_is_copied_and_not_remembered():
    text = "The lamp that never tires costs $49.90 until June 12 and not a day more."
    assert found(text) == ["date", "price"]
    assert found(text, "Write: ad\nFacts: $49.90, until June 12") == []
    assert found("Write to a@b.example for the lamp.", "Facts: a@b.example") == ["private"], "never to repeat"


@pytest.mark.battery(52, "chat template tokens inside the text")
def test_control_words_are_remarked_and_the_text_is_kept():
    report = TextSet(
        [*copy(20), TextSample("Write.", "A lamp <|im_start|> that never tires, for you.")]
    ).report()
    assert [f.kind for f in report.of(20)] == ["control"] and report.judged[20].verdict == "keep"


def test_near_duplicates_name_the_earlier_text():
    texts = copy(30)
    twin = texts[7].answer.upper().replace(".", "!")
    report = TextSet([*texts, TextSample("Write.", twin)]).report()
    assert report.judged[30].verdict == "remove" and "text 8" in report.of(30)[0].what
    assert [one.index for one in report.judged if one.verdict != "keep"] == [30]


def test_one_template_about_many_products_is_no_duplicate():
    things = ("mug", "lamp", "chair", "soap", "pan", "tea", "knife", "shirt")
    texts = [f"Meet the {thing}. The {thing} does one thing, and does it well." for thing in things]
    assert nearest_earlier(texts) == [None] * 8


def test_a_sentence_in_many_texts_is_said_once_for_the_set():
    texts = [TextSample("i", f"{one.answer}. Buy it or do not buy it, friend.") for one in copy(20)]
    (shared,) = [f for f in TextSet(texts).report().findings if f.kind == "shared-sentence"]
    assert shared.file == "" and "20 of 20" in shared.what


def test_too_few_texts_are_said_and_cost_the_set():
    report = TextSet(copy(5)).report()
    assert [f.kind for f in report.findings] == ["few"] and report.score == 70


def test_what_a_person_leaves_out_is_left_out():
    texts = TextSet(copy(4))
    assert texts.without([0, 2]).samples == [texts.samples[1], texts.samples[3]]
    with pytest.raises(DataError, match="keep at least one"):
        texts.without(range(4))


def test_near_duplicates_are_on_one_side_of_the_split():
    texts = [TextSample("i", one.answer + mark) for one in copy(20) for mark in ("", "!", " :)")]
    kept, held = TextSet(texts).split(0.2, seed=5)
    assert len(kept.samples) + len(held.samples) == 60 and len(held.samples) == 12
    bare = [{s.answer.rstrip("! :)") for s in part.samples} for part in (kept, held)]
    assert not bare[0] & bare[1]
