"""Cuts of texts in many languages: the right ends are those a copywriter would choose, set here by hand."""

import pytest

from lorakit.generation.copy.channels import channel, cut_for, shortened
from lorakit.generation.copy.cutting import cut, dangles

HEADLINE = channel("google-headline")  # 30 characters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("This is a whole sentence. And then much more follows", "This is a whole sentence."),
        ("Approx. 900 ml of the best tea for you", "Approx. 900 ml of the best tea"),
        ("A mug for people who like the tea", "A mug for people"),
        ("A mug for everyone and for you", "A mug for everyone and for you"),
        ("Mug for everyone who likes tea and more", "Mug for everyone who likes tea"),
        ("Norvela kettle, made for all of us", "Norvela kettle"),
        ("Fernwood canvas tote: live a little better", "Fernwood canvas tote"),
        ("Warm tea? Yes please, all day long for you", "Warm tea? Yes please"),
        ("Big red teapot that always holds 900 ml", "Big red teapot"),
        ("Teapot of the year (holds 900 ml, warm)", "Teapot of the year"),
        ("The new “Best of Assam tea” is here", "The new “Best of Assam tea”"),
        ("Der neue „Bester Assam-Tee“ für dich", "Der neue „Bester Assam-Tee“"),
        ('Nordal 32" monitor stand for the desk', 'Nordal 32" monitor stand'),
        ("Best teapot #tea #warm #nordal #kitchen", "Best teapot #tea #warm #nordal"),
        ("Wasserdichte Regenjacke für lange Wanderungen", "Wasserdichte Regenjacke"),
        ("Wasserdichte Regenjacke mit der Kapuze", "Wasserdichte Regenjacke"),
        ("Der beste Schutz gegen Regen- und Windschäden", "Der beste Schutz"),
        ("Théière artisanale pour les amateurs de thé", "Théière artisanale"),
        ("Tetera artesanal de la casa de la montaña", "Tetera artesanal de la casa"),
        ("Il bollitore perfetto per la tua cucina", "Il bollitore perfetto"),
        ("Bule de chá feito à mão para as manhãs", "Bule de chá feito à mão"),
        ("Waterkoker met warmtebehoud voor de winter", "Waterkoker met warmtebehoud"),
        ("Czajnik ceramiczny do herbaty z termoizolacją", "Czajnik ceramiczny do herbaty"),
        ("Vattentät regnjacka för långa vandringar", "Vattentät regnjacka"),
        (
            "毎日のための温かいお茶をどうぞ、ゆっくりとお楽しみください。家族と",
            "毎日のための温かいお茶をどうぞ、ゆっくりとお楽しみください。",
        ),
        (
            "新しいティーポットができました。忙しい朝のための温かいお茶をどうぞ",
            "新しいティーポットができました。",
        ),
        (
            "一款为热爱生活的人设计的保温茶壶，让每一天都充满温暖和幸福的味道，送给您",
            "一款为热爱生活的人设计的保温茶壶",
        ),
        ("กาน้ำชาสำหรับคนรักชา เก็บความร้อนได้นานสองชั่วโมง", "กาน้ำชาสำหรับคนรักชา"),
        ("따뜻한 찻주전자, 두 시간 동안 따뜻하게 유지되는 물건입니다", "따뜻한 찻주전자"),
    ],
)  # fmt: skip
def test_a_cut_ends_where_a_phrase_does(text, expected):
    made = cut_for(text, HEADLINE)
    assert (made.text, made.whole) == (expected, True)
    assert shortened(text, HEADLINE) == expected


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("毎日のための特別なお茶", 7, "毎日"),
        ("家族と過ごす朝に、温かい紅茶を", 9, "家族と過ごす朝"),
        ("温热的茶，献给您", 7, "温热的茶"),
    ],
)  # fmt: skip
def test_a_cut_without_spaces_drops_the_particle_that_would_dangle(text, most, expected):
    assert cut(text, lambda part: len(part) <= most).text == expected


@pytest.mark.parametrize(
    "text",
    ["x" * 50, "Say „Bester Tee der ganzen Welt“ heute", "Extra starke wasserdichte Regenjacken",
     "一款保温茶壶让每一天都充满温暖和幸福的味道送给所有热爱生活的人们"],
)  # fmt: skip
def test_where_no_phrase_ends_that_is_said(text):
    assert not cut_for(text, HEADLINE).whole


def test_a_cut_that_leaves_little_says_so():
    made = cut_for("Ten words. And then there is much more to say here", HEADLINE)
    assert (made.text, made.whole, made.little) == ("Ten words.", True, True)
    assert not cut_for("This is a whole sentence. And then much more", HEADLINE).little


@pytest.mark.parametrize("unit", ["👨‍👩‍👧‍👦", "🇳🇴", "e\u0301", "👍🏽", "नि", "ก็"])
def test_no_grapheme_is_cut_in_two(unit):
    made = cut(unit * 20, lambda part: len(part) <= 31).text
    assert made and made == unit * (len(made) // len(unit))


@pytest.mark.parametrize(
    "text",
    ["Regenjacke für", "A mug for the", "Théière de la", "Tee und", "お茶のための", "温热的", "Tea (900 ml",
     "Schutz gegen Regen-", "He said “tea"],
)  # fmt: skip
def test_what_dangles_is_known(text):
    assert dangles(text)


@pytest.mark.parametrize(
    "text", ["Warm tea.", "Warm tea", "Tea “now”", "Warmer Tee (900 ml)", "お茶をどうぞ。", "Tea's"]
)
def test_what_is_whole_does_not_dangle(text):
    assert not dangles(text)
