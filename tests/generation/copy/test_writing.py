from types import SimpleNamespace

import pytest

from lorakit.errors import DataError
from lorakit.generation.copy.brief import FIELD_LIMITS
from lorakit.generation.copy.channels import (
    CHANNELS,
    EMOJI,
    channel,
    count,
    is_over,
    limit_of,
    shortened,
)
from lorakit.generation.copy.writing import Brief, respelled, write_copy

X, SMS, HEADLINE = channel("x-post"), channel("sms"), channel("google-headline")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text", 10),
        ("Ä – “quoted”", 12),
        ("日本", 4),
        ("look: https://shop.example.com/a/very/long/path?with=things now", 6 + 23 + 4),
        ("shop.com and mail@shop.com", 23 + 5 + 13),
        ("so good 🔥", 8 + 2),
        ("👩‍👩‍👧‍👦", 2),
        ("👍🏽🇳🇴1️⃣❤️", 8),
    ],
)
def test_x_counts_a_link_as_23_and_a_picture_as_2(text, expected):
    assert count(text, X) == expected, EMOJI.findall(text)


def test_a_message_with_one_foreign_character_holds_70():
    assert (count("a" * 160, SMS), limit_of("a" * 160, SMS)) == (160, 160)
    assert (count("5 €", SMS), limit_of("5 €", SMS)) == (4, 160)
    assert (count("好", SMS), limit_of("好", SMS)) == (1, 70)
    assert count("🔥", SMS) == 2
    assert is_over("好" + "a" * 70, SMS)


@pytest.mark.parametrize("row", CHANNELS, ids=lambda row: row.id)
@pytest.mark.parametrize("unit", ["word ", "Sätze, 日本. ", "🔥 €", "nospace", "https://a.com/x "])
def test_whatever_is_cut_fits_afterwards(row, unit):
    assert not is_over(shortened(unit * (row.limit // 2), row), row)


@pytest.mark.parametrize("field", sorted(FIELD_LIMITS))
def test_a_field_of_10000_characters_is_named(field):
    with pytest.raises(DataError, match=rf"brief: {field} has 10,000 characters"):
        Brief(**{"product": "Mug", field: "x" * 10_000})


def test_a_brief_without_a_product_or_with_an_unknown_channel_is_refused():
    with pytest.raises(DataError, match="product is empty"):
        Brief(" \x00\n ")
    with pytest.raises(DataError, match=r"'fax' does not exist; choose one of .*instagram-caption"):
        Brief("Mug", channel="fax")
    with pytest.raises(DataError, match="brief: facts must be text"):
        Brief("Mug", facts=3)  # type: ignore[arg-type]


def test_everything_that_is_wrong_with_a_brief_is_told_at_once():
    with pytest.raises(DataError) as told:
        Brief(" ", facts=3, tone="x" * 101, channel="fax")  # type: ignore[arg-type]
    problems = str(told.value).split(".\n")
    assert problems[:3] == [
        "brief: facts must be text", "tone has 101 characters; at most 100 are used, shorten it",
        "product is empty; say what the copy is for",
    ]  # fmt: skip
    assert problems[3].startswith("channel 'fax' does not exist; choose one of") and len(problems) == 4


def test_a_brief_reads_as_a_training_text_does():
    brief = Brief(
        "teapot", "holds 900 ml\nkeeps\t its heat\x07", "cooks", "email", "warm", "German", "Nordal"
    )
    assert brief.prompt().splitlines() == [
        "Write: email", "Tone: warm, in German", "For: cooks", "Facts: holds 900 ml; keeps its heat",
        "Product: Nordal teapot",
    ]  # fmt: skip
    assert Brief("Nordal pot", name="nordal").prompt().endswith("Product: Nordal pot")


class Family:
    """Answers from a list by seed; streams word by word."""

    def __init__(self, answers):
        self.answers, self.asked = answers, []

    def generate(self, base, messages, seeds, room, temperature, top_p, on_text=None):
        self.asked.append((list(seeds), messages[0][0]["content"]))
        texts = [self.answers.get(seed, "") for seed in seeds]
        for i, text in enumerate(texts):
            for word in text.split(" "):
                on_text(i, word + " ")
        return texts


def base_with(answers, demonstration=False):
    family = Family(answers)
    tokenizer = SimpleNamespace(all_special_tokens=["<copy>"], added_tokens_decoder={})
    settings = SimpleNamespace(demonstration=demonstration, max_tokens=512)
    return SimpleNamespace(kind=family, model=None, tokenizer=tokenizer, settings=settings), family


def test_variants_are_streamed_and_counted():
    base, _ = base_with({5: "One.", 6: "Two words."})
    heard = []
    copies = write_copy(base, {}, Brief("Mug"), 2, seed=5, on_text=lambda i, piece: heard.append((i, piece)))
    assert [(c.text, c.characters, c.fits) for c in copies] == [("One.", 4, True), ("Two words.", 10, True)]
    assert heard == [(0, "One. "), (1, "Two "), (1, "words. ")]


def test_a_text_over_its_limit_is_written_anew():
    base, family = base_with({0: "x " * 40, 1: "Short.", 1000: "Short now."})
    copies = write_copy(base, {}, Brief("Mug", channel="google-headline"), 2)
    assert [c.text for c in copies] == ["Short now.", "Short."]
    assert [asked[0] for asked in family.asked] == [[0, 1], [1000]]


def test_a_text_that_stays_too_long_is_shortened_and_says_so():
    base, _ = base_with(dict.fromkeys((0, 1000, 2000), "Mug for everyone who likes tea and more"))
    (only,) = write_copy(base, {}, Brief("Mug", channel="google-headline"), 1)
    assert (only.text, only.fits, only.note) == (
        "Mug for everyone who likes tea",
        True,
        "shortened from 39 characters",
    )


def test_the_same_text_twice_is_tried_again():
    base, _ = base_with({0: "Same.", 1: "Same.", 1001: "Other."})
    assert [c.text for c in write_copy(base, {}, Brief("Mug"), 2)] == ["Same.", "Other."]


def test_a_small_base_that_loses_the_name_writes_again_and_a_large_one_may_leave_it_out():
    answers = {0: "Drink well.", 1000: "Tea.", 2000: "Meet Norvela tea."}
    base, _ = base_with(answers, demonstration=True)
    assert write_copy(base, {}, Brief("Norvela tea"), 1)[0].text == "Meet Norvela tea."
    base, family = base_with(answers)
    assert write_copy(base, {}, Brief("Norvela tea"), 1)[0].text == "Drink well."
    assert len(family.asked) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Meet Norvla tea. Norvla tea is here.", "Meet Norvela tea. Norvela tea is here."),
        ("Subject: New: Nor Vela tea\n\nHello,", "Subject: New: Norvela tea\n\nHello,"),
        ("Say Norvela tea, not Norvla tea.", "Say Norvela tea, not Norvla tea."),
        ("Drink a normal tea. Or do not.", "Drink a normal tea. Or do not."),
        ("Nothing like it.", "Nothing like it."),
    ],
)
def test_a_name_that_is_nearly_right_is_put_right(text, expected):
    assert respelled(text, "Norvela tea") == expected


def test_nothing_written_is_said():
    base, _ = base_with({})
    (only,) = write_copy(base, {}, Brief("Mug"), 1)
    assert not only.fits and "another seed" in only.note


def test_stopping_gives_what_there_is():
    base, family = base_with({0: "One two three.", 1: "Four."})
    heard = []
    copies = write_copy(
        base, {}, Brief("Mug"), 2, on_text=lambda i, p: heard.append(p), should_stop=lambda: len(heard) == 2
    )
    assert heard == ["One ", "two "] and len(family.asked) == 1
    assert copies[0].text == "One two " and copies[0].note == "stopped"


def test_a_caption_says_what_is_seen_without_a_click():
    base, _ = base_with({0: "word " * 40})
    assert (
        write_copy(base, {}, Brief("Mug", channel="instagram-caption"), 1)[0].note
        == "the first 125 characters show at once"
    )


def test_a_message_keeps_to_the_small_alphabet_and_quotes_around_all_go():
    base, _ = base_with({0: "“It’s here – now”"})
    assert write_copy(base, {}, Brief("Mug", channel="sms"), 1)[0].text == "It's here - now"


def test_a_real_base_is_told_the_limit_and_its_thoughts_are_left_out():
    base, family = base_with({0: "<think>Hm.\nWell.</think>\nTea."})
    assert write_copy(base, {}, Brief("Mug", channel="sms"), 1)[0].text == "Tea."
    assert "At most 160 characters." in family.asked[0][1]


def test_control_tokens_in_a_brief_cannot_open_a_turn():
    base, family = base_with({0: "Hi."})
    write_copy(base, {}, Brief("Mug <copy>"), 1)
    assert "Product: Mug < copy>\n" in family.asked[0][1]


@pytest.mark.parametrize("variants", [0, 21])
def test_a_number_of_variants_out_of_range_is_refused(variants):
    with pytest.raises(DataError, match=f"variants is {variants}"):
        write_copy(None, {}, Brief("Mug"), variants)  # type: ignore[arg-type]


def test_the_copy_module_needs_no_torch():
    import subprocess
    import sys

    code = "import sys, lorakit.generation.copy.writing; print('torch' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "False"
    )
