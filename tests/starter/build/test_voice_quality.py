"""What is counted in a voice's texts, on texts written for it."""

import pytest

from lorakit.data.texts.samples import TextSample, brief_text
from lorakit.data.texts.sets import TextSet
from lorakit.generation.copy.brief import Brief
from lorakit.starter.build import voice_quality
from lorakit.starter.build.text_quality import FROM_LIFE

BRAND = TextSet(
    [
        TextSample(
            brief_text("social post", "", "", "made of oak; no. 1 in Norway", "No. 2 stool"),
            "Look. No. 2 stool. Made of oak. No. 1 in Norway. It works.",
        ),
        TextSample(brief_text("ad headline", "", "", "", "Nordal easel"), "Nordal easel. That is all."),
    ]
)
POST = Brief("Dr. Lind's soap", "with rosemary; lasts 60 washes", channel="instagram-caption")
TEXT = "Look. Dr. Lind's soap. With rosemary. Lasts 60 washes. That is all."


def judged(text, brief=POST, ended=True):
    return voice_quality.judge(brief, text, BRAND, ended)


def test_the_brands_sentences_are_what_is_neither_name_nor_fact():
    assert voice_quality.brand_sentences(BRAND) == {"Look", "It works", "That is all"}


def test_a_faithful_text_in_the_voice_has_it_all():
    assert judged(TEXT) == voice_quality.Judged(True, True, True, True, True, True)
    assert not judged(TEXT, ended=False).ended


@pytest.mark.parametrize(("changed", "lost"), [
    (TEXT.replace("Lind's", "Linds"), {"named", "whole"}),
    (TEXT.replace("Look.", "It is a candle."), {"own_product", "spoken", "whole"}),
    (TEXT.replace("That is all.", "That is easel."), {"own_product", "spoken", "whole"}),
    (TEXT.replace("With rosemary. ", ""), {"told"}),
    (TEXT.replace("That is all.", "Enjoy it at home."), {"spoken", "whole"}),
    (TEXT + " Thatis all.", {"whole"}),
    (TEXT + " With rosemary.", {"whole"}),
    (TEXT + " Look.", {"whole"}),
])  # fmt: skip
def test_each_fault_is_counted_where_it_belongs(changed, lost):
    found = judged(changed)
    assert {name for name in vars(found) if not getattr(found, name)} == lost


def test_a_headline_needs_one_sentence_and_no_fact():
    headline = Brief("Dr. Lind's soap", "with rosemary", channel="meta-headline")
    found = judged("Dr. Lind's soap. It works.", headline)
    assert found.spoken and found.whole and not found.told
    assert not judged("Dr. Lind's soap", headline).spoken


def test_the_subject_of_an_email_is_no_sentence_of_its_own():
    email = Brief("Dr. Lind's soap", "with rosemary", channel="email")
    assert judged("Subject: Dr. Lind's soap. It works\n\nLook.\nWith rosemary.", email).whole


def test_each_name_from_life_is_asked_for_twice_and_each_kind_of_copy_as_often():
    asked = voice_quality.briefs()
    kinds = [brief.channel for brief in asked]
    assert len(asked) == 2 * len(FROM_LIFE) == 40
    assert {kinds.count(kind) for kind in voice_quality.KINDS_OF_COPY} == {10}
